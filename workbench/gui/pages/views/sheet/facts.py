"""The inspector beside the Operations panel: the operation that was clicked."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label, push_button
from workbench.gui.widgets.containers import Inspector
from workbench.plugins.catalogue import Entry
from workbench.plugins.specs import OperationSpec


class OperationFacts(Inspector):
    """Title, what it does, its settings, and a button that adds it.

    Signals
    -------
    wanted(id) : it is to be added to the pipeline
    """

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._id = ""
        self.hint = label("Click an operation to read what it does and to add it to the pipeline.", "muted", wrap=True)
        self.title = label("", "strong", wrap=True)
        self.words = label("", wrap=True)
        self.settings = label("", "muted", wrap=True)
        self.add = push_button("Add to the pipeline", "primary", "plus", "Put it at the end of the first branch")
        self.add.clicked.connect(lambda: self.wanted.emit(self._id))
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for part in (self.hint, self.title, self.words, self.settings, self.add):
            column.addWidget(part)
            part.setVisible(part is self.hint)
        self.add_section("operation", "Operation", body)

    def show_entry(self, entry: Entry[OperationSpec]) -> None:
        """Tell about this operation."""
        self._id = entry.id
        self.title.setText(entry.title)
        self.words.setText(entry.spec.summary)
        self.settings.setText("\n".join(self._settings(entry)))
        for part in (self.title, self.words, self.settings, self.add):
            part.show()
        self.hint.hide()

    @staticmethod
    def _settings(entry: Entry[OperationSpec]) -> list[str]:
        properties = entry.schema_.get("properties", {})
        return [
            f"{prop.get('title', name)}: {prop['description']}"
            for name, prop in properties.items()
            if "description" in prop
        ]
