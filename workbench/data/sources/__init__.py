"""One data set, or one way to read the user's own, a file."""
