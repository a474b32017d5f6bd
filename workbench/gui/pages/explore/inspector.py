"""The inspector of the Explore page: the selected sample and its nearest neighbours."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.app.selection import Selection
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.dragging import DragSource, looked_at_data
from workbench.gui.pages.explore.neighbours import NeighboursView
from workbench.gui.pages.explore.selection_part import SelectionPart
from workbench.gui.pages.explore.sets import OpenedSet
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, label
from workbench.gui.widgets.containers import Inspector
from workbench.gui.widgets.thumbnails import Picture, Thumbnail

SAMPLE_PX = 96
_HINT = (
    "Click a point on the map to see it with its nearest neighbours. "
    "Hold Shift and drag to select many: their labels and numbers are summed up here."
)


class ExploreInspector(Inspector):
    """Shows a selection.

    Signals
    -------
    chosen(row) : a neighbour was clicked, or Enter was pressed on it
    """

    chosen = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hint = label(_HINT, "muted", wrap=True)
        self.picture = Thumbnail(SAMPLE_PX)
        self.facts = _Facts()
        self.neighbours = NeighboursView(desk)
        self.neighbours.chosen.connect(self.chosen)
        self._folder: Path | None = None
        for part in (self.picture, self.facts):
            DragSource(part, lambda: looked_at_data(desk.explorer))
        self.add_section("sample", "Sample", _column(self.hint, self._sample()))
        self.add_section("neighbours", "Nearest neighbours", self.neighbours)
        self.selected = SelectionPart(desk)
        self.selected.chosen.connect(self.chosen)
        self.add_section("selection", "Selection", self.selected)
        self.show_selection(None, Selection())

    def _sample(self) -> QWidget:
        """The picture with the facts beside it."""
        body = QWidget()
        line = QHBoxLayout(body)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_M)
        line.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.facts, 1, Qt.AlignmentFlag.AlignTop)
        return body

    def show_selection(self, opened: OpenedSet | None, selection: Selection) -> None:
        """Show the selected sample of the opened set; nothing where none is selected."""
        row = selection.row if opened is not None and selection.embeddings == opened.folder else None
        self.selected.show_selection()
        near = [] if opened is None else ["neighbours"]
        folder = None if opened is None else opened.folder
        if folder != self._folder:
            self._folder = folder
            self.neighbours.show_set()
        self.show_only(["sample", *near, *(["selection"] if self.selected.has_something else [])])
        self.hint.setVisible(row is None)
        self.facts.setVisible(row is not None)
        self.picture.setVisible(False)
        if opened is None or row is None:
            return
        pixels = opened.picture(row)
        self.picture.setVisible(pixels is not None)
        if pixels is not None:
            self.picture.set_picture(Picture(pixels, tip=opened.label(row), key=row))
        self.facts.show_facts(opened.facts(row))


class _Facts(QWidget):
    """Names and values in two columns, a line each; what is too long stands in the tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[QLabel, ElidedLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE_S)
        self._grid.setVerticalSpacing(SPACE_XS)
        self._grid.setColumnStretch(1, 1)

    def show_facts(self, facts: list[tuple[str, str]]) -> None:
        while len(self._lines) < len(facts):
            line = label("", "muted"), ElidedLabel()
            for column, part in enumerate(line):
                self._grid.addWidget(part, len(self._lines), column, Qt.AlignmentFlag.AlignTop)
            self._lines.append(line)
        for at, (name, value) in enumerate(self._lines):
            name.setVisible(at < len(facts))
            value.setVisible(at < len(facts))
            if at < len(facts):
                name.setText(facts[at][0])
                value.set_full_text(facts[at][1])


def _column(*parts: QWidget) -> QWidget:
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE_S)
    for part in parts:
        column.addWidget(part)
    return body
