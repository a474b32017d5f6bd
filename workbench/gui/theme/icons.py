"""Icons: strokes from `icons.toml`, drawn in the theme's colours at whatever size and pixel density is asked for."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from workbench.core.errors import WorkbenchError, unknown
from workbench.gui.theme.apply import current_theme

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="{path}" fill="none" stroke="{colour}" '
    'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)


@lru_cache(maxsize=1)
def _paths() -> dict[str, str]:
    with open(Path(__file__).parent / "icons.toml", "rb") as file:
        return tomllib.load(file)


def icon_names() -> list[str]:
    """The icons there are."""
    return list(_paths())


def paint_icon(painter: QPainter, name: str, rect: QRectF, colour: str) -> None:
    """Draw an icon into `rect`; `colour` is "#rrggbb". Raises WorkbenchError for an unknown name."""
    if name not in _paths():
        raise WorkbenchError(unknown("icon", name, icon_names()))
    _renderer(name, colour).render(painter, rect)


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_SVG.format(path=_paths()[name], colour=colour).encode()))


def icon(name: str, token: str = "text") -> QIcon:
    """An icon in a colour of the theme that is current when it is painted.

    Parameters
    ----------
    name : a key of `icons.toml`
    token : the colour token; disabled icons take `outline`, chosen ones (On) `accent_text`

    Raises
    ------
    WorkbenchError
        for a name that does not exist
    """
    if name not in _paths():
        raise WorkbenchError(unknown("icon", name, icon_names()))
    return QIcon(_ThemedEngine(name, token))


class _ThemedEngine(QIconEngine):
    def __init__(self, name: str, token: str) -> None:
        super().__init__()
        self._name, self._token = name, token

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        paint_icon(painter, self._name, QRectF(rect), self._colour(mode, state))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _ThemedEngine(self._name, self._token)

    def _colour(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        theme = current_theme()
        if mode == QIcon.Mode.Disabled:
            return theme.outline
        token = "accent_text" if state == QIcon.State.On and self._token in ("text", "muted") else self._token
        return str(getattr(theme, token))
