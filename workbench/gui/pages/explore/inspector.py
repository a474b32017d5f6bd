"""The inspector of the Explore page: the selected sample and its nearest neighbours."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.app.selection import Selection
from workbench.gui.pages.explore.sets import OpenedSet, shared_label_words
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, label
from workbench.gui.widgets.containers import Inspector
from workbench.gui.widgets.thumbnails import Picture, Thumbnail, ThumbnailGrid

NEIGHBOUR_PX, SAMPLE_PX = 72, 96
_ROW = Qt.ItemDataRole.UserRole


class ExploreInspector(Inspector):
    """Shows a selection.

    Signals
    -------
    chosen(row) : a neighbour was clicked, or Enter was pressed on it
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hint = label("Click a point on the map to see its picture and its nearest neighbours.", "muted", wrap=True)
        self.picture = Thumbnail(SAMPLE_PX)
        self.facts = _Facts()
        self.summary = label("", "", wrap=True)
        self.note = label("", "caption", wrap=True)
        self.grid = ThumbnailGrid(NEIGHBOUR_PX, columns=3)
        self.names = _Names()
        self.grid.chosen.connect(self.chosen)
        self.names.chosen.connect(self.chosen)
        self.add_section("sample", "Sample", _column(self.hint, self._sample()))
        self.add_section("neighbours", "Nearest neighbours", _column(self.summary, self.grid, self.names, self.note))
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
        self.show_only(["sample"] if row is None else ["sample", "neighbours"])
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
        self._show_neighbours(opened, row, selection)

    def _show_neighbours(self, opened: OpenedSet, row: int, selection: Selection) -> None:
        found = [
            (int(other), float(distance))
            for other, distance in zip(selection.neighbours, selection.distances, strict=True)
            if other >= 0
        ]
        pictured = opened.stored.thumbnails is not None
        self.grid.setVisible(bool(found) and pictured)
        self.names.setVisible(bool(found) and not pictured)
        self.note.setVisible(bool(found))
        metric = opened.stored.meta.metric.capitalize()
        self.note.setText(f"{metric} distance in the embedding, exact over all {len(opened):,} points.")
        if selection.failure or not found:
            self.summary.setText(selection.failure or "Asking for the nearest neighbours…")
            return
        rows = [other for other, _ in found]
        self.summary.setText(shared_label_words(opened, row, rows) or f"The {len(rows)} nearest, nearest first.")
        if pictured:
            self.grid.set_pictures(
                [
                    Picture(
                        opened.picture(other),
                        f"{opened.label(other)}\n{distance:.3f}".strip(),
                        f"{opened.label(other)}  {distance:.4f}  row {other}".strip(),
                        other,
                    )
                    for other, distance in found
                ]
            )
        else:
            self.names.show_names([(other, f"{distance:.3f}   {_name(opened, other)}") for other, distance in found])


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


class _Names(QListWidget):
    """Neighbours of a set without pictures.

    Signals
    -------
    chosen(row) : one was clicked, or Enter was pressed on it
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("bare", True)
        self.setAccessibleName("Nearest neighbours")
        self.setMinimumHeight(12 * 26)
        self.itemClicked.connect(lambda item: self.chosen.emit(item.data(_ROW)))
        self.itemActivated.connect(lambda item: self.chosen.emit(item.data(_ROW)))

    def show_names(self, names: list[tuple[int, str]]) -> None:
        self.clear()
        for row, text in names:
            item = QListWidgetItem(text)
            item.setData(_ROW, row)
            item.setToolTip(text)
            self.addItem(item)


def _name(opened: OpenedSet, row: int) -> str:
    return opened.label(row) or next((value for name, value in opened.facts(row) if name == "id"), f"row {row}")


def _column(*parts: QWidget) -> QWidget:
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE_S)
    for part in parts:
        column.addWidget(part)
    return body
