"""What can be done with the shown layout, as small controls under the legend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QBoxLayout, QComboBox, QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from workbench.gui.explorer.map_view import MapView
from workbench.gui.pages.explore.projecting.card import PAUSE_KEY
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import icon_button, label, push_button

MOST_COMPONENTS = 20
_TURN_MS, _TURN_RADIANS = 33, 0.008


class LayoutStrip(QFrame):
    """Components of PCA, plane or space, turning, and going on; what does not apply is not there.

    Signals
    -------
    component_chosen(axis, number) : another principal component is wanted along "x", "y" or "z", in depth
    dimensions_switched() : a plane is wanted in place of space, or space in place of a plane
    go_on_wanted() : Continue was pressed
    """

    component_chosen = Signal(str, int)
    dimensions_switched = Signal()
    go_on_wanted = Signal()

    def __init__(self, view: MapView) -> None:
        super().__init__()
        self.setAccessibleName("Layout")
        self._view = view
        self._timer = QTimer(self, interval=_TURN_MS)
        self._timer.timeout.connect(self._turn)
        self.components = {axis: self._component_box(axis) for axis in ("x", "y", "z")}
        self.plane, self.space = self._dimension_button("2-D"), self._dimension_button("3-D")
        self.turning = icon_button("play", "Turn slowly; a click on the map ends it")
        self.turning.setCheckable(True)
        self.turning.toggled.connect(self._switch_turning)
        self.reset = icon_button("reset", "Look from the front again")
        self.reset.clicked.connect(self.look_from_front)
        self.go_on = push_button("Continue", "", "play", f"Go on from this layout  ({PAUSE_KEY})")
        self.go_on.clicked.connect(lambda: self.go_on_wanted.emit())
        self.done = label("", "muted")
        self._in_depth = label("in depth", "muted")
        self._groups = self._lay_out()
        view.installEventFilter(self)
        self.hide()

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_components(self, params: Mapping[str, Any] | None, count: int) -> None:
        """Offer so many components, with those that are drawn chosen; None offers nothing."""
        self._groups["components"].setVisible(params is not None)
        if params is None:
            return
        drawn = {params[axis] for axis in self.components} - {0}
        numbers = sorted(drawn | set(range(1, min(count, MOST_COMPONENTS) + 1)))
        for part in (self.components["z"], self._in_depth):
            part.setVisible(params["z"] > 0)
        for axis, box in self.components.items():
            if [box.itemData(row) for row in range(box.count())] != numbers:
                box.clear()
                for number in numbers:
                    box.addItem(f"PC {number}", number)
            box.setCurrentIndex(numbers.index(params[axis]) if params[axis] else -1)

    def show_dimensions(self, dimensions: int | None, words: str) -> None:
        """Offer plane and space, with the drawn one chosen; None offers neither. `words` are the other's tooltip."""
        self._groups["dimensions"].setVisible(dimensions is not None)
        self.plane.setChecked(dimensions == 2)
        self.space.setChecked(dimensions == 3)
        other = self.plane if dimensions == 3 else self.space
        for button in (self.plane, self.space):
            button.setToolTip(words if button is other else "This is shown")

    def show_turning(self, offered: bool) -> None:
        """Offer to turn the layout."""
        self._groups["turning"].setVisible(offered)
        if not offered:
            self.turning.setChecked(False)

    def show_go_on(self, iterations: int | None) -> None:
        """Offer to go on from a layout of so many iterations; None offers nothing."""
        self._groups["go_on"].setVisible(iterations is not None)
        self.done.setText(f"{iterations:,} iterations" if iterations else "")

    def settle(self) -> None:
        """Hide where nothing applies."""
        self.setVisible(any(not group.isHidden() for group in self._groups.values()))

    # -- acting ----------------------------------------------------------------------------------------------------

    def look_from_front(self) -> None:
        """Undo all turning, and show everything."""
        if self._view.space is not None:
            orbit = self._view.space.orbit
            self._view.turn_by(-orbit.yaw, -orbit.pitch)
            self._view.fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Hide, QEvent.Type.MouseButtonPress):
            self.turning.setChecked(False)
        return False

    def _switch_turning(self, on: bool) -> None:
        if on:
            self._timer.start()
        else:
            self._timer.stop()

    def _turn(self) -> None:
        self._view.turn_by(_TURN_RADIANS, 0.0)

    # -- building --------------------------------------------------------------------------------------------------

    def _component_box(self, axis: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(f"Component along {axis}")
        box.setToolTip(f"Principal component along {axis}; the first has the largest variance")
        box.setFixedWidth(72)
        box.activated.connect(lambda row: self.component_chosen.emit(axis, box.itemData(row)))
        return box

    def _dimension_button(self, words: str) -> QToolButton:
        button = QToolButton()
        button.setText(words)
        button.setCheckable(True)
        button.setProperty("kind", "quiet")
        button.setAccessibleName(words)
        button.clicked.connect(lambda: self._switch_dimensions(button))
        return button

    def _switch_dimensions(self, button: QToolButton) -> None:
        other = self.plane if button is self.space else self.space
        if not button.isChecked():  # it is what is shown
            button.setChecked(True)
            return
        button.setChecked(False)  # until it is shown
        other.setChecked(True)
        self.dimensions_switched.emit()

    def _lay_out(self) -> dict[str, QWidget]:
        across, up, deep = self.components.values()
        groups = {
            "components": _column(_row(across, label("×", "muted"), up), _row(deep, self._in_depth)),
            "dimensions": _row(self.plane, self.space),
            "turning": _row(self.turning, self.reset),
            "go_on": _column(self.done, self.go_on),
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_XS, SPACE_S, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(groups["components"])
        column.addWidget(_row(groups["dimensions"], groups["turning"]))
        column.addWidget(groups["go_on"])
        for group in groups.values():
            group.hide()
        return groups


def _row(*parts: QWidget) -> QWidget:
    return _filled(QHBoxLayout(), parts)


def _column(*parts: QWidget) -> QWidget:
    return _filled(QVBoxLayout(), parts)


def _filled(layout: QBoxLayout, parts: tuple[QWidget, ...]) -> QWidget:
    whole = QWidget()
    whole.setLayout(layout)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(SPACE_XS)
    for part in parts:
        layout.addWidget(part, 0, Qt.AlignmentFlag.AlignLeft)
    layout.addStretch(1)
    return whole
