"""Settings that name groups of points: typed with completion, or taken from the selection."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from workbench.app.explorer.columns import ID
from workbench.gui.forms.schema import FieldSpec, read_fields
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.structure.kinds import label_columns
from workbench.gui.pages.explore.projecting.group_list import GroupList
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import label, push_button

MOST_NAMES = 200
"""More points than that are not named one by one: as many are taken, evenly among them."""
_COMPLETIONS = 8


def names_in(text: str) -> tuple[str, ...]:
    """The names in a line, with commas between; one that holds a comma stands in quotes."""
    found = next(csv.reader([text.replace("\n", " ")], skipinitialspace=True), [])
    return tuple(name.strip() for name in found if name.strip())


def line_of(names: Sequence[str]) -> str:
    """Names as `names_in` reads them."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(names)
    return written.getvalue().replace(",", ", ") if not any("," in name for name in names) else written.getvalue()


class GroupField(QWidget):
    """A line of names, and a button that takes the selected points.

    Signals
    -------
    edited((name, names)) : the setting's name, and its value
    """

    edited = Signal(object)

    def __init__(self, desk: Desk, spec: FieldSpec) -> None:
        super().__init__()
        self._desk, self.spec = desk, spec
        self._told: tuple[str, ...] = ()
        self.title = label(spec.title, "strong")
        self.title.setToolTip(spec.description)
        self.line = QLineEdit()
        self.line.setAccessibleName(spec.title)
        self.line.setToolTip(spec.description)
        self.line.setPlaceholderText("Names, with commas between")
        self.line.setClearButtonEnabled(True)
        self.title.setBuddy(self.line)
        self.take = push_button("Use selected", "link", "target")
        self.take.clicked.connect(self.take_selected)
        self._names = QStringListModel(self)
        self.completer = self._build_completer()
        self.line.textEdited.connect(self._complete)
        self.line.editingFinished.connect(self._tell)
        self.line.textChanged.connect(lambda text: None if text else self._tell())
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.take)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_XS)
        column.addLayout(head)
        column.addWidget(self.line)

    def set_value(self, names: Sequence[str]) -> None:
        """Show a value, without a signal."""
        self._told = tuple(names)
        self.line.setText(line_of(self._told))

    def show_selected(self) -> None:
        """Say how many points the button would take."""
        explorer = self._desk.explorer
        count = 0 if explorer is None else explorer.state.selection.count
        self.take.setEnabled(count > 0)
        self.take.setText("Use selected" if not count else f"Use {min(count, MOST_NAMES):,} selected")
        some = f"Takes {MOST_NAMES} of the {count:,} selected points, evenly among them"
        self.take.setToolTip("Select points on the map first" if not count else some if count > MOST_NAMES else "")

    def take_selected(self) -> None:
        """Name the selected points."""
        explorer = self._desk.explorer
        if explorer is None or not explorer.state.selection.count:
            return
        rows = explorer.selected_rows
        if len(rows) > MOST_NAMES:
            rows = rows[np.linspace(0, len(rows) - 1, MOST_NAMES).round().astype(np.int64)]
        known = ID in explorer.columns.names
        self.line.setText(line_of(explorer.columns.cells(ID, rows) if known else [str(row) for row in rows]))
        self._tell()

    def _tell(self) -> None:
        names = names_in(self.line.text())
        if names != self._told:
            self._told = names
            self.edited.emit((self.spec.name, list(names)))

    # -- completing ------------------------------------------------------------------------------------------------

    def _build_completer(self) -> QCompleter:
        completer = QCompleter(self._names, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setWidget(self.line)
        completer.activated.connect(self._take_completion)
        return completer

    def _complete(self, text: str) -> None:
        """Look for names that go on from what is typed behind the last comma."""
        explorer, part = self._desk.explorer, text.rpartition(",")[2].strip().strip('"')
        if explorer is None or not part or ID not in explorer.columns.names:
            self._names.setStringList([])
            self.completer.complete()
            return

        def found(names: list[tuple[str, int]]) -> None:
            if self.line.text() == text and self.line.hasFocus():
                self._names.setStringList([name for name, _ in names])
                self.completer.complete()

        self._desk.work(lambda: explorer.columns.frequent(ID, part, _COMPLETIONS), found)

    def _take_completion(self, name: str) -> None:
        before = self.line.text().rpartition(",")[0]
        self.line.setText(line_of((*names_in(before), name)))
        self._tell()


class GroupChoices(QWidget):
    """The settings of a projection that name points, one below the other.

    Signals
    -------
    edited((name, value)) : as of `SchemaForm`
    """

    edited = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.fields: dict[str, GroupField | GroupList] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE_S)

    def set_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Take over the settings that name points; the schema of the others is returned, with the set's columns."""
        properties: Mapping[str, Any] = schema.get("properties", {})
        lists = {name for name, field in properties.items() if field.get("widget") == "groups"}
        specs = [spec for spec in read_fields(schema) if spec.kind == "texts" or spec.name in lists]
        if [spec.name for spec in specs] != list(self.fields):
            self._build(specs, lists)
        others = {name: self._of_set(field) for name, field in properties.items() if name not in self.fields}
        self.setVisible(bool(specs))
        return {**schema, "properties": others}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these values, and how many points are selected."""
        for name, field in self.fields.items():
            field.set_value(values[name])
            field.show_selected()

    def _of_set(self, field: Mapping[str, Any]) -> Mapping[str, Any]:
        """A setting that names a column, with the columns that the opened set has."""
        opened = self._desk.opened
        columns = label_columns(opened.stored) if opened and field.get("widget") == "column" else []
        return {**field, "enum": columns} if columns else field

    def _build(self, specs: Sequence[FieldSpec], lists: set[str]) -> None:
        for field in self.fields.values():
            field.hide()
            field.setParent(None)
            field.deleteLater()
        self.fields = {
            spec.name: GroupList(self._desk, spec) if spec.name in lists else GroupField(self._desk, spec)
            for spec in specs
        }
        for field in self.fields.values():
            field.edited.connect(self.edited)
            self._column.addWidget(field)
