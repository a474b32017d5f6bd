"""The colours of categories, everywhere: map, curves, figures, exported pages."""

# Found by exchange search over an sRGB lattice: the largest smallest Oklab distance over normal, protan, deutan and
# tritan vision, with a contrast of at least 1.75 to white and 2.6 to a near-black. Ordered farthest first.
CATEGORICAL_10 = (
    "#3c78d2", "#a5d200", "#964b00", "#d21ea5", "#4bd2ff",
    "#1e6969", "#f0b4a5", "#96961e", "#9696ff", "#d27896",
)  # fmt: skip
