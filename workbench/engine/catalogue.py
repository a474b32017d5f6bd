"""The catalogue that the engine checks recipes against: the built-in one and the enabled plugins'."""

from __future__ import annotations

from workbench.plugins.catalogue import Catalogue, builtin_catalogue


def full_catalogue() -> Catalogue:
    """Everything that a recipe may name on this machine."""
    return builtin_catalogue()
