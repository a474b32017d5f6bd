"""Cards in as many columns as the width allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.gui.theme.tokens import SPACE_L, SPACE_M

Placement = Sequence[Sequence[int]]


class CardColumns(QScrollArea):
    """Cards that scroll together, laid out anew when the width crosses a limit.

    Parameters
    ----------
    cards : the cards
    placements : smallest width in pixels -> which cards stand in which column; needs one for 0
    """

    def __init__(self, cards: Sequence[QWidget], placements: Mapping[int, Placement]) -> None:
        super().__init__()
        self._cards, self._placements = cards, placements
        self._placed: Placement | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, SPACE_M, SPACE_L)
        self._row.setSpacing(SPACE_M)
        self._columns = [_Column() for _ in range(max(len(placement) for placement in placements.values()))]
        for column in self._columns:
            self._row.addWidget(column, 1)
        self.setWidget(inside)
        self._place(placements[0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place(self._placements[max(least for least in self._placements if least <= self.width())])

    def _place(self, placement: Placement) -> None:
        if placement is self._placed:
            return
        self._placed = placement
        for number, column in enumerate(self._columns):
            numbers = placement[number] if number < len(placement) else ()
            column.set_cards([self._cards[card] for card in numbers])
            self._row.setStretch(number, 1 if numbers else 0)


class _Column(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._cards: Sequence[QWidget] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACE_M)
        self._layout.addStretch(1)

    def set_cards(self, cards: Sequence[QWidget]) -> None:
        for card in self._cards:
            self._layout.removeWidget(card)  # items from takeAt live on, and their widgets' heights are never renewed
        for number, card in enumerate(cards):
            self._layout.insertWidget(number, card)
        self._cards = cards
        self.setVisible(bool(cards))
