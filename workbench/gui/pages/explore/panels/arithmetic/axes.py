"""Many words between the poles of two meanings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from workbench.app.explorer.explorer import Changed
from workbench.app.explorer.sums import parse_sum
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.arithmetic.plane_view import PlaneView
from workbench.gui.pages.explore.panels.arithmetic.tool import Tool, has_words
from workbench.gui.pages.explore.term_field import PointField, written_name
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import label, push_button

MOST_SELECTED = 200
_SIDE_PX = 300
_POLES = ("from", "to")
_WORDS = "Name the poles of two axes, such as man and woman, poor and rich, and the words to place between them."
_PICTURES = "Take two pictures as the poles of each axis, select others on the map, and place them between the poles."


class AxesTool(Tool):
    """The poles and the words at the left, the figure at the right."""

    title, tip = "Meaning axes", "Many words on two axes, each from one meaning to another"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.poles = {(axis, end): PointField(desk, f"{axis}, {end}", end) for axis in ("x", "y") for end in _POLES}
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Words to place")
        self.text.setTabChangesFocus(True)
        self.selection_button = push_button(
            "Add selection", "", tip=f"Add the selected samples, {MOST_SELECTED} at most"
        )
        self.place_button = push_button("Place", "primary", tip="Place the words on the axes")
        self.plane = PlaneView(desk, "Meaning axes")
        for pole in self.poles.values():
            pole.changed.connect(self._enable)
            pole.entered.connect(self.place)
        self.text.textChanged.connect(self._enable)
        self.selection_button.clicked.connect(self._add_selection)
        self.place_button.clicked.connect(self.place)
        self.plane.chosen.connect(lambda row: desk.look_at(row, fly=True))
        self._lay_out()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(SPACE_XS)
        for row, axis in enumerate(("x", "y")):
            grid.addWidget(label(axis, "muted"), row, 0)
            for column, end in enumerate(_POLES):
                grid.addWidget(self.poles[axis, end], row, column + 1)
                grid.setColumnStretch(column + 1, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_S)
        buttons.addWidget(self.selection_button, 1)
        buttons.addWidget(self.place_button, 1)
        body = QWidget()
        body.setFixedWidth(_SIDE_PX)
        side = QVBoxLayout(body)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(SPACE_S)
        side.addLayout(grid)
        side.addWidget(self.text, 1)
        side.addLayout(buttons)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_M)
        line.addWidget(body)
        line.addWidget(self.plane, 1)

    def show_set(self) -> None:
        words = has_words(self.desk)
        for pole in self.poles.values():
            pole.set_text("")
        self.text.setPlainText("")
        self.text.setPlaceholderText("nurse doctor banker maid" if words else "#4 #27 #31")
        self.plane.say(_WORDS if words else _PICTURES)
        self.follow(frozenset({"focus", "selection"}))
        self._enable()

    def follow(self, changed: Changed) -> None:
        if "focus" in changed:
            for pole in self.poles.values():
                pole.follow_focus()
        if "selection" in changed:
            explorer = self.desk.explorer
            self.selection_button.setEnabled(explorer is not None and explorer.state.selection.count > 0)

    def retheme(self) -> None:
        self.plane.retheme()

    def place(self) -> None:
        """Ask where the words lie, where all poles and a word are named."""
        poles = {key: pole.term() for key, pole in self.poles.items()}
        try:
            words = parse_sum(self.text.toPlainText())
        except WorkbenchError as error:
            self.plane.fail(error)
            return
        if None in poles.values() or not words:
            return
        axes = {axis: [poles[axis, end] for end in _POLES] for axis in ("x", "y")}
        self.plane.ask("meaning_axes", {"words": words, **axes}, self._show)

    def _show(self, result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        rows, first = np.unique(arrays["rows"], return_index=True)
        names = [result["names"][at] for at in first]
        self.plane.show_points(
            axes_words(len(rows), float(result["shared"])),
            names,
            rows,
            arrays["xy"][first],
            (result["axes"][0], result["axes"][1]),
            numbers=True,
        )

    def _add_selection(self) -> None:
        explorer = self.desk.explorer
        if explorer is not None:
            names = [written_name(self.desk, int(row)) for row in explorer.selected_rows[:MOST_SELECTED]]
            self.text.setPlainText(" ".join([self.text.toPlainText().strip(), *names]).strip())

    def _enable(self) -> None:
        named = all(pole.term() is not None for pole in self.poles.values())
        self.place_button.setEnabled(named and bool(self.text.toPlainText().strip()))


def axes_words(count: int, shared: float) -> str:
    """How many words there are, and whether the axes measure different things."""
    value = f"{shared:z.2f}".replace("-", "\N{MINUS SIGN}")
    points = "1 word" if count == 1 else f"{count:,} words"
    return f"{points}. Cosine between the axes: {value}; 0 is independent."
