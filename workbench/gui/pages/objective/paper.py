"""Where an idea was published: words that can be selected, and a link that can be copied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.theme.tokens import SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, icon_button, label
from workbench.plugins.specs import Paper


class PaperView(QWidget):
    """Title, authors, venue and year, and the address with a button that copies it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = label("", "strong", wrap=True)
        self.authors = label("", "muted", wrap=True)
        self.link = ElidedLabel("", "muted")
        for words in (self.title, self.authors, self.link):
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = icon_button("copy", "Copy the link")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.link.full_text()))
        self._address = QWidget()
        line = QHBoxLayout(self._address)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_XS)
        line.addWidget(self.link)
        line.addWidget(self.copy)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_XS)
        for part in (self.title, self.authors, self._address):
            column.addWidget(part)

    def show_paper(self, paper: Paper) -> None:
        """Show a paper."""
        self.title.setText(paper.title)
        where = f"{paper.venue} {paper.year}" if paper.venue else str(paper.year)
        self.authors.setText(f"{paper.authors} · {where}")
        self.link.set_full_text(paper.url)
        self._address.setVisible(bool(paper.url))
