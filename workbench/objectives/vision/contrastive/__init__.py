"""Objectives that tell views of one sample from views of others."""
