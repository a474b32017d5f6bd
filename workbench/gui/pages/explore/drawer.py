"""What stands under the map: a line of tabs, and the panel of the one that is open."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from workbench.app.explorer.explorer import Changed
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.base import ExplorePanel
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_XS
from workbench.gui.widgets.basics import icon_button

LOWEST_PX = 140
_UNBOUNDED = 16_777_215


class Drawer(QWidget):
    """Panels as tabs, closed at first. A panel is made when its tab is first opened, and follows only while it is up.

    Signals
    -------
    opened_changed(open) : the drawer was opened or closed
    """

    opened_changed = Signal(object)

    def __init__(self, desk: Desk, panels: Sequence[type[ExplorePanel]]) -> None:
        super().__init__()
        self._desk = desk
        self._kinds = {kind.id: kind for kind in panels}
        self._panels: dict[str, ExplorePanel] = {}
        self._stale: set[str] = set()
        self._open = ""
        self.tabs: dict[str, QToolButton] = {}
        self._stack = QStackedWidget()
        self.close_button = icon_button("chevron-down", "Close the panel  (Ctrl+J)")
        self.close_button.clicked.connect(self.close_panel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._build_strip())
        column.addWidget(self._stack, 1)
        self.setVisible(bool(panels))
        self._show_open()

    def _build_strip(self) -> QWidget:
        strip = QWidget()
        line = QHBoxLayout(strip)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_XS)
        for id_, kind in self._kinds.items():
            tab = self.tabs[id_] = QToolButton()
            tab.setText(kind.title)
            tab.setIcon(icon(kind.glyph, "muted"))
            tab.setIconSize(QSize(16, 16))
            tab.setToolButtonStyle(tab.toolButtonStyle().ToolButtonTextBesideIcon)
            tab.setProperty("kind", "quiet")
            tab.setCheckable(True)
            tab.setAccessibleName(kind.title)
            tab.setToolTip(kind.tip)
            tab.clicked.connect(lambda _checked=False, id_=id_: self.toggle(id_))
            line.addWidget(tab)
        line.addStretch(1)
        line.addWidget(self.close_button)
        strip.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return strip

    @property
    def panel(self) -> ExplorePanel | None:
        """The panel that is up."""
        return self._panels[self._open] if self._open else None

    def open_panel(self, id_: str) -> None:
        """Bring up a panel; raises KeyError for one that there is not."""
        if id_ not in self._panels:
            self._panels[id_] = self._kinds[id_](self._desk)
            self._stack.addWidget(self._panels[id_])
            self._stale.add(id_)
        self._open = id_
        self._stack.setCurrentWidget(self._panels[id_])
        self._show_open()
        self._bring_up_to_date()

    def close_panel(self) -> None:
        """Leave the line of tabs alone."""
        self._open = ""
        self._show_open()

    def toggle(self, id_: str = "") -> None:
        """Open a panel, or close it where it is open; without an id the one that was up last."""
        if self._open and id_ in ("", self._open):
            self.close_panel()
        elif self._kinds:
            last = next((key for key, made in self._panels.items() if made is self._stack.currentWidget()), "")
            self.open_panel(id_ or last or next(iter(self._kinds)))

    def show_set(self) -> None:
        """Another set is open, or none."""
        self._stale = set(self._panels)
        self._bring_up_to_date()

    def follow(self, changed: Changed) -> None:
        """Tell the panel that is up; the others are brought up to date when they come up."""
        self._stale |= self._panels.keys() - {self._open}
        if self.panel is not None:
            self.panel.follow(changed)

    def retheme(self) -> None:
        for made in self._panels.values():
            made.retheme()

    def settled(self) -> bool:
        """Whether nothing that the panels asked for is still on its way."""
        return all(made.settled() for made in self._panels.values())

    def _bring_up_to_date(self) -> None:
        if self.panel is not None and self._open in self._stale:
            self._stale.discard(self._open)
            self.panel.show_set()

    def _show_open(self) -> None:
        is_open = bool(self._open)
        for id_, tab in self.tabs.items():
            tab.setChecked(id_ == self._open)
        self._stack.setVisible(is_open)
        self.close_button.setVisible(is_open)
        self.setMinimumHeight(LOWEST_PX if is_open else 0)
        self.setMaximumHeight(_UNBOUNDED if is_open else self.minimumSizeHint().height())
        self.opened_changed.emit(is_open)
