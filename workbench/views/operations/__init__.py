"""One view operation a file: its spec, its settings, and how its random parameters are drawn for a whole batch."""
