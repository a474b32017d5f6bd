"""Embedding sets on the engine side: in and out, search, projections, words, structure."""
