"""Curves of several runs over each other, drawn from every sample."""
