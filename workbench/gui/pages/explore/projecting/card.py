"""The card that floats over the map while something is computed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from workbench.app.jobs import Job
from workbench.core.units import format_duration
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, push_button

CARD_WIDTH = 360
PAUSE_KEY = "F8"


class ProgressCard(QFrame):
    """Says what is computed and how far it is, with Pause where that can be paused.

    Signals
    -------
    paused() : Pause was pressed
    """

    paused = Signal()

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("toast")
        self._over = over
        self.title = ElidedLabel("", "strong")
        self.words = ElidedLabel("", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        tip = f"Stop here and keep this layout; it can go on later  ({PAUSE_KEY})"
        self.pause = push_button("Pause", "", "pause", tip)
        self.pause.clicked.connect(self._press)
        self.offer_pause(False)
        words = QVBoxLayout()
        words.setSpacing(SPACE_S)
        for part in (self.title, self.bar, self.words):
            words.addWidget(part)
        line = QHBoxLayout(self)
        line.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_M)
        line.setSpacing(SPACE_M)
        line.addLayout(words, 1)
        line.addWidget(self.pause)
        self.hide()

    def show_job(self, job: Job | None) -> None:
        """Show how far it is; hide where nothing is computed."""
        if job is None or not job.active:
            self.hide()
            return
        self.title.set_full_text(job.title)
        eta = f" · {format_duration(job.eta_s)} left" if job.eta_s is not None else ""
        self.words.set_full_text((job.words or "Starting the lab") + eta)
        self.bar.setRange(0, 0 if job.share < 0 else 1000)
        self.bar.setValue(round(1000 * max(job.share, 0.0)))
        self.place()
        self.show()
        self.raise_()

    def offer_pause(self, offered: bool) -> None:
        """Show Pause, or not; it can be pressed once there is something to keep."""
        self._pressed = False
        self.pause.setText("Pause")
        self.pause.setVisible(offered)
        self.pause.setEnabled(False)

    def allow_pause(self) -> None:
        """There is something to keep now."""
        self.pause.setEnabled(not self._pressed)

    def place(self) -> None:
        """Stand at the top, in the middle."""
        width = min(CARD_WIDTH, self._over.width() - 2 * SPACE_L)
        self.setGeometry((self._over.width() - width) // 2, SPACE_L, width, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place()

    def _press(self) -> None:
        self._pressed = True
        self.pause.setText("Pausing…")
        self.pause.setEnabled(False)
        self.paused.emit()
