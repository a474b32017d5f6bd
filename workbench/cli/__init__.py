"""The command line: the same services as the window, on a terminal."""
