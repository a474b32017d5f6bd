"""Pictures of points, read and scaled away from the window's thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from workbench.app.background import Background
from workbench.core.errors import WorkbenchError
from workbench.gui.widgets.thumbnails import to_image

PictureSource = Callable[[NDArray[np.int64]], Mapping[int, QImage]]
"""The pictures of rows by row, without those that have none. Called on another thread."""

_BATCH = 64
_POLL_MS = 10
_KEPT = 1_600


class PictureLoader(QObject):
    """Keeps the pictures shown last, and reads those that are wanted, a batch at a time.

    Signals
    -------
    arrived() : more pictures can be had
    failed(str) : pictures could not be read, with the reason
    """

    arrived = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background()
        self._source: PictureSource | None = None
        self._generation = 0
        self._kept: OrderedDict[int, tuple[int, QImage | None]] = OrderedDict()
        self._wanted: list[int] = []
        self._side_px = 0
        self._reading = False
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._background.poll)

    def set_source(self, source: PictureSource | None) -> None:
        """Read from here from now on; what is on its way from elsewhere is dropped."""
        self._source = source
        self._generation += 1
        self._kept.clear()
        self._wanted = []

    def get(self, row: int) -> QImage | None:
        """A picture that is here; it may have been scaled for another size."""
        found = self._kept.get(row)
        if found is None:
            return None
        self._kept.move_to_end(row)
        return found[1]

    def has_none(self, row: int) -> bool:
        """Whether it is known that a row has no picture."""
        return row in self._kept and self._kept[row][1] is None

    def want(self, rows: Iterable[int], side_px: int) -> None:
        """Have the pictures of these rows read, none longer than `side_px` device pixels; earlier wishes lapse."""
        self._wanted, self._side_px = list(rows), side_px
        self._read_on()

    def close(self) -> None:
        """Wait for what is being read, and read no more."""
        self._timer.stop()
        self._source = None
        self._background.close()

    def _read_on(self) -> None:
        source, side_px, generation = self._source, self._side_px, self._generation
        if self._reading or source is None:
            return
        rows = [row for row in self._wanted if self._must_read(row)][:_BATCH]
        if not rows:
            self._timer.stop()
            return
        self._reading = True
        self._timer.start()
        self._background.run(
            lambda: read(source, rows, side_px),
            lambda pictures: self._take(generation, side_px, rows, pictures),
            lambda error: self._give_up(generation, side_px, rows, error),
        )

    def _must_read(self, row: int) -> bool:
        known = self._kept.get(row)
        return known is None or (known[1] is not None and known[0] != self._side_px)

    def _take(self, generation: int, side_px: int, rows: list[int], pictures: Mapping[int, QImage]) -> None:
        self._reading = False
        if generation == self._generation:
            for row in rows:
                self._kept[row] = side_px, pictures.get(row)
                self._kept.move_to_end(row)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            self.arrived.emit()
        self._read_on()

    def _give_up(self, generation: int, side_px: int, rows: list[int], error: WorkbenchError) -> None:
        """What could not be read is not asked for again and again."""
        self._take(generation, side_px, rows, {})
        if generation == self._generation:
            self.failed.emit(str(error))


def read(source: PictureSource, rows: list[int], side_px: int) -> dict[int, QImage]:
    """The pictures of rows, scaled to a longest side: smooth when reduced, sharp pixels when enlarged."""
    whole = QSize(side_px, side_px)
    result: dict[int, QImage] = {}
    for row, image in source(np.array(rows, np.int64)).items():
        if not image.isNull():
            reduced = max(image.width(), image.height()) > side_px
            how = Qt.TransformationMode.SmoothTransformation if reduced else Qt.TransformationMode.FastTransformation
            result[int(row)] = image.scaled(whole, Qt.AspectRatioMode.KeepAspectRatio, how)
    return result


def pictures_of(thumbnails: NDArray[np.uint8]) -> PictureSource:
    """The pictures of an array (N, h, w, 3) or (N, h, w), as a set keeps them on the disk."""

    def source(rows: NDArray[np.int64]) -> dict[int, QImage]:
        known = rows[(rows >= 0) & (rows < len(thumbnails))]
        return {int(row): to_image(np.asarray(thumbnails[row])) for row in known}

    return source
