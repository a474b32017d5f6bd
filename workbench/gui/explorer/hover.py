"""Which point lies under the mouse, tested no more often than every 50 ms."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF, QTimer, Signal

HIT_TEST_EVERY_MS = 50


class HoverTracker(QObject):
    """Follows the cursor.

    Signals
    -------
    changed(object) : the point under the cursor is another one, or None

    Parameters
    ----------
    pick : the point at a pixel
    """

    changed = Signal(object)

    def __init__(self, pick: Callable[[QPointF], int | None], parent: QObject) -> None:
        super().__init__(parent)
        self._pick = pick
        self._row: int | None = None
        self._cursor: QPointF | None = None
        self._must_test = False
        self._timer = QTimer(self, singleShot=True, interval=HIT_TEST_EVERY_MS)
        self._timer.timeout.connect(self._test_again)

    @property
    def row(self) -> int | None:
        return self._row

    def move_to(self, at: QPointF) -> None:
        """The cursor is here now."""
        self._cursor = at
        self.test()

    def rest(self, at: QPointF | None) -> None:
        """The cursor is here, or nowhere, and nothing is to be looked up now."""
        self._cursor = at

    def leave(self) -> None:
        """The cursor has left the map."""
        self._cursor = None
        self._timer.stop()
        self.put(None)

    def put(self, row: int | None) -> None:
        """Take a point for the hovered one."""
        if row != self._row:
            self._row = row
            self.changed.emit(row)

    def test(self) -> None:
        """Test now, and at the end of every 50 ms in which the cursor or the view moved."""
        if self._cursor is None:
            return
        if self._timer.isActive():
            self._must_test = True
        else:
            self.put(self._pick(self._cursor))
            self._timer.start()

    def _test_again(self) -> None:
        if self._must_test:
            self._must_test = False
            self.test()
