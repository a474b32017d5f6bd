"""Two maps side by side, and the points whose neighbourhoods differ most between them."""
