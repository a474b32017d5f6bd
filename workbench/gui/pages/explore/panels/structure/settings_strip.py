"""A few settings in one line: a caption over each editor, since a drawer is wide and low."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.forms.editors import Editor, NumberEditor, make_editor
from workbench.gui.forms.schema import FieldSpec, read_fields
from workbench.gui.theme.tokens import SPACE_M
from workbench.gui.widgets.basics import label

EMPTY = "suggested"


class SettingsStrip(QWidget):
    """The settings of one schema, without checks: the caller tells problems by `set_problems`.

    Signals
    -------
    edited((name, value)) : the user committed a value
    """

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._schema: Mapping[str, Any] | None = None
        self._editors: dict[str, Editor] = {}
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(SPACE_M)

    def set_schema(self, schema: Mapping[str, Any]) -> None:
        """Build the editors anew; the same schema again keeps them, with focus and values."""
        if schema == self._schema:
            return
        self._schema = schema
        self._editors.clear()
        while (item := self._line.takeAt(0)) is not None:
            if (part := item.widget()) is not None:
                part.hide()
                part.deleteLater()
        for spec in read_fields(schema):
            self._line.addWidget(self._field(spec))

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these values, without signals."""
        for name, editor in self._editors.items():
            editor.set_value(values[name])

    def set_problems(self, problems: Mapping[str, str]) -> None:
        """Turn these fields red, with the reason in the tooltip, and clear all others."""
        for name, editor in self._editors.items():
            message = problems.get(name, "")
            for part in editor.targets():
                part.setProperty("problem", bool(message))
                part.setToolTip(message or editor.spec.description)
                part.setAccessibleDescription(message or editor.spec.description)
                part.style().unpolish(part)
                part.style().polish(part)

    def editor(self, name: str) -> Editor:
        """The editor of a setting; raises KeyError for one that there is not."""
        return self._editors[name]

    def _field(self, spec: FieldSpec) -> QWidget:
        """A caption and an editor; without an upper bound a number has no slider, which takes too much room here."""
        editor = self._editors[spec.name] = make_editor(replace(spec, upper=None), self)
        if isinstance(editor, NumberEditor) and spec.nullable:
            editor.box.setPlaceholderText(EMPTY)
        editor.committed.connect(lambda value, name=spec.name: self.edited.emit((name, value)))
        caption = label(spec.title, "caption")
        caption.setBuddy(editor.targets()[0])
        caption.setToolTip(spec.description)
        for part in editor.targets():
            part.setToolTip(spec.description)
            part.setAccessibleName(spec.title)
            part.setAccessibleDescription(spec.description)
        field = QWidget()
        column = QVBoxLayout(field)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(caption)
        column.addWidget(editor)
        return field
