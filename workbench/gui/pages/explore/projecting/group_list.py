"""A setting that holds groups of points: the selection and saved selections are added to it, one below the other."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from workbench.core.units import points_words
from workbench.gui.forms.schema import FieldSpec
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.selecting import saved_of
from workbench.gui.theme.tokens import SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, icon_button, label, push_button
from workbench.runs.point_groups import group_name, group_size, group_text, group_texts

MOST_GROUPED = 20_000
"""Of a larger group as many points are taken, evenly among them: the settings of a layout stay small."""


class GroupList(QWidget):
    """The groups, each with its size and a button that takes it away, and buttons that add others.

    Attributes
    ----------
    groups : each group in words
    shown : a line for each

    Signals
    -------
    edited((name, text)) : the setting's name, and its value
    """

    edited = Signal(object)

    def __init__(self, desk: Desk, spec: FieldSpec) -> None:
        super().__init__()
        self._desk, self.spec = desk, spec
        self.groups: list[str] = []
        self.shown: list[QWidget] = []
        title = label(spec.title, "strong")
        title.setToolTip(spec.description)
        self.take = push_button("Add selected", "link", "target")
        self.take.clicked.connect(self.take_selected)
        self.saved = push_button("Add saved", "link", "save")
        self.saved_menu = QMenu(self.saved)
        self.saved.setMenu(self.saved_menu)
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.saved)
        head.addWidget(self.take)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_XS)
        column.addLayout(head)
        column.addLayout(self._lines)

    def set_value(self, text: str) -> None:
        """Show a value, without a signal."""
        self.groups = group_texts(text)
        for line in self.shown:
            line.hide()
            line.setParent(None)
            line.deleteLater()
        none = label("None: the classes of the column are told apart", "muted", wrap=True)
        self.shown = [self._line(number, group) for number, group in enumerate(self.groups)] or [none]
        for line in self.shown:
            self._lines.addWidget(line)

    def show_selected(self) -> None:
        """Say how many points the button would add, and which selections are saved."""
        explorer = self._desk.explorer
        count = 0 if explorer is None else explorer.state.selection.count
        self.take.setEnabled(count > 0)
        self.take.setText(f"Add {count:,} selected" if count else "Add selected")
        some = f"Takes {MOST_GROUPED:,} of the selected points, evenly among them" if count > MOST_GROUPED else ""
        self.take.setToolTip(some if count else "Select points on the map first")
        self._fill_saved()

    def take_selected(self) -> None:
        """Add the selected points as a group."""
        explorer = self._desk.explorer
        if explorer is not None and explorer.state.selection.count:
            self._add(f"group {self._free_number()}", explorer.selected_rows)

    def _fill_saved(self) -> None:
        self.saved_menu.clear()
        saved = saved_of(self._desk)
        entries = () if saved is None else saved.entries()
        for entry in entries:
            action = self.saved_menu.addAction(f"{entry.name}  ({entry.count:,})".replace("&", "&&"))
            action.triggered.connect(self._taker(entry.name))
        self.saved.setVisible(bool(entries))

    def _taker(self, name: str) -> Callable[[], None]:
        def take() -> None:
            saved = saved_of(self._desk)
            if saved is not None:
                self._add(name, saved.recall(name).points.rows)

        return take

    def _add(self, name: str, rows: NDArray[np.int64]) -> None:
        if len(rows) > MOST_GROUPED:
            rows = rows[np.linspace(0, len(rows) - 1, MOST_GROUPED).round().astype(np.int64)]
        self._change([*self.groups, group_text(name, rows)])

    def _free_number(self) -> int:
        taken = {int(found[1]) for text in self.groups if (found := re.fullmatch(r"group (\d+)", group_name(text)))}
        return next(number for number in range(1, len(taken) + 2) if number not in taken)

    def _line(self, number: int, text: str) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        size = group_size(text)
        name = group_name(text) or f"group {number + 1}"
        row.addWidget(ElidedLabel(f"{name}  ·  {points_words(size)}"), 1)
        away = icon_button("close", f"Leave out {name}")
        away.clicked.connect(lambda: self._change([*self.groups[:number], *self.groups[number + 1 :]]))
        row.addWidget(away)
        return line

    def _change(self, groups: list[str]) -> None:
        text = "; ".join(groups)
        self.set_value(text)
        self.edited.emit((self.spec.name, text))
