"""How far the answer is, with a way to want it no more."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QWidget

from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, push_button

_BAR_PX = 96


class Waiting(QWidget):
    """One line under the figure while an answer is on its way; it keeps its height, so that nothing jumps.

    Signals
    -------
    cancelled() : Cancel was pressed
    """

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(_BAR_PX)
        self.bar.setAccessibleName("Progress of the figure")
        self.words = ElidedLabel("", "muted")
        self.cancel = push_button("Cancel", "quiet")
        self.cancel.clicked.connect(self.cancelled)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_S)
        line.addWidget(self.bar)
        line.addWidget(self.words, 1)
        line.addWidget(self.cancel)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.hide()

    def begin(self) -> None:
        """Nothing is known of it yet."""
        if self.isHidden():
            self.bar.setRange(0, 0)
            self.words.set_full_text("Waiting for the lab")
            self.show()

    def show_share(self, share: float, words: str) -> None:
        """It is so far, and does this."""
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * share))
        self.words.set_full_text(words)
