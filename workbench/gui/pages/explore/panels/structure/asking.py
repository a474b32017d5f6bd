"""What to look for, its settings, Find and Cancel."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QWidget

from workbench.gui.pages.explore.panels.structure.kinds import KINDS, Kind
from workbench.gui.pages.explore.panels.structure.settings_strip import SettingsStrip
from workbench.gui.pages.explore.sets import OpenedSet
from workbench.gui.theme.tokens import SPACE_M
from workbench.gui.widgets.basics import push_button, set_kind
from workbench.recipes.words import schema_problems

LIST_PX, ITEM_PX = 172, 26
_CANCEL, _FIND = "Cancel", "Find"


class KindList(QListWidget):
    """What can be looked for, with a sentence each in the tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("What to look for")
        self.setProperty("bare", True)
        self.setFixedWidth(LIST_PX)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for kind in KINDS:
            item = QListWidgetItem(kind.title)
            item.setToolTip(kind.sentence)
            item.setSizeHint(QSize(0, ITEM_PX))
            self.addItem(item)
        self.setCurrentRow(0)

    @property
    def kind(self) -> Kind:
        """The chosen one."""
        return KINDS[max(0, self.currentRow())]

    def choose(self, id_: str) -> None:
        """Choose a kind by its id; raises ValueError for one that there is not."""
        self.setCurrentRow([kind.id for kind in KINDS].index(id_))


class Asking(QWidget):
    """The settings of the chosen kind as they were left, and Find.

    Signals
    -------
    wanted() : Find was pressed
    cancelled() : Cancel was pressed
    """

    wanted = Signal()
    cancelled = Signal()

    def __init__(self, kinds: KindList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kinds = kinds
        self._opened: OpenedSet | None = None
        self._schemas: dict[str, dict[str, Any]] = {}
        self._values: dict[str, dict[str, Any]] = {}
        self._is_busy = False
        self._problem = ""
        self.strip = SettingsStrip()
        self.button = push_button(_FIND, "primary")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_M)
        line.addWidget(self.strip)
        line.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        self.strip.edited.connect(self._edit)
        self.button.clicked.connect(self._press)
        self.show_set(None)

    @property
    def refusal(self) -> str:
        """Why the chosen kind cannot be looked for; "" where it can."""
        if self._opened is None:
            return "Open an embedding to look for structure in it."
        return self._kinds.kind.refusal(self._opened.stored)

    def values(self) -> dict[str, Any]:
        """The settings of the chosen kind."""
        return dict(self._values[self._kinds.kind.id])

    def show_set(self, opened: OpenedSet | None) -> None:
        """Another set or layout is open: what it has are the choices; what was set stays where it can."""
        self._opened = opened
        self._schemas = {} if opened is None else {kind.id: kind.schema(opened.stored) for kind in KINDS}
        for id_, schema in self._schemas.items():
            before = self._values.get(id_, {})
            self._values[id_] = {name: _kept(part, before.get(name)) for name, part in schema["properties"].items()}
        self.show_kind()

    def show_kind(self) -> None:
        """Show the settings of the chosen kind."""
        refused = bool(self.refusal)
        self._problem = ""
        self.setVisible(not refused)
        if not refused:
            id_ = self._kinds.kind.id
            self.strip.set_schema(self._schemas[id_])
            self.strip.set_values(self._values[id_])
            self._check()

    def set_busy(self, busy: bool) -> None:
        """Turn Find into Cancel while something is looked for."""
        self._is_busy = busy
        self._show_button()

    def _edit(self, change: tuple[str, Any]) -> None:
        name, value = change
        self._values[self._kinds.kind.id][name] = value
        self._check()

    def _check(self) -> None:
        id_ = self._kinds.kind.id
        found = {one.key: one.message for one in schema_problems(self._schemas[id_], self._values[id_], "")}
        self.strip.set_problems(found)
        self._problem = next(iter(found.values()), "")
        self._show_button()

    def _show_button(self) -> None:
        self.button.setText(_CANCEL if self._is_busy else _FIND)
        set_kind(self.button, "" if self._is_busy else "primary")
        self.button.setEnabled(self._is_busy or not self._problem)
        self.button.setToolTip("" if self._is_busy else self._problem or self._kinds.kind.sentence)

    def _press(self) -> None:
        (self.cancelled if self._is_busy else self.wanted).emit()


def _kept(schema: dict[str, Any], before: Any) -> Any:
    """What was set before, where that is still a choice; else the default."""
    if before is None or ("enum" in schema and before not in schema["enum"]):
        return schema.get("default")
    return before
