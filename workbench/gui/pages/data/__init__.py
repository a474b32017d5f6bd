"""The Data page: the catalogue of data sets, and the one that is chosen."""
