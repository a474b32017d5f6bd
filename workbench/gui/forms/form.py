"""A form made from a JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from workbench.gui.forms.row import FieldRow
from workbench.gui.forms.schema import FieldSpec, read_fields
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_S

LABEL_WIDTH = 124
MIN_WIDTH = 256
STACKED_BELOW = 392
"""Narrower than this, labels stand over their editors."""


class SchemaForm(QWidget):
    """The settings of one configuration model, with the advanced ones behind "More".

    The form checks nothing: the caller does, and tells it by `set_problems`.

    Signals
    -------
    edited((name, value)) : the user committed a value
    """

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, FieldRow] = {}
        self._schema: tuple[Mapping[str, Any], tuple[str, ...] | None] | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACE_S)
        self._more: QPushButton | None = None
        self._hidden: QWidget | None = None

    def set_schema(self, schema: Mapping[str, Any], order: Iterable[str] | None = None) -> None:
        """Build the form anew, showing defaults; `order` names the settings that come first.

        The same schema and order again keep the form, its focus and its values.
        """
        wanted = (schema, tuple(order) if order is not None else None)
        if wanted == self._schema:
            return
        self._schema = wanted
        self._clear()
        fields = read_fields(schema, wanted[1])
        for spec in fields:
            if not spec.advanced:
                self._layout.addWidget(self._row(spec))
        advanced = [spec for spec in fields if spec.advanced]
        if advanced:
            self._add_more(advanced)

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these values, without signals; names that the form does not have are ignored."""
        for name, row in self._rows.items():
            if name in values:
                row.set_value(values[name])

    def values(self) -> dict[str, Any]:
        """What every field shows."""
        return {name: row.editor.value() for name, row in self._rows.items()}

    def set_problems(self, problems: Mapping[str, str]) -> None:
        """Mark these fields and clear all others; a problem behind "More" opens it."""
        for name, row in self._rows.items():
            row.set_problem(problems.get(name, ""))
        if self._more and any(self._rows[name].spec.advanced for name in problems if name in self._rows):
            self._more.setChecked(True)

    def row(self, name: str) -> FieldRow:
        """The line of a setting; raises KeyError for one that the form does not have."""
        return self._rows[name]

    def focus_field(self, name: str) -> None:
        """Put the keyboard on a setting, opening "More" for it; does nothing for an unknown name."""
        row = self._rows.get(name)
        if row is None:
            return
        if row.spec.advanced and self._more:
            self._more.setChecked(True)
        row.editor.targets()[0].setFocus()

    def minimumSizeHint(self) -> QSize:
        return QSize(MIN_WIDTH, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for row in self._rows.values():
            row.set_stacked(self.width() < STACKED_BELOW)

    def _row(self, spec: FieldSpec) -> FieldRow:
        row = FieldRow(spec, LABEL_WIDTH, self)
        row.set_stacked(self.width() < STACKED_BELOW)
        row.edited.connect(self.edited)
        self._rows[spec.name] = row
        return row

    def _add_more(self, fields: list[FieldSpec]) -> None:
        self._more = QPushButton("More", self)
        self._more.setCheckable(True)
        self._more.setProperty("kind", "link")
        self._more.setIcon(icon("chevron-right", "muted"))
        self._more.setAccessibleName("More settings")
        self._hidden = QWidget(self)
        inner = QVBoxLayout(self._hidden)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SPACE_S)
        for spec in fields:
            inner.addWidget(self._row(spec))
        self._hidden.hide()
        self._more.toggled.connect(self._disclose)
        self._layout.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._layout.addWidget(self._hidden)

    def _disclose(self, shown: bool) -> None:
        assert self._more is not None
        assert self._hidden is not None
        self._more.setText("Less" if shown else "More")
        self._more.setIcon(icon("chevron-down" if shown else "chevron-right", "muted"))
        self._hidden.setVisible(shown)

    def _clear(self) -> None:
        self._rows.clear()
        self._more = self._hidden = None
        while (item := self._layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
