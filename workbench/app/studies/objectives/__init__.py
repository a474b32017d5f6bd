"""A run for every objective under one budget, and the table they make."""
