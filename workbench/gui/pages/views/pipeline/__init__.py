"""The left half of the Views page: the pipeline as an ordered list of cards."""
