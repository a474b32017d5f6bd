"""The pages of the window, in the order of the navigation."""

from __future__ import annotations

import importlib
import importlib.util

from workbench.gui.pages.base import Page

_NAMES = ("data", "views", "objective", "train", "explore")
PAGES: tuple[type[Page], ...] = tuple(
    getattr(importlib.import_module(f"workbench.gui.pages.{name}_page"), f"{name.capitalize()}Page")
    for name in _NAMES
    if importlib.util.find_spec(f"workbench.gui.pages.{name}_page")
)

_CHIP_PAGES = {
    "data": "data", "views": "views", "objective": "objective", "backbone": "objective", "training": "objective",
}


def page_of_chip(chip: str) -> str:
    """The page that a chip of the recipe bar is a door to."""
    return _CHIP_PAGES[chip]
