"""Data sets, importers and decoded caches (engine side)."""
