"""The recipe bar: the experiment as a chain of chips, and the one button that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QSizePolicy, QWidget

from workbench.gui.theme import current_theme, icon
from workbench.gui.theme.tokens import FONT_SMALL, RADIUS_M, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, push_button, set_tone

_CHIP_HEIGHT = 44
_CHIP_MIN = 72
_CHEVRON = 16
_BAR_HEIGHT = 60
_STATUS_MAX = 200


@dataclass(frozen=True)
class ChipView:
    """A chip: `value` says the choice in words, `problem` is empty or says why it cannot be run."""

    id: str
    caption: str
    value: str
    problem: str = ""


def fit_widths(preferred: Sequence[int], available: int, minimum: int = _CHIP_MIN) -> list[int]:
    """Widths that sum to at most `available`: the widest give way first, none below `minimum` (or its own wish)."""
    widths = list(preferred)
    excess = sum(widths) - available
    while excess > 0:
        widest = max(widths)
        shrinkable = [index for index, width in enumerate(widths) if width == widest and width > minimum]
        if not shrinkable:
            break
        below = max((width for width in widths if width < widest), default=minimum)
        room = widest - max(below, minimum)
        cut = min(room, -(-excess // len(shrinkable)))
        for index in shrinkable:
            widths[index] -= cut
        excess = sum(widths) - available
    return widths


class RecipeBar(QFrame):
    """The chain of chips, status words and the primary action.

    Signals
    -------
    opened(id) : a chip was pressed
    triggered(None) : the primary action was pressed
    """

    opened = Signal(object)
    triggered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipeBar")
        self.setFixedHeight(_BAR_HEIGHT)
        self.chain = _Chain(self)
        self.chain.opened.connect(self.opened)
        self.status = ElidedLabel("", "caption", self)
        self.status.setMaximumWidth(_STATUS_MAX)
        self.status.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.action = push_button("Train", "primary", "play")
        self.action.clicked.connect(lambda: self.triggered.emit(None))
        line = QHBoxLayout(self)
        line.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
        line.setSpacing(SPACE_M)
        line.addWidget(self.chain, 1)
        self._tools = QHBoxLayout()
        self._tools.setSpacing(2)
        line.addLayout(self._tools)
        line.addWidget(self.status)
        line.addWidget(self.action)

    def set_chips(self, chips: Sequence[ChipView]) -> None:
        """Show these chips; chips that stay keep their widget and focus."""
        self.chain.set_chips(chips)

    def set_current(self, id_: str | None) -> None:
        """Mark the chip whose page is open."""
        self.chain.set_current(id_)

    def set_action(self, text: str, icon_name: str = "play", enabled: bool = True, reason: str = "") -> None:
        """What the button does; `reason` says why it cannot be pressed."""
        self.action.setText(text)
        self.action.setIcon(icon(icon_name, "on_accent"))
        self.action.setEnabled(enabled)
        self.action.setToolTip(reason)
        self.action.setAccessibleDescription(reason)

    def set_status(self, text: str, tone: str = "caption") -> None:
        """A few words beside the button: "Running · 42%"; tone "danger" for a failure."""
        set_tone(self.status, tone)
        self.status.set_full_text(text)

    def add_tool(self, widget: QWidget) -> None:
        """Put a small button between the chain and the action."""
        self._tools.addWidget(widget)


class _Chain(QWidget):
    opened = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._chips: list[Chip] = []
        self._current: str | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_chips(self, chips: Sequence[ChipView]) -> None:
        if [chip.id for chip in chips] != [chip.view.id for chip in self._chips]:
            for old in self._chips:
                old.setParent(None)
                old.deleteLater()
            self._chips = [self._make(view) for view in chips]
        for chip, view in zip(self._chips, chips, strict=True):
            chip.set_view(view)
        self._arrange()

    def set_current(self, id_: str | None) -> None:
        self._current = id_
        for chip in self._chips:
            chip.set_current(chip.view.id == id_)

    def chips(self) -> list[Chip]:
        return list(self._chips)

    def minimumSizeHint(self) -> QSize:
        return QSize(len(self._chips) * (_CHIP_MIN + _CHEVRON), _BAR_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(current_theme().outline), 1.4, c=Qt.PenCapStyle.RoundCap))
        for chip in self._chips[1:]:
            tip = QPointF(chip.x() - _CHEVRON / 2 + 2, self.height() / 2)
            painter.drawPolyline([tip + QPointF(-3.5, -4.5), tip, tip + QPointF(-3.5, 4.5)])

    def _make(self, view: ChipView) -> Chip:
        chip = Chip(view, self)
        chip.clicked.connect(lambda: self.opened.emit(chip.view.id))
        chip.set_current(view.id == self._current)
        chip.show()
        return chip

    def _arrange(self) -> None:
        gaps = _CHEVRON * max(0, len(self._chips) - 1)
        widths = fit_widths([chip.sizeHint().width() for chip in self._chips], self.width() - gaps)
        x, top = 0, (self.height() - _CHIP_HEIGHT) // 2
        for chip, width in zip(self._chips, widths, strict=True):
            chip.setGeometry(QRect(x, top, width, _CHIP_HEIGHT))
            x += width + _CHEVRON
        self.update()


class Chip(QAbstractButton):
    """A caption over a value; a red dot when it holds a problem."""

    def __init__(self, view: ChipView, parent: QWidget) -> None:
        super().__init__(parent)
        self.view = view
        self._current = False
        self._hovered = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_view(self, view: ChipView) -> None:
        """Show other words."""
        self.view = view
        self.setAccessibleName(f"{view.caption}: {view.value}")
        self.setAccessibleDescription(view.problem)
        self.setToolTip(view.problem or f"{view.caption}: {view.value}")
        self.update()

    def set_current(self, current: bool) -> None:
        """Whether its page is open."""
        self._current = current
        self.update()

    def sizeHint(self) -> QSize:
        dot = 10 if self.view.problem else 0
        caption = QFontMetrics(self._caption_font()).horizontalAdvance(self.view.caption) + dot
        value = QFontMetrics(self.font()).horizontalAdvance(self.view.value)
        return QSize(max(caption, value) + 2 * SPACE_S + 4, _CHIP_HEIGHT)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hovered = False
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        fill = theme.selected if self._current else theme.hover if self._hovered or self.isDown() else theme.raised
        edge = theme.focus if self.hasFocus() else theme.danger if self.view.problem else None
        painter.setPen(QPen(QColor(edge), 1.5) if edge else QPen(QColor(theme.border), 1))
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(box, RADIUS_M, RADIUS_M)
        self._paint_words(painter)

    def _paint_words(self, painter: QPainter) -> None:
        theme = current_theme()
        inner = self.rect().adjusted(SPACE_S + 1, 5, -SPACE_S - 1, -5)
        painter.setFont(self._caption_font())
        painter.setPen(QColor(theme.accent_text if self._current else theme.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, self.view.caption)
        if self.view.problem:
            painter.setBrush(QColor(theme.danger))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(QPointF(inner.right() - 3, inner.top() + 7), 3.5, 3.5)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.danger if self.view.problem else theme.text))
        value = self.fontMetrics().elidedText(self.view.value, Qt.TextElideMode.ElideRight, inner.width() + 1)
        painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, value)

    def _caption_font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        return font
