"""The Explore page: the map of an embedding, its legend, search, and what is near a sample."""
