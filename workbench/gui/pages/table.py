"""The pages of the window, in the order of the navigation."""

from __future__ import annotations

from workbench.gui.pages.base import Page
from workbench.gui.pages.data.page import DataPage
from workbench.gui.pages.explore.page import ExplorePage
from workbench.gui.pages.objective.page import ObjectivePage
from workbench.gui.pages.train.page import TrainPage
from workbench.gui.pages.views.page import ViewsPage

PAGES: tuple[type[Page], ...] = (DataPage, ViewsPage, ObjectivePage, TrainPage, ExplorePage)

_CHIP_PAGES = {
    "data": "data",
    "views": "views",
    "objective": "objective",
    "backbone": "objective",
    "training": "objective",
}


def page_of_chip(chip: str) -> str:
    """The page that a chip of the recipe bar is a door to."""
    return _CHIP_PAGES[chip]
