"""What goes wrong in the run that is looked at: one line, and behind a button why and which settings to change."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, Glyph, icon_button, label, push_button
from workbench.runs.alarms import Alarm
from workbench.runs.history import RunHistory

_BY_KEYBOARD = Qt.TextInteractionFlag.LinksAccessibleByKeyboard
_MORE = "What to change"


class AlarmBanner(QFrame):
    """The newest alarm that goes on and was not put aside; hidden without one. The curves need the room: it is one line
    until someone asks for more, and then stays open for the alarms that follow.

    Signals
    -------
    opened(key) : the setting of this key is wanted ("objective.momentum")
    """

    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._aside: set[tuple[int, str, int]] = set()
        self._run = 0
        self._shown: tuple[Alarm, int] | None = None
        self._alarms: list[Alarm] = []
        self.setProperty("notice", "warning")
        self.title = ElidedLabel("", "strong")
        self.words = label("", "", wrap=True)
        self.more = push_button(_MORE, "quiet")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._open)
        self.close_button = icon_button("close", "Put this alarm aside")
        self.close_button.clicked.connect(self._dismiss)
        self.advice = label("", "", wrap=True)
        self.advice.setTextFormat(Qt.TextFormat.RichText)
        self.advice.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse | _BY_KEYBOARD)
        self.advice.linkActivated.connect(lambda key: self.opened.emit(key))
        self._lay_out()
        self._open(False)
        self.hide()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE_S)
        head.addWidget(Glyph("warning", "warning", 18))
        head.addWidget(self.title, 1)
        head.addWidget(self.more)
        head.addWidget(self.close_button)
        self.body = QWidget()
        words = QVBoxLayout(self.body)
        words.setContentsMargins(0, 0, SPACE_S, SPACE_S)
        words.setSpacing(2)
        words.addWidget(self.words)
        words.addWidget(self.advice)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, 0, SPACE_XS, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.body)

    def _open(self, shown: bool) -> None:
        """Say why and what to change, or fold that away."""
        self.more.setIcon(icon("chevron-down" if shown else "chevron-right", "muted"))
        self.body.setVisible(shown)

    @property
    def shown(self) -> Alarm | None:
        """The alarm that is told."""
        return self._shown[0] if self._shown else None

    def show_run(self, history: RunHistory) -> None:
        """Tell the newest of a run's alarms that go on."""
        self._run = id(history)
        self._alarms = [a for a in history.open_alarms if self._key(a) not in self._aside]
        told = (self._alarms[-1], len(self._alarms)) if self._alarms else None
        if told != self._shown:
            self._shown = told
            if told is not None:
                self._tell(*told)
            self.setVisible(told is not None)

    def _tell(self, alarm: Alarm, count: int) -> None:
        more = f", {count - 1} more" if count > 1 else ""
        self.title.set_full_text(f"{alarm.title} (step {alarm.step:,}{more})")
        self.words.setText(f"{alarm.seen} {alarm.means}".strip())
        self.more.setToolTip(self.words.text())
        self.setAccessibleName(f"Alarm: {alarm.title}. {alarm.seen} {alarm.means}")
        changes = [f'<a href="{escape(key)}">{escape(key)}</a>: {escape(change)}' for key, change in alarm.advice]
        self.advice.setText(" · ".join(changes))
        self.advice.setAccessibleName("; ".join(f"{key}: {change}" for key, change in alarm.advice))
        self.advice.setVisible(bool(changes))

    def _key(self, alarm: Alarm) -> tuple[int, str, int]:
        return self._run, alarm.id, alarm.step

    def _dismiss(self) -> None:
        """Put the alarm aside; the one before it comes up."""
        if self._shown is None:
            return
        self._aside.add(self._key(self._shown[0]))
        self._alarms = self._alarms[:-1]
        self._shown = (self._alarms[-1], len(self._alarms)) if self._alarms else None
        if self._shown is not None:
            self._tell(*self._shown)
        self.setVisible(self._shown is not None)
