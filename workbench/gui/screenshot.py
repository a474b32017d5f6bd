"""A picture of a page, rendered without a screen once everything on it has arrived."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QPixmap

from workbench.app.application import App
from workbench.core.errors import WorkbenchError, unknown
from workbench.gui.pages.base import Page
from workbench.gui.window import Window

LOG = logging.getLogger("workbench.gui")
LIMIT_S = 120.0
_START_MS = 600
"""The window looks for runs and starts its lab 300 ms after it came up."""
_TICK_MS = 50
_CALM_TICKS = 6


@dataclass(frozen=True)
class Shot:
    """What to render.

    size : width and height of the window, in pixels
    section : the part of the page that is brought up ("eyes" of the Views page); "" takes the first
    run_dir, embeddings : the run that is looked at and the set that is explored; None takes the workspace's own
    """

    page: str
    out: Path
    size: tuple[int, int]
    theme: str
    run_dir: Path | None = None
    embeddings: Path | None = None
    section: str = ""


def take(shot: Shot, limit_s: float = LIMIT_S) -> None:
    """Render a page into a PNG file; nothing of it is remembered in the workspace.

    Raises WorkbenchError for a folder that is no run or no embedding set, or a file that cannot be written.
    """
    app = App()
    app.settings = app.settings.replace(theme=shot.theme, page=shot.page)
    window: Window | None = None
    try:
        _look_at(app, shot)
        window = Window(app)
        window.resize(*shot.size)
        window.show()
        window.start()
        window.show_page(shot.page)
        _open_section(window, shot)
        _spin(_START_MS)
        if not wait_until_settled(window, limit_s):
            LOG.warning("The page was not finished after %.0f s; the picture shows it as it is.", limit_s)
        _save(window.grab(), shot.out)
    finally:
        _end(app, window)


def wait_until_settled(window: Window, limit_s: float = LIMIT_S) -> bool:
    """Let the window work until the page it shows has all it asked for; whether that came within the limit."""
    deadline = time.monotonic() + limit_s
    calm = 0
    while calm < _CALM_TICKS and time.monotonic() < deadline:
        _spin(_TICK_MS)
        page = window.stack.currentWidget()
        quiet = _background_is_empty(window, deadline) and not window.app.quick_lab.busy
        calm = calm + 1 if quiet and isinstance(page, Page) and page.settled() else 0
    return calm >= _CALM_TICKS


def _background_is_empty(window: Window, deadline: float) -> bool:
    """Work is done one after the other: when a mark comes through, all that went before it is done."""
    through: list[None] = []
    window.app.background.run(lambda: None, through.append, window.app.fail)
    while not through and time.monotonic() < deadline:
        _spin(10)
        window.app.poll()
    return bool(through)


def _spin(duration_ms: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(duration_ms, loop.quit)
    loop.exec()


def _look_at(app: App, shot: Shot) -> None:
    if shot.run_dir is not None:
        app.current = app.supervisor.attach(app.existing_run(shot.run_dir))
    if shot.embeddings is not None:
        if not (shot.embeddings / "vectors.npy").is_file():
            raise WorkbenchError(f"{shot.embeddings} is not an embedding set: it has no vectors.npy.")
        app.select(shot.embeddings.resolve(), None)


def _open_section(window: Window, shot: Shot) -> None:
    page = window.pages[shot.page]
    if shot.section and shot.section not in page.sections():
        raise WorkbenchError(unknown(f"section of the page {shot.page}", shot.section, page.sections()))
    page.open_section(shot.section)


def _save(picture: QPixmap, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not picture.save(str(path), "PNG"):
        raise WorkbenchError(f"The picture {path} could not be written.", "Is the folder writable, the disk full?")


def _end(app: App, window: Window | None) -> None:
    """Stop everything without saving settings or session: a picture is no session."""
    if window is not None:
        window.bridge.stop()
        window.log_feed.close()
        window.hide()
        window.deleteLater()
    app.background.close()
    app.quick_lab.close()
    app.long_lab.close()
    app.supervisor.close()
