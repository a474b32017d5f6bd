"""The study's heat map for a paper: PNG and SVG with title and legend, and CSV of every cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from workbench.app.studies.composition.report import as_csv, title_words
from workbench.app.studies.composition.table import Table
from workbench.core.errors import WorkbenchError
from workbench.core.files import write_atomic
from workbench.gui.explorer.export import png_bytes
from workbench.gui.pages.views.study.paint import paint
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_L

_TITLE_PX = 44
_CELL_PX = 74


def save(path: Path, table: Table, headings: Sequence[str], title: str) -> None:
    """Write the table; the suffix says how. WorkbenchError for an unknown suffix, OSError from the disk."""
    match path.suffix.lower():
        case ".csv":
            write_atomic(path, as_csv(table))
        case ".png":
            write_atomic(path, png_bytes(render(table, headings, title)))
        case ".svg":
            write_atomic(path, svg(table, headings, title))
        case other:
            raise WorkbenchError(f"A study is not saved as {other or path.name!r}.", "Choose .png, .svg or .csv.")


def render(table: Table, headings: Sequence[str], title: str, scale: float = 2.0) -> QImage:
    """Title and map at `scale` device pixels a logical one."""
    size = _size(headings)
    image = QImage(size * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    painter = QPainter(image)
    _paint(painter, size, table, headings, title)
    painter.end()
    return image


def svg(table: Table, headings: Sequence[str], title: str) -> bytes:
    """The same as SVG; texts stay texts."""
    size, buffer = _size(headings), QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(title)
    painter = QPainter(generator)
    _paint(painter, size, table, headings, title)
    painter.end()
    return bytes(buffer.data().data())


def _size(headings: Sequence[str]) -> QSize:
    count = len(headings)
    return QSize((count + 1) * _CELL_PX + 220, count * round(_CELL_PX * 0.75) + _TITLE_PX + 90)


def _paint(painter: QPainter, size: QSize, table: Table, headings: Sequence[str], title: str) -> None:
    theme = current_theme()
    whole = QRectF(0, 0, size.width(), size.height())
    painter.fillRect(whole, QColor(theme.surface))
    inner = whole.adjusted(SPACE_L, SPACE_L, -SPACE_L, -SPACE_L)
    painter.setPen(QColor(theme.text))
    font = painter.font()
    font.setPixelSize(15)
    font.setBold(True)
    painter.setFont(font)
    painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, title)
    font.setPixelSize(12)
    font.setBold(False)
    painter.setFont(font)
    painter.drawText(
        inner.adjusted(0, 22, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, title_words(table.plan)
    )
    paint(painter, inner.adjusted(0, _TITLE_PX, 0, 0), table, headings, theme)
