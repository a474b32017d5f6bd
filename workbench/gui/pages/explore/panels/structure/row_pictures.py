"""The pictures of rows, read off the window's thread and kept by the sample that they show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.widgets.thumbnails import to_image

MOST_KEPT, MOST_AT_ONCE = 2_000, 128
LARGEST_PX = 96


class RowPictures(QObject):
    """Pictures are named by the sample's row in the set and by nothing else: no sorting can give one to another.

    Signals
    -------
    arrived() : pictures that were asked for are there
    """

    arrived = Signal()

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._kept: dict[int, QImage] = {}
        self._wanted: dict[int, None] = {}
        self._asked: frozenset[int] = frozenset()
        self._ask_soon = QTimer(self, singleShot=True, interval=0)
        self._ask_soon.timeout.connect(self._ask)

    @property
    def busy(self) -> bool:
        """Whether pictures are still to come."""
        return bool(self._wanted or self._asked)

    def clear(self) -> None:
        """Another set is open."""
        self._kept.clear()
        self._wanted.clear()
        self._asked = frozenset()

    def image(self, row: int) -> QImage | None:
        """The picture of a sample; None while it is on its way."""
        found = self._kept.get(row)
        if found is None and row not in self._asked:
            self._wanted[row] = None
            self._ask_soon.start()
        return found

    def _ask(self) -> None:
        """Read what was wanted last: rows that were scrolled past need no picture."""
        opened = self._desk.opened
        thumbnails = None if opened is None else opened.stored.thumbnails
        if thumbnails is None or self._asked or not self._wanted:
            return
        rows = sorted(list(self._wanted)[-MOST_AT_ONCE:])
        self._wanted.clear()
        self._asked = frozenset(rows)
        self._desk.work(lambda: np.asarray(thumbnails[rows]), lambda found: self._take(rows, found), self._fail)

    def _fail(self, error: WorkbenchError) -> None:
        self._asked = frozenset()
        self._desk.app.fail(error)

    def _take(self, rows: list[int], pictures: NDArray[np.uint8]) -> None:
        if self._asked != frozenset(rows):
            return
        self._asked = frozenset()
        for row, pixels in zip(rows, pictures, strict=True):
            self._kept[row] = _small(to_image(pixels))
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self.arrived.emit()
        if self._wanted:
            self._ask_soon.start()


def _small(image: QImage) -> QImage:
    """No larger than a row on a dense screen needs it: two thousand are kept."""
    if max(image.width(), image.height()) <= LARGEST_PX:
        return image
    ways = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(LARGEST_PX, LARGEST_PX, *ways)
