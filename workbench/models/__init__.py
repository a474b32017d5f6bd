"""Backbones and heads (engine side)."""
