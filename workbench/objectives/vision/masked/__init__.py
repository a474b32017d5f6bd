"""Objectives that paint what was hidden of a picture."""
