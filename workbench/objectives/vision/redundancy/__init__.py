"""Objectives that keep the dimensions of an embedding spread and independent."""
