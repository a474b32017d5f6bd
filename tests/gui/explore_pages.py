"""Explore pages of tests: opened on stored sets, settled before anything is asked, and closed without a rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.gui.pages.explore.page import ExplorePage

WAIT_MS = 60_000
HIGH_PX = 700
OpenPage = Callable[..., ExplorePage]


@contextmanager
def explore_pages(desk, qtbot, *, inspector: bool = True) -> Iterator[OpenPage]:
    """Gives `opened(folder, high_px)`: a page of its own, with or without its inspector, on the set in a folder."""
    made: list[ExplorePage] = []

    def opened(folder: Path, high_px: int = HIGH_PX) -> ExplorePage:
        page = ExplorePage(desk)
        made.append(page)
        page.resize(920, high_px)
        page.show()
        if inspector:
            page.details.resize(300, 900)
            page.details.show()
        page.open_path(folder)
        qtbot.waitUntil(lambda: page.desk.opened is not None and page.desk.opened.folder == folder, timeout=WAIT_MS)
        settle(qtbot, page)
        return page

    yield opened
    for page in made:
        settle(qtbot, page)
        for widget in (page, page.details):
            widget.close()
            widget.deleteLater()


def settle(qtbot, page) -> None:
    """Wait until nothing is under way; a change is told one turn of the event loop later."""
    qtbot.wait(30)
    qtbot.waitUntil(page.settled, timeout=WAIT_MS)
    qtbot.wait(30)
