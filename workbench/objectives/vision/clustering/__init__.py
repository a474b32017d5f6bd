"""Objectives that group pictures and predict the groups."""
