"""Objectives that use labels: what self-supervision is compared with."""
