"""One line of a form: label, editor, the way back to the default, and the problem under it."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from workbench.gui.forms.editors import make_editor, text_of
from workbench.gui.forms.schema import FieldSpec
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import CONTROL_HEIGHT, SPACE_S, SPACE_XS

EDITOR_MAX_WIDTH = 460
RESET_WIDTH = 24


class FieldRow(QWidget):
    """A setting with everything around it.

    Signals
    -------
    edited((name, value)) : the user set a value, or went back to the default
    """

    edited = Signal(object)

    def __init__(self, spec: FieldSpec, label_width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.editor = make_editor(spec, self)
        self.label = QLabel(spec.title, self)
        self.problem = QLabel(self)
        self.reset = QToolButton(self)
        self._stacked, self._label_width = False, label_width
        self._prepare_words(label_width)
        self._prepare_reset()
        self._lay_out(label_width)
        self.editor.committed.connect(self._committed)
        if spec.has_default:
            self.set_value(spec.default)

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        self.editor.set_value(value)
        self._show_reset()

    def set_problem(self, message: str) -> None:
        """Turn the field red and say why; an empty message clears it."""
        self.problem.setText(message)
        self.problem.setVisible(bool(message))
        for part in self.editor.targets():
            part.setAccessibleDescription(message or self.spec.description)
            if part.property("problem") != bool(message):
                part.setProperty("problem", bool(message))
                part.style().unpolish(part)
                part.style().polish(part)

    def _prepare_words(self, label_width: int) -> None:
        self.label.setWordWrap(True)
        self.label.setFixedWidth(label_width)
        self.label.setMinimumHeight(CONTROL_HEIGHT)
        self.label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.label.setBuddy(self.editor.targets()[0])
        self.problem.setProperty("tone", "danger")
        self.problem.setWordWrap(True)
        self.problem.hide()
        tip = _tooltip(self.spec)
        self.label.setToolTip(tip)
        for part in self.editor.targets():
            part.setToolTip(tip)
            part.setAccessibleName(self.spec.title)
            part.setAccessibleDescription(self.spec.description)

    def _prepare_reset(self) -> None:
        self.reset.setProperty("kind", "quiet")
        self.reset.setIcon(icon("reset", "muted"))
        self.reset.setFixedWidth(RESET_WIDTH)
        if self.spec.has_default:
            default = text_of(self.spec, self.spec.default) or "empty"
            self.reset.setToolTip(f"Back to the default: {default}")
        self.reset.setAccessibleName(f"Reset {self.spec.title}")
        self.reset.clicked.connect(self._to_default)
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.reset.hide()

    def _lay_out(self, label_width: int) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE_S)
        grid.setVerticalSpacing(SPACE_XS // 2)
        grid.setColumnStretch(1, 1)
        self._grid = grid
        self._place(0)
        self.setMaximumWidth(label_width + EDITOR_MAX_WIDTH + RESET_WIDTH + 2 * SPACE_S)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def set_stacked(self, stacked: bool) -> None:
        """Put the label over the editor, for narrow columns, or beside it."""
        if stacked == self._stacked:
            return
        self._stacked = stacked
        self.label.setMinimumHeight(0 if stacked else CONTROL_HEIGHT)
        if stacked:  # the whole line is its own
            self.label.setMinimumWidth(0)
            self.label.setMaximumWidth(self.maximumWidth())
        else:
            self.label.setFixedWidth(self._label_width)
        self._place(1 if stacked else 0)

    def _place(self, row: int) -> None:
        column, top = 0 if row else 1, Qt.AlignmentFlag.AlignTop
        for part in (self.label, self.editor, self.reset, self.problem):
            self._grid.removeWidget(part)
        self._grid.addWidget(self.label, 0, 0, 1, 2 if row else 1, top)
        self._grid.addWidget(self.editor, row, column, 1, 2 - column, Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(self.reset, row, 2)
        self._grid.addWidget(self.problem, row + 1, column, 1, 3 - column)

    def _committed(self, value: Any) -> None:
        self._show_reset()
        self.edited.emit((self.spec.name, value))

    def _to_default(self) -> None:
        self.editor.targets()[0].setFocus()
        self.set_value(self.spec.default)
        self.edited.emit((self.spec.name, self.spec.default))

    def _show_reset(self) -> None:
        changed = self.spec.has_default and not same(self.editor.value(), self.spec.default)
        self.reset.setVisible(changed)


def same(one: Any, other: Any) -> bool:
    """Equality that takes lists and tuples for the same, but not True for 1."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _tooltip(spec: FieldSpec) -> str:
    # Rich text wraps; plain tooltips run over the screen's edge.
    unit = f" ({escape(spec.unit)})" if spec.unit else ""
    return f"<b>{escape(spec.title)}</b>{unit}<br>{escape(spec.description)}<br><code>{escape(spec.name)}</code>"
