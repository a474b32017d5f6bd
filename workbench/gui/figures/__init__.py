"""Figures that show an objective at work: painted, pointed at, saved."""
