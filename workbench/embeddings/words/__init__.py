"""Arithmetic of words: sums, analogies, planes of meaning and the benchmark files that score them."""
