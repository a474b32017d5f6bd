"""Many small pictures in one: the sprite sheets of the projector and of the page."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workbench.data.base import Progress
from workbench.embeddings.exporters.base import Chosen

MOST_PX = 8192
"""The longest side of a sheet that every browser draws."""
FEWEST_PX = 8
JPEG_BLOCK_PX = 8


def fitting_size(count: int, height: int, width: int, cell_multiple: int = 1) -> tuple[int, int] | None:
    """(h, w), px, at which `count` pictures fit a square grid of at most 8192 px; None below 8 px.

    The proportions are kept. `cell_multiple` is what a cell's sides must be multiples of.
    """
    cell = MOST_PX // columns_of(count) // cell_multiple * cell_multiple
    scale = min(1.0, cell / max(height, width))
    size = max(1, int(height * scale)), max(1, int(width * scale))
    return size if max(size) >= min(FEWEST_PX, height, width) else None


def columns_of(count: int) -> int:
    """Pictures in a row of the sheet, which has as many rows as columns or one fewer."""
    return math.ceil(math.sqrt(count))


def sheet(chosen: Chosen, size: tuple[int, int], cell: tuple[int, int], progress: Progress) -> Image.Image:
    """The pictures of the rows, left to right and top to bottom, each at the upper left of its cell.

    Parameters
    ----------
    size : (h, w) of a picture, px; smaller ones are averaged from the originals
    cell : (h, w) of a cell; what a picture leaves free repeats its edge, so that compression does not bleed into it
    """
    pictures = chosen.opened.thumbnails
    assert pictures is not None
    across = columns_of(len(chosen))
    canvas = np.zeros((-(-len(chosen) // across), cell[0], across, cell[1], 3), np.uint8)
    pad = ((0, cell[0] - size[0]), (0, cell[1] - size[1]), (0, 0))
    for part in chosen.blocks(int(np.prod(pictures.shape[1:])), progress, "Collecting pictures"):
        for number, picture in enumerate(chosen.take(pictures, part), part.start):
            canvas[number // across, :, number % across] = np.pad(_resized(picture, size), pad, mode="edge")
    return Image.fromarray(canvas.reshape(canvas.shape[0] * cell[0], across * cell[1], 3))


def as_jpeg(image: Image.Image, quality: int) -> bytes:
    """The picture as JPEG with full colour resolution."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def whole_blocks(size: tuple[int, int]) -> tuple[int, int]:
    """(h, w) rounded up to whole JPEG blocks."""
    return -(-size[0] // JPEG_BLOCK_PX) * JPEG_BLOCK_PX, -(-size[1] // JPEG_BLOCK_PX) * JPEG_BLOCK_PX


def _resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if picture.shape[:2] == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BOX))
