"""Objectives that learn from a teacher or from each other's outputs, without negatives."""
