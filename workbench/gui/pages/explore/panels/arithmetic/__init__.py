"""What can be reckoned with vectors: analogies, sums, planes of pairs, meaning axes, and benchmarks of words."""
