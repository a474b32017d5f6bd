"""Neighbours and projections of embedding sets (engine side)."""
