"""The selected samples, or all shown ones, as a table."""
