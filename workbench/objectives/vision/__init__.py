"""Objectives for pictures, a folder for each family."""
