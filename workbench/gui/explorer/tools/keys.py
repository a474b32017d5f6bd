"""What the keys do on a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from workbench.gui.explorer.tools.stepping import nearest_to, next_point

if TYPE_CHECKING:
    from workbench.gui.explorer.map_view import MapView

WHEEL_STEP = 1.25
_KEY_PAN = 0.1
_KEY_TURN = 0.1
"""Radians."""
_Key = Qt.Key
_CTRL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_PLAIN = Qt.KeyboardModifier.NoModifier
_ARROWS = {_Key.Key_Left: (1, 0), _Key.Key_Right: (-1, 0), _Key.Key_Up: (0, 1), _Key.Key_Down: (0, -1)}
"""Which way the content moves, right and down."""
_ZOOMS = {_Key.Key_Plus: WHEEL_STEP, _Key.Key_Equal: WHEEL_STEP, _Key.Key_Minus: 1 / WHEEL_STEP}
_TOOLS = {_Key.Key_L: "lasso", _Key.Key_B: "box", _Key.Key_V: "pan"}
_SELECTING = (_Key.Key_A, _Key.Key_D, _Key.Key_I)


def takes(view: MapView, event: QKeyEvent) -> bool:
    """Whether the map keeps a key to itself where a menu has it as well."""
    return view.gathers and _held(event) == _CTRL and event.key() in _SELECTING


def press(view: MapView, event: QKeyEvent) -> bool:
    """Do what a key asks for; False for one that means nothing here."""
    key = Qt.Key(event.key())
    if _held(event) == _CTRL:
        return _with_ctrl(view, key)
    if key in _ARROWS and _held(event) == _SHIFT and view.space is not None:
        right, down = _ARROWS[key]
        view.turn_by(-right * _KEY_TURN, -down * _KEY_TURN)
    elif key in _ARROWS:
        right, down = _ARROWS[key]
        view.pan_by(right * view.width() * _KEY_PAN, down * view.height() * _KEY_PAN)
    elif key in _ZOOMS:
        view.zoom_at(_ZOOMS[key], QPointF(view.width() / 2, view.height() / 2))
    elif key in (_Key.Key_0, _Key.Key_Home):
        view.fit()
    elif key in (_Key.Key_Return, _Key.Key_Enter, _Key.Key_Space) and view.focus_row is not None:
        view.clicked.emit(view.focus_row)
    else:
        return view.gathers and _held(event) == _PLAIN and _choose(view, key)
    return True


def _held(event: QKeyEvent) -> Qt.KeyboardModifier:
    return event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier


def _choose(view: MapView, key: Qt.Key) -> bool:
    if key in _TOOLS:
        view.set_tool(_TOOLS[key])
    elif key == _Key.Key_R and view.space is not None:
        view.set_tool("turn")
    elif key == _Key.Key_Escape and view.tool.id != view.hand:
        view.set_tool(view.hand)
    elif key == _Key.Key_F and len(view.cloud.selected):
        view.fly_to(view.cloud.selected)
    else:
        return False
    return True


def _with_ctrl(view: MapView, key: Qt.Key) -> bool:
    if key in _ARROWS:
        right, down = _ARROWS[key]
        step(view, -right, down)
        return True
    if not view.gathers or key not in _SELECTING:
        return False
    shown = view.shown_rows()
    if key == _Key.Key_D:
        shown = shown[:0]
    elif key == _Key.Key_I:
        keep = np.ones(len(view.cloud.xy), np.bool_)
        keep[view.cloud.selected] = False
        shown = shown[keep[shown]]
    view.gathered.emit(shown, "replace")
    return True


def step(view: MapView, right: float, up: float) -> None:
    """Focus the next point in a direction; the first time the one that is selected, or nearest to the middle."""
    cloud, camera = view.cloud, view.camera
    row = view.focus_row
    if row is not None and cloud.is_drawn(row):
        found = next_point(cloud, row, right, up, camera.scale)
    elif len(cloud.selected) == 1 and cloud.is_drawn(int(cloud.selected[0])):
        found = int(cloud.selected[0])
    else:
        found = nearest_to(cloud, camera.x, camera.y)
    if found is not None:
        view.set_focus_row(found)
