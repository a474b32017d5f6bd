"""The settings of a projection, in a card that floats under its button."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.forms import SchemaForm
from workbench.gui.pages.explore.projecting.groups import GroupChoices
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import label, push_button
from workbench.plugins.catalogue import Entry
from workbench.recipes.words import schema_problems

_WIDTH = 420


class ProjectionSettings(QFrame):
    """A form over the settings of one projection.

    Signals
    -------
    edited(settings) : all settings after a change that is allowed
    wanted(None) : "Compute" was pressed
    go_on_wanted(None) : "Continue" was pressed: the layout that is shown is to go on with these settings

    Parameters
    ----------
    groups : the part of the form that names points
    """

    edited = Signal(object)
    wanted = Signal(object)
    go_on_wanted = Signal(object)

    def __init__(self, parent: QWidget, groups: GroupChoices) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("card", True)
        self._entry: Entry[Any] | None = None
        self._values: dict[str, Any] = {}
        self.heading = label("", "heading")
        self.summary = label("", "muted", wrap=True)
        self.form = SchemaForm()
        self.groups = groups
        self.form.edited.connect(self._edit)
        self.groups.edited.connect(self._edit)
        self.compute = push_button("Compute", "primary")
        self.compute.clicked.connect(self._want)
        self.go_on = push_button("Continue", "", "play", "Go on from the layout that is shown, with these settings")
        self.go_on.clicked.connect(self._want_to_go_on)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.go_on)
        foot.addWidget(self.compute)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_S)
        for part in (self.heading, self.summary, self.groups, self.form):
            column.addWidget(part)
        column.addLayout(foot)
        self.setFixedWidth(_WIDTH)

    def show_settings(self, entry: Entry[Any], values: dict[str, Any]) -> None:
        """Show a projection's settings."""
        self._entry, self._values = entry, dict(values)
        self.heading.setText(entry.title)
        self.summary.setText(entry.spec.summary)
        self.form.set_schema(self.groups.set_schema(entry.schema_))
        self.form.setVisible(bool(self.form.values()))
        self.form.set_values(values)
        self.groups.set_values(values)
        self.form.set_problems({})
        self.compute.setEnabled(True)

    def offer_to_go_on(self, offered: bool) -> None:
        """Show Continue, or not."""
        self.go_on.setVisible(offered)

    def open_under(self, anchor: QWidget) -> None:
        """Float under a widget, within its screen."""
        self._fit()
        at = anchor.mapToGlobal(QPoint(anchor.width() - self.width(), anchor.height() + 4))
        screen = anchor.screen().availableGeometry()
        self.move(max(screen.left(), at.x()), min(at.y(), screen.bottom() - self.height()))
        self.show()

    def _fit(self) -> None:
        """As high as its content."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.resize(_WIDTH, layout.totalHeightForWidth(_WIDTH))

    def event(self, event: QEvent) -> bool:
        """Fit again whenever a part has another height: once it is first shown, or when lines come or go."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self._fit()
        return done

    def _edit(self, change: tuple[str, Any]) -> None:
        name, value = change
        self._values[name] = value
        assert self._entry is not None
        problems = schema_problems(self._entry.schema_, self._values, "")
        self.form.set_problems({problem.key: problem.message for problem in problems})
        self.compute.setEnabled(not problems)
        if not problems:
            self.edited.emit(dict(self._values))

    def _want_to_go_on(self) -> None:
        self.hide()
        self.go_on_wanted.emit(None)

    def _want(self) -> None:
        self.hide()
        self.wanted.emit(None)
