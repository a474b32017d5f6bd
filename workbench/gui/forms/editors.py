"""One editor for each kind of setting. All have `value`, `set_value`, `target` and the signal `committed`."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QSizePolicy, QToolButton, QWidget

from workbench.gui.forms.number_box import COMMIT_DELAY_MS, NumberBox
from workbench.gui.forms.scale import number_text, parse_number, scale_of
from workbench.gui.forms.schema import FieldSpec
from workbench.gui.forms.sliders import RangeSlider, Switch, ValueSlider
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_S


class Editor(QWidget):
    """Base of the editors.

    Signals
    -------
    committed(value) : the user set a value; never sent by `set_value`
    """

    committed = Signal(object)

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.line = QHBoxLayout(self)
        self.line.setContentsMargins(0, 0, 0, 0)
        self.line.setSpacing(SPACE_S)

    def value(self) -> Any:
        """The value as it stands."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        raise NotImplementedError

    def targets(self) -> list[QWidget]:
        """The parts that take the keyboard and show a problem; the first is the label's buddy."""
        raise NotImplementedError


class NumberEditor(Editor):
    """A number box, with a slider before it where there are two bounds."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        scale = scale_of(spec)
        self.box = NumberBox(spec, self)
        self.slider = ValueSlider(scale, self) if scale else None
        if self.slider:
            self.slider.moved.connect(self._slid)
            self.line.addWidget(self.slider, 1)
        self.line.addWidget(self.box)
        self.box.setFixedWidth(max(112, self.box.sizeHint().width()))
        if not self.slider:
            self.line.addStretch(1)
        self.box.committed.connect(self._typed)

    def value(self) -> Any:
        return self.box.value()

    def set_value(self, value: Any) -> None:
        self.box.set_value(value)
        if self.slider and value is not None:
            self.slider.set_value(value)

    def targets(self) -> list[QWidget]:
        return [self.box, self.slider] if self.slider else [self.box]

    def _slid(self, value: float) -> None:
        self.box.set_value(value)
        self.committed.emit(value)

    def _typed(self, value: float | None) -> None:
        if self.slider and value is not None:
            self.slider.set_value(value)
        self.committed.emit(value)


class RangeEditor(Editor):
    """Low and high: a box at either end, and between them a slider with two handles where there are bounds."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        scale = scale_of(spec)
        self.low, self.high = NumberBox(spec, self), NumberBox(spec, self)
        self.slider = RangeSlider(scale, self) if scale else None
        self.line.addWidget(self.low)
        if self.slider:
            self.slider.moved.connect(self._slid)
            self.line.addWidget(self.slider, 1)
        self.line.addWidget(self.high)
        if not self.slider:
            self.line.addStretch(1)
        for box in (self.low, self.high):
            box.setFixedWidth(max(72, box.sizeHint().width() - 20))
            box.committed.connect(lambda _value: self._typed())

    def value(self) -> Any:
        return [self.low.value(), self.high.value()]

    def set_value(self, value: Any) -> None:
        low, high = value if value is not None else (None, None)
        self.low.set_value(low)
        self.high.set_value(high)
        self._follow()

    def targets(self) -> list[QWidget]:
        return [self.low, self.high, *([self.slider] if self.slider else [])]

    def _follow(self) -> None:
        low, high = self.low.value(), self.high.value()
        if self.slider and low is not None and high is not None:
            self.slider.set_pair(low, high)

    def _slid(self, pair: tuple[float, float]) -> None:
        self.low.set_value(pair[0])
        self.high.set_value(pair[1])
        self.committed.emit(list(pair))

    def _typed(self) -> None:
        self._follow()
        self.committed.emit(self.value())


class SwitchEditor(Editor):
    """A boolean."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.switch = Switch(self)
        self.switch.clicked.connect(lambda on: self.committed.emit(bool(on)))
        self.line.addWidget(self.switch)
        self.line.addStretch(1)

    def value(self) -> bool:
        return self.switch.isChecked()

    def set_value(self, value: Any) -> None:
        self.switch.setChecked(bool(value))

    def targets(self) -> list[QWidget]:
        return [self.switch]


class QuietComboBox(QComboBox):
    """A combo box that scrolls the page, not itself, unless it has the focus; long entries do not widen it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumContentsLength(8)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def minimumSizeHint(self) -> QSize:
        return QSize(72, super().minimumSizeHint().height())


class ChoiceEditor(Editor):
    """One of a few values; a value that is not among them is shown all the same, so that it can be seen and left."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.combo = QuietComboBox(self)
        self._choices: list[Any] = [*([None] if spec.nullable else []), *spec.choices]
        self.combo.addItems([_choice_text(choice) for choice in self._choices])
        self.combo.activated.connect(lambda index: self.committed.emit(self._choices[index]))
        self.combo.setMinimumWidth(112)
        self.line.addWidget(self.combo)
        self.line.addStretch(1)

    def value(self) -> Any:
        index = self.combo.currentIndex()
        return self._choices[index] if index >= 0 else None

    def set_value(self, value: Any) -> None:
        if value not in self._choices:
            self._choices.append(value)
            self.combo.addItem(_choice_text(value))
        self.combo.setCurrentIndex(self._choices.index(value))

    def targets(self) -> list[QWidget]:
        return [self.combo]


class TextEditor(Editor):
    """One line of text; as lists ("a, b") and JSON too, by the kind of the setting."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.edit = QLineEdit(self)
        self._last: Any = "" if spec.kind in ("text", "path", "folder") else None
        self._delay = QTimer(self, singleShot=True, interval=COMMIT_DELAY_MS)
        self._delay.timeout.connect(self._commit)
        self.edit.textEdited.connect(lambda _text: self._delay.start())
        self.edit.editingFinished.connect(self._commit)
        self.edit.setPlaceholderText(_PLACEHOLDERS.get(spec.kind, ""))
        self.edit.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.line.addWidget(self.edit, 1)

    def value(self) -> Any:
        return self._last

    def set_value(self, value: Any) -> None:
        self._delay.stop()
        good, typed = parse_text(self.spec, self.edit.text())
        self._last = value
        if not good or typed != value or not self.edit.text():
            self.edit.setText(text_of(self.spec, value))

    def targets(self) -> list[QWidget]:
        return [self.edit]

    def _commit(self) -> None:
        self._delay.stop()
        good, value = parse_text(self.spec, self.edit.text())
        if good and value != self._last:
            self._last = value
            self.committed.emit(value)


class PathEditor(TextEditor):
    """A file or a folder, typed or browsed for."""

    def __init__(self, spec: FieldSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.browse = QToolButton(self)
        self.browse.setIcon(icon("folder", "muted"))
        words = "Choose a folder" if spec.kind == "folder" else "Choose a file"
        self.browse.setToolTip(words)
        self.browse.setAccessibleName(f"{words} for {spec.title}")
        self.browse.clicked.connect(self._ask)
        self.line.addWidget(self.browse)

    def _ask(self) -> None:
        if self.spec.kind == "folder":
            chosen = QFileDialog.getExistingDirectory(self, self.spec.title, self.edit.text())
        else:
            chosen, _filter = QFileDialog.getOpenFileName(self, self.spec.title, self.edit.text())
        if chosen:
            self.edit.setText(chosen)
            self._commit()


_PLACEHOLDERS = {
    "folder": "Folder",
    "path": "File",
    "numbers": "numbers, with commas between",
    "texts": "words, with commas between",
}


def parse_text(spec: FieldSpec, text: str) -> tuple[bool, Any]:
    """(whether the text can be read, its value); what cannot be read is not committed."""
    stripped = text.strip()
    if spec.nullable and not stripped:
        return True, None
    parts = [part.strip() for part in stripped.split(",") if part.strip()]
    match spec.kind:
        case "numbers":
            numbers = [parse_number(part, spec.integral) for part in parts]
            return None not in numbers, numbers
        case "texts":
            return True, parts
        case "json":
            try:
                return True, json.loads(stripped)
            except ValueError:
                return False, None
    return True, stripped if spec.kind in ("path", "folder") else text


def text_of(spec: FieldSpec, value: Any) -> str:
    """A value as `parse_text` reads it."""
    if value is None:
        return ""
    if spec.kind == "json":
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return ", ".join(number_text(part) if isinstance(part, (int, float)) else str(part) for part in value)
    return str(value)


def _choice_text(value: Any) -> str:
    if value is None:
        return "None"
    return number_text(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


_EDITORS: dict[str, type[Editor]] = {
    "integer": NumberEditor,
    "number": NumberEditor,
    "boolean": SwitchEditor,
    "choice": ChoiceEditor,
    "range": RangeEditor,
    "path": PathEditor,
    "folder": PathEditor,
}


def make_editor(spec: FieldSpec, parent: QWidget | None = None) -> Editor:
    """The editor for a setting."""
    return _EDITORS.get(spec.kind, TextEditor)(spec, parent)
