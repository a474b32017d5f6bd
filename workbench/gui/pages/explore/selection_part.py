"""The selection in the inspector: pictures or names, labels, numbers, and where to go on from there."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.app.explorer.points import PointSet
from workbench.app.explorer.saved import write_csv
from workbench.app.explorer.statistics import NumberFacts, Statistics, describe
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.label_bars import LabelBars
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, label, push_button
from workbench.gui.widgets.thumbnails import Picture, ThumbnailGrid

MOST_SHOWN = 60
MOST_LABELS = 12
_PICTURE_PX = 40
_LIST_PX = 160
_NAME_PX = 84
_ROW = Qt.ItemDataRole.UserRole


class SelectionPart(QWidget):
    """Shows what is selected; a large selection is described away from the window's thread.

    Signals
    -------
    chosen(row) : a sample was clicked, or Enter was pressed on it
    table_wanted() : the samples are wanted as a table
    """

    chosen = Signal(object)
    table_wanted = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._shown: PointSet | None = None
        self._asked = 0
        self.heading = label("", "strong")
        self.grid = ThumbnailGrid(_PICTURE_PX)
        self.names = QListWidget()
        self.names.setProperty("bare", True)
        self.names.setAccessibleName("Selected samples")
        self.names.setFixedHeight(_LIST_PX)
        self.more = label("", "caption")
        self.bars = LabelBars()
        self.more_labels = label("", "caption")
        self.numbers = _Numbers()
        self.csv_button = push_button("Save CSV…", "", "export", "Save the selected samples with all their columns")
        self.table_button = push_button("Table", "", "list", "List the selected samples under the map")
        self._lay_out()
        self.grid.chosen.connect(self.chosen)
        self.names.itemClicked.connect(lambda item: self.chosen.emit(item.data(_ROW)))
        self.names.itemActivated.connect(lambda item: self.chosen.emit(item.data(_ROW)))
        self.csv_button.clicked.connect(self._ask_and_save)
        self.table_button.clicked.connect(self.table_wanted)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_S)
        buttons.addWidget(self.table_button)
        buttons.addWidget(self.csv_button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for part in (self.heading, self.grid, self.names, self.more, self.bars, self.more_labels, self.numbers):
            column.addWidget(part)
        column.addLayout(buttons)

    @property
    def has_something(self) -> bool:
        """Whether more is selected than the sample that is looked at."""
        explorer = self._desk.explorer
        if explorer is None:
            return False
        points = explorer.state.selection
        return points.count > 1 or (points.count == 1 and explorer.focus not in points.rows.tolist())

    def show_selection(self) -> None:
        """Show what is selected now."""
        opened, explorer = self._desk.opened, self._desk.explorer
        if opened is None or explorer is None or not self.has_something:
            self._shown = None
            return
        points = explorer.state.selection
        if points is self._shown:
            return
        self._shown = points
        self._asked += 1
        mine, columns = self._asked, explorer.columns
        self.heading.setText("1 point" if points.count == 1 else f"{points.count:,} points")
        self._show_samples(explorer.selected_rows[:MOST_SHOWN].tolist())
        left = points.count - MOST_SHOWN
        self.more.setText(f"and {left:,} more")
        self.more.setVisible(left > 0)

        def done(found: Statistics) -> None:
            if mine == self._asked:
                self._show_statistics(found)

        self._desk.work(lambda: describe(columns, points, most=MOST_LABELS), done)

    def forget(self) -> None:
        """Another set is open: what is shown belongs to none."""
        self._shown = None

    def _show_samples(self, rows: list[int]) -> None:
        explorer, opened = self._desk.explorer, self._desk.opened
        assert explorer is not None
        assert opened is not None
        samples = explorer.samples(rows)
        pictured = opened.stored.thumbnails is not None
        self.grid.setVisible(pictured)
        self.names.setVisible(not pictured)
        if pictured:
            tips = ("\n".join(part for part in (one.label, one.id) if part) for one in samples)
            self.grid.set_pictures(
                [Picture(one.picture, tip=tip, key=one.row) for one, tip in zip(samples, tips, strict=True)]
            )
            return
        self.names.clear()
        for one in samples:
            item = QListWidgetItem("   ".join(part for part in (one.id, one.label) if part))
            item.setData(_ROW, one.row)
            item.setToolTip(item.text())
            self.names.addItem(item)

    def _show_statistics(self, found: Statistics) -> None:
        self.bars.show_labels(found.labels)
        self.bars.setVisible(bool(found.labels))
        self.more_labels.setText(f"and {found.more_labels:,} more labels")
        self.more_labels.setVisible(bool(found.more_labels))
        self.numbers.show_facts([facts for facts in found.numbers if facts.count])

    def _ask_and_save(self) -> None:
        opened, explorer = self._desk.opened, self._desk.explorer
        if opened is None or explorer is None:
            return
        path = self._desk.ask_save("Save the selected samples", f"{opened.folder.name}-selection.csv", "CSV (*.csv)")
        if path is not None:
            columns, rows = explorer.columns, explorer.selected_rows
            self._desk.work(lambda: write_csv(path, columns, columns.names, rows), lambda _: None)


class _Numbers(QWidget):
    """Columns of numbers over the selection: mean and spread, lowest and highest."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[ElidedLabel, ElidedLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE_S)
        self._grid.setVerticalSpacing(SPACE_XS)
        self._grid.setColumnStretch(1, 1)

    def show_facts(self, facts: list[NumberFacts]) -> None:
        while len(self._lines) < len(facts):
            line = ElidedLabel("", "muted"), ElidedLabel()
            line[0].setMaximumWidth(_NAME_PX)
            for column, part in enumerate(line):
                self._grid.addWidget(part, len(self._lines), column)
            self._lines.append(line)
        for at, (name, value) in enumerate(self._lines):
            name.setVisible(at < len(facts))
            value.setVisible(at < len(facts))
            if at < len(facts):
                name.set_full_text(facts[at].title)
                value.set_full_text(number_words(facts[at]))
        self.setVisible(bool(facts))


def number_words(facts: NumberFacts) -> str:
    """`0.52 ± 0.11 · 0.1 to 0.98`"""
    if facts.mean is None or facts.min is None or facts.max is None:
        return "no numbers"
    spread = f" ± {facts.sd:.2g}" if facts.sd is not None else ""
    return f"{facts.mean:.3g}{spread} · {facts.min:.3g} to {facts.max:.3g}"
