"""How many neighbours or candidates are asked for."""

from __future__ import annotations

from PySide6.QtCore import Signal

from workbench.app.explorer.state import MOST_NEIGHBOURS
from workbench.gui.forms.number_box import NumberBox
from workbench.gui.forms.schema import FieldSpec

_WIDTH_PX = 68


class CountBox(NumberBox):
    """A whole number from 1 to 1,000; what is typed beyond is taken for the nearer end.

    Signals
    -------
    chosen(count) : another number was set by the user
    """

    chosen = Signal(object)

    def __init__(self, name: str, count: int) -> None:
        super().__init__(FieldSpec("count", "number", name, lower=1, upper=MOST_NEIGHBOURS, integral=True))
        self._count = count
        self.setAccessibleName(name)
        self.setToolTip(f"{name}, 1 to {MOST_NEIGHBOURS:,}")
        self.setFixedWidth(_WIDTH_PX)
        self.set_value(count)
        self.committed.connect(self._take)

    @property
    def count(self) -> int:
        return self._count

    def set_count(self, count: int) -> None:
        """Show another number, without a signal."""
        self._count = count
        self.set_value(count)

    def _take(self, typed: float | None) -> None:
        count = min(max(round(typed or 1), 1), MOST_NEIGHBOURS)
        self.set_value(count)
        if count != self._count:
            self._count = count
            self.chosen.emit(count)
