"""The figures of one moment: which one is looked at, the figure itself, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.app.application import Notice
from workbench.app.figure_scale import Range
from workbench.gui.bridge import Bridge
from workbench.gui.figures.view import FigureView
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label, push_button
from workbench.plugins.specs import FigureSpec
from workbench.runs.figures import drawable

_MOST_BUTTONS, _MOST_LETTERS, _LIST_PX = 4, 60, 360
"""More, or longer titles, are a list: a row of buttons must fit beside the rest of the line."""

Between = Callable[[str], Range | None]


class FigureBrowser(QWidget):
    """A choice, kept while there is such a figure, over the figure and its description."""

    def __init__(self, bridge: Bridge, stem: str) -> None:
        """`stem` begins the names of saved pictures."""
        super().__init__()
        self._bridge, self.stem = bridge, stem
        self._specs: list[FigureSpec] = []
        self._arrays: Mapping[str, NDArray[Any]] = {}
        self._between: Between = lambda _name: None
        self._wanted = ""
        self.view = FigureView()
        self.view.save_wanted.connect(self._ask_save)
        self.description = label("", "muted", wrap=True)
        self.buttons: dict[str, QPushButton] = {}
        self._group: QButtonGroup | None = None
        self.list = QComboBox()
        self.list.setAccessibleName("Figure")
        self.list.setMaximumWidth(_LIST_PX)
        self.list.activated.connect(lambda _index: self.choose(str(self.list.currentData())))
        self.line = QHBoxLayout()
        self.line.setSpacing(SPACE_S)
        self._row = QWidget()
        self._row_line = QHBoxLayout(self._row)
        self._row_line.setContentsMargins(0, 0, 0, 0)
        self._row_line.setSpacing(SPACE_S)
        self.choice = QStackedWidget()
        self.choice.addWidget(self._row)
        self.choice.addWidget(self.list)
        self.choice.setSizePolicy(self.list.sizePolicy())
        self.line.addWidget(self.choice)
        self.line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(self.line)
        column.addWidget(self.view, 1)
        column.addWidget(self.description)

    @property
    def chosen(self) -> str:
        """The name of the figure that is shown; "" where there is none."""
        names = [spec.name for spec in self._specs]
        return self._wanted if self._wanted in names else next(iter(names), "")

    def show_figures(
        self,
        specs: Sequence[FigureSpec],
        arrays: Mapping[str, NDArray[Any]],
        between: Between = lambda _name: None,
    ) -> None:
        """Show the arrays that fit their specs; `between` fixes the ends of a figure's colours by its name."""
        fitting = drawable(specs, arrays)
        if fitting != self._specs:
            self._specs = fitting
            self._offer()
        self._arrays, self._between = arrays, between
        self._show()

    def choose(self, name: str) -> None:
        """Look at another figure."""
        self._wanted = name
        self._show()

    def retheme(self) -> None:
        self.view.retheme()

    def _show(self) -> None:
        spec = next((spec for spec in self._specs if spec.name == self.chosen), None)
        if spec is None:
            self.view.clear()
            self.description.setText("")
            return
        self.view.show_figure(spec, self._arrays[spec.name], self._between(spec.name))
        self.description.setText(f"{spec.description[:1].upper()}{spec.description[1:].rstrip('.')}.")
        if spec.name in self.buttons:
            self.buttons[spec.name].setChecked(True)
        blocker = QSignalBlocker(self.list)
        self.list.setCurrentIndex(self.list.findData(spec.name))
        blocker.unblock()

    def _offer(self) -> None:
        """One button each, or a list where they are many."""
        self._clear_buttons()
        self._group = QButtonGroup(self)
        blocker = QSignalBlocker(self.list)
        self.list.clear()
        for spec in self._specs:
            self.list.addItem(spec.title, spec.name)
            button = push_button(spec.title, tip=spec.description)
            button.setCheckable(True)
            button.clicked.connect(partial(self.choose, spec.name))
            self._group.addButton(button)
            self._row_line.addWidget(button)
            self.buttons[spec.name] = button
        blocker.unblock()
        few = len(self._specs) <= _MOST_BUTTONS and sum(len(spec.title) for spec in self._specs) <= _MOST_LETTERS
        self.choice.setCurrentWidget(self._row if few else self.list)
        wide = QSizePolicy.Policy.Preferred if few else QSizePolicy.Policy.Ignored
        self._row.setSizePolicy(wide, QSizePolicy.Policy.Preferred)  # buttons that are not shown ask for no room

    def _clear_buttons(self) -> None:
        for button in self.buttons.values():
            self._row_line.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons.clear()
        if self._group is not None:
            self._group.deleteLater()

    def _ask_save(self) -> None:
        assert self._bridge.face is not None
        name = re.sub(r"\W+", "-", f"{self.stem} {self.chosen}".lower()).strip("-")
        path = self._bridge.face.ask_save("Save figure", f"{name}.png", "PNG pictures (*.png)")
        if path is None:
            return
        try:
            self.view.save(path)
        except OSError as error:
            self._bridge.app.notify(Notice(f"{path} cannot be written: {error.strerror}.", "Choose another folder."))
