"""A time-lapse as a film: frames with title, checkpoint and legend, written as GIF or MP4.

Nothing here needs the window's thread: pictures are painted into QImages, which Qt allows anywhere.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen

from workbench.app.films import check_film
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.legend_paint import LegendContent, legend_width, paint_legend
from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.camera import Bounds, Camera
from workbench.gui.explorer.raster.cloud import Cloud, device_shape, transform
from workbench.gui.explorer.raster.glide import glide

REST_S, GLIDE_S, LAST_REST_S = 0.4, 0.8, 1.2
LONGEST_S = 60.0
_MARGIN_PX, _TITLE_PX, _CAPTION_PX, _TIME_PX = 14.0, 26.0, 22.0, 18.0
_GIF_COLOURS = 256
_FOLDED_SIDE = 256

Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Film:
    """What is filmed.

    places : float32 (N, 2) of each of T checkpoints, at least one; NaN for points without a place
    captions : what is said of each
    cloud : the N points with their colours, mask and marks
    point_size : logical pixels; None for a size that suits N
    """

    places: tuple[NDArray[np.float32], ...]
    captions: tuple[str, ...]
    cloud: Cloud
    colours: PlotColours
    legend: LegendContent
    font: QFont
    title: str = ""
    point_size: float | None = None


def moments(steps: int, fps: int) -> list[float]:
    """The place in time of each frame: i at the i-th checkpoint, between i and i + 1 on the way to the next.

    Each checkpoint rests 0.4 s and is 0.8 s on its way, the last rests 1.2 s; all faster where the film would be longer
    than a minute.
    """
    length_s = steps * REST_S + (steps - 1) * GLIDE_S
    pace = min(1.0, LONGEST_S / length_s)
    rest, way = (max(1, round(seconds * pace * fps)) for seconds in (REST_S, GLIDE_S))
    told: list[float] = []
    for step in range(steps - 1):
        told += [float(step)] * rest
        told += [step + part / way for part in range(1, way)]
    return told + [float(steps - 1)] * max(1, round(LAST_REST_S * fps))


class FilmPainter:
    """Paints the frames of a film of `size` pixels; title and legend are painted once."""

    def __init__(self, film: Film, size: tuple[int, int]) -> None:
        self._film = film
        self._font = QFont(film.font)
        self._font.setPixelSize(12)
        whole = QRectF(0, 0, *size)
        inner = whole.adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
        self._still = QImage(*size, QImage.Format.Format_RGB32)
        painter = QPainter(self._still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        painter.fillRect(whole, QColor(film.colours.background))
        self._map = self._paint_still(painter, inner)
        painter.end()
        self._camera = Camera(width=self._map.width(), height=self._map.height()).fitted(_bounds(film.places))

    def _paint_still(self, painter: QPainter, inner: QRectF) -> QRectF:
        """Paint title and legend; where the map goes."""
        film = self._film
        if film.title:
            painter.setPen(QColor(film.colours.foreground))
            painter.setFont(_bold(self._font))
            _line(painter, QRectF(inner.left(), inner.top(), inner.width(), _TITLE_PX), film.title)
            painter.setFont(self._font)
            inner.setTop(inner.top() + _TITLE_PX)
        self._caption = QRectF(inner.left(), inner.top(), inner.width(), _CAPTION_PX)
        inner.setTop(inner.top() + _CAPTION_PX)
        self._time = QRectF(inner.left(), inner.bottom() - _TIME_PX, inner.width(), _TIME_PX)
        inner.setBottom(inner.bottom() - _TIME_PX)
        wide = legend_width(film.legend, inner.height(), inner.width() * 0.4, self._font)
        if wide:
            area = QRectF(inner.right() - wide, inner.top(), wide, inner.height())
            paint_legend(painter, area, film.legend, film.colours)
            inner.setRight(inner.right() - wide - _MARGIN_PX)
        return QRectF(inner.toAlignedRect())

    def frame(self, moment: float) -> NDArray[np.uint8]:
        """The picture at a place in time, uint8 (H, W, 3)."""
        pixels = self._points(moment)
        image = self._still.copy()
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        painter.drawImage(self._map.topLeft(), painting.to_image(pixels))
        painter.setPen(QColor(self._film.colours.muted))
        _line(painter, self._caption, self._film.captions[round(moment)])
        self._paint_time(painter, moment)
        painter.end()
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return np.ascontiguousarray(rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4)[..., 2::-1])

    def _points(self, moment: float) -> NDArray[np.uint32]:
        film, step = self._film, int(moment)
        xy, shade = film.places[step], None
        if moment > step:
            xy, shade = glide(film.places[step], film.places[step + 1], moment - step)
        cloud = film.cloud.moved(xy, shade=shade)
        layers = cloud.layers(film.colours, cloud.size_px(film.point_size, 1.0), 1.0)
        shape = device_shape(self._camera, 1.0)
        return painting.draw(layers, transform(self._camera, 1.0), shape, film.colours.argb("background"))

    def _paint_time(self, painter: QPainter, moment: float) -> None:
        """A line with a tick for each checkpoint, and where the film is."""
        colours, area, last = self._film.colours, self._time, max(len(self._film.places) - 1, 1)
        y, left, wide = area.center().y() + 4, area.left() + 5, area.width() - 10
        now = QPointF(left + wide * moment / last, y)
        painter.setPen(QPen(QColor(colours.grid), 2))
        painter.drawLine(QPointF(left, y), QPointF(left + wide, y))
        for step in range(len(self._film.places)):
            at = left + wide * step / last
            painter.drawLine(QPointF(at, y - 3), QPointF(at, y + 3))
        painter.setPen(QPen(QColor(colours.accent), 2))
        painter.drawLine(QPointF(left, y), now)
        painter.setBrush(QColor(colours.accent))
        painter.drawEllipse(now, 4, 4)


def write_film(film: Film, path: Path, size: tuple[int, int], fps: int, progress: Progress = lambda share: None) -> int:
    """Write the film, whole or not at all; how many frames it has. The suffix says which kind.

    An MP4 has an even width and height: an odd one loses a pixel. Raises WorkbenchError as `check_film`, OSError from
    the disk, and what `progress` raises.
    """
    check_film(path)
    is_gif = path.suffix.lower() == ".gif"
    width, height = size if is_gif else (size[0] // 2 * 2, size[1] // 2 * 2)
    painter, times = FilmPainter(film, (width, height)), moments(len(film.places), fps)
    draft = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}.part{path.suffix}")
    try:
        if is_gif:
            _write_gif(painter, times, draft, fps, progress)
        else:
            _write_mp4(painter, times, draft, (width, height), fps, progress)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return len(times)


def _frames(painter: FilmPainter, times: list[float], progress: Progress) -> Iterator[NDArray[np.uint8]]:
    """The frames, those of the same moment painted once."""
    last: tuple[float, NDArray[np.uint8]] | None = None
    for number, moment in enumerate(times):
        progress(number / len(times))
        if last is None or last[0] != moment:
            last = moment, painter.frame(moment)
        yield last[1]
    progress(1.0)


def _write_gif(painter: FilmPainter, times: list[float], path: Path, fps: int, progress: Progress) -> None:
    from PIL import Image

    shared = _palette([painter.frame(times[at]) for at in (0, len(times) // 2, len(times) - 1)])

    def few_colours(frame: NDArray[np.uint8]) -> Any:
        return Image.fromarray(frame).quantize(palette=shared, dither=Image.Dither.NONE)

    pictures = map(few_colours, _frames(painter, times, progress))
    first = next(pictures)
    # A GIF tells time in hundredths of a second.
    first.save(
        path, "GIF", save_all=True, append_images=pictures, duration=10 * max(1, round(100 / fps)), loop=0,
        optimize=False,
    )  # fmt: skip


def _palette(frames: list[NDArray[np.uint8]]) -> Any:
    """256 colours that suit all of these frames (median cut, Heckbert 1982).

    Each colour counts by the root of its number of pixels, so that few points of a colour keep it beside much ground.
    """
    from PIL import Image

    pixels = np.concatenate([frame.reshape(-1, 3) for frame in frames]).astype(np.uint32)
    colours, counts = np.unique(pixels[:, 0] << 16 | pixels[:, 1] << 8 | pixels[:, 2], return_counts=True)
    folded = np.repeat(colours, np.ceil(np.sqrt(counts)).astype(np.int64))
    folded = np.resize(folded, (-(-len(folded) // _FOLDED_SIDE), _FOLDED_SIDE))
    picture = np.stack([folded >> 16 & 255, folded >> 8 & 255, folded & 255], axis=-1).astype(np.uint8)
    return Image.fromarray(picture).quantize(_GIF_COLOURS, method=Image.Quantize.MEDIANCUT)


def _write_mp4(
    painter: FilmPainter, times: list[float], path: Path, size: tuple[int, int], fps: int, progress: Progress
) -> None:
    import imageio_ffmpeg

    writer = imageio_ffmpeg.write_frames(
        str(path), size, fps=fps, codec="libx264", pix_fmt_in="rgb24", pix_fmt_out="yuv420p", quality=8,
        macro_block_size=2, ffmpeg_log_level="error",
    )  # fmt: skip
    writer.send(None)
    try:
        for frame in _frames(painter, times, progress):
            writer.send(frame)
    finally:
        writer.close()


def _bounds(places: tuple[NDArray[np.float32], ...]) -> Bounds:
    """The box around the points of all checkpoints."""
    boxes = [box for box in map(Bounds.around, places) if box.width or box.height] or [Bounds.around(places[0])]
    left, right = min(b.x - b.width / 2 for b in boxes), max(b.x + b.width / 2 for b in boxes)
    low, high = min(b.y - b.height / 2 for b in boxes), max(b.y + b.height / 2 for b in boxes)
    return Bounds((left + right) / 2, (low + high) / 2, right - left, high - low)


def _bold(font: QFont) -> QFont:
    made = QFont(font)
    made.setPixelSize(15)
    made.setBold(True)
    return made


def _line(painter: QPainter, area: QRectF, text: str) -> None:
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()))
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
