"""A run for every pair of distortions, and the heat map they make."""
