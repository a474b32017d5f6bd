"""Self-supervised objectives, one a file (engine side)."""
