"""Pairs of words as arrows on the plane of their principal components."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPlainTextEdit, QVBoxLayout

from workbench.app.explorer.sums import Term, name_of_row, parse_sum
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.arithmetic.plane_view import PlaneView
from workbench.gui.pages.explore.panels.arithmetic.presets import PRESETS, Pair, known_pairs
from workbench.gui.pages.explore.panels.arithmetic.tool import Tool, has_words
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import push_button

_SIDE_PX = 220
_WORDS = "Write a pair a line, or choose one of the lists. Pairs of one relation give parallel arrows."
_PICTURES = "Write a pair of rows a line, such as #4 #27. Pairs of one relation give parallel arrows."


class PairsTool(Tool):
    """The pairs at the left, the figure at the right."""

    title, tip = "Pairs", "Pairs of words as arrows, such as countries and their capitals"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.presets = QComboBox()
        self.presets.setAccessibleName("Lists of pairs")
        self.presets.addItem("Choose a list…")
        self.presets.addItems(list(PRESETS))
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Pairs, one a line")
        self.text.setTabChangesFocus(True)
        self.draw_button = push_button("Draw", "primary", tip="Draw the pairs as arrows")
        self.plane = PlaneView(desk, "Pairs of words")
        self.presets.activated.connect(lambda _: self.choose(self.presets.currentText()))
        self.draw_button.clicked.connect(self.draw)
        self.text.textChanged.connect(lambda: self.draw_button.setEnabled(bool(self.text.toPlainText().strip())))
        self.plane.chosen.connect(lambda row: desk.look_at(row, fly=True))
        self._lay_out()

    def _lay_out(self) -> None:
        self.presets.setFixedWidth(_SIDE_PX)
        self.text.setFixedWidth(_SIDE_PX)
        side = QVBoxLayout()
        side.setSpacing(SPACE_S)
        side.addWidget(self.presets)
        side.addWidget(self.text, 1)
        side.addWidget(self.draw_button)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_M)
        line.addLayout(side)
        line.addWidget(self.plane, 1)

    def show_set(self) -> None:
        words = has_words(self.desk)
        self.presets.setVisible(words)
        self.presets.setCurrentIndex(0)
        self.text.setPlainText("")
        self.text.setPlaceholderText("france paris\njapan tokyo" if words else "#4 #27\n#8 #31")
        self.draw_button.setEnabled(False)
        self.plane.say(_WORDS if words else _PICTURES)

    def retheme(self) -> None:
        self.plane.retheme()

    def choose(self, title: str) -> None:
        """Write down those pairs of a list that the set has, and draw them."""
        opened, pairs = self.desk.opened, PRESETS.get(title)
        if opened is None or pairs is None:
            return
        is_newest = self.plane.begin()

        def found(known: list[Pair]) -> None:
            if is_newest():
                self._take(known, len(pairs))

        self.desk.work(partial(known_pairs, opened.stored.samples, pairs), found)

    def _take(self, known: list[Pair], wanted: int) -> None:
        self.text.setPlainText("\n".join(" ".join(name_of_row(0, word) for word in pair) for pair in known))
        if known:
            self.draw()
        else:
            self.plane.say(f"This set has none of these {wanted} pairs. Write pairs of its own words.")

    def draw(self) -> None:
        """Ask where the pairs lie."""
        try:
            pairs = pairs_in(self.text.toPlainText())
        except WorkbenchError as error:
            self.plane.fail(error)
            return
        self.plane.ask("pair_plane", {"pairs": pairs}, self._show)

    def _show(self, result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        names = [name for pair in result["names"] for name in pair]
        rows, first, places = np.unique(arrays["rows"], return_index=True, return_inverse=True)
        shares = [f"PC {at + 1} ({share:.0%})" for at, share in enumerate(result["explained"])]
        self.plane.show_points(
            plane_words(len(arrays["rows"]), result["agreement"]),
            [names[at] for at in first],
            rows,
            arrays["xy"].reshape(-1, 2)[first],
            (shares[0], shares[1]),
            places.reshape(-1, 2),
        )


def pairs_in(text: str) -> list[list[Term]]:
    """Two points a line; empty lines are left out. Raises WorkbenchError naming a line that has not two."""
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        terms = parse_sum(line)
        if terms and len(terms) != 2:
            raise WorkbenchError(
                f"Line {number} names {len(terms)} points: {line.strip()!r}.", "Write two, separated by a space."
            )
        if terms:
            pairs.append(terms)
    return pairs


def plane_words(count: int, agreement: float | None) -> str:
    """`15 pairs. Mean cosine between their arrows: 0.62; 1 is parallel.`"""
    if agreement is None:
        return "1 pair. With more it is said how parallel their arrows are."
    value = f"{agreement:z.2f}".replace("-", "\N{MINUS SIGN}")
    return f"{count:,} pairs. Mean cosine between their arrows: {value}; 1 is parallel."
