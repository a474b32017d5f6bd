"""Objectives that predict something the view pipeline did to the picture."""
