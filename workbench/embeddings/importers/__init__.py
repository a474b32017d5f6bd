"""Vectors made elsewhere become embedding sets: one file a family of formats, listed in `table` (engine side)."""
