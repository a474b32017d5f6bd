"""From an image file of any mode and size to a uint8 square."""

from __future__ import annotations

import struct
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = (
    "PNG",
    "JPEG",
    "MPO",
    "JPEG2000",
    "WEBP",
    "AVIF",
    "GIF",
    "BMP",
    "DIB",
    "TIFF",
    "PPM",
    "TGA",
    "PCX",
    "ICO",
    "SGI",
)
"""The formats that are tried; those that call other programs (EPS) or hold no pixels (PDF) are not."""

_WIDE_MODES = ("I", "F")
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")


@cache
def _readable() -> tuple[str, ...]:
    """Those that this Pillow was built with; MPO has no reader of its own, it begins as a JPEG."""
    Image.init()
    return tuple(kind for kind in FORMATS if kind in Image.OPEN)


def suffixes() -> frozenset[str]:
    """File endings of readable images, lower case with the dot."""
    return frozenset(ending for ending, kind in Image.registered_extensions().items() if kind in FORMATS)


def shorter_side(source: Path | BytesIO) -> int | None:
    """Pixels along the shorter side from the header alone; None where it is no image."""
    try:
        with Image.open(source, formats=_readable()) as image:
            return min(image.size)
    except Exception:  # a stranger's file may break a decoder in any way; the reason is told when it is decoded
        return None


def decode(source: Path | BytesIO, side_px: int) -> NDArray[np.uint8]:
    """Decode, set upright by its EXIF orientation, put on white, shorter side to `side_px`, centre-cropped.

    Returns uint8 (side_px, side_px, 3). Raises whatever Pillow raises for a file it cannot read.
    """
    return decode_to(source, side_px, side_px)


def decode_to(source: Path | BytesIO, height_px: int, width_px: int) -> NDArray[np.uint8]:
    """As `decode`, to uint8 (height_px, width_px, 3): as much of the picture's centre as has this shape."""
    with Image.open(source, formats=_readable()) as image:
        image.draft(None, (2 * width_px, 2 * height_px))
        flat = opaque_rgb(_upright(image))
        if height_px == width_px:
            return np.asarray(square(flat, height_px))
        return np.asarray(ImageOps.fit(flat, (width_px, height_px), Image.Resampling.BICUBIC))


def is_animated(source: Path) -> bool:
    """Whether a file that can be read holds several pictures of one scene; that of `decode` is the first."""
    with Image.open(source, formats=_readable()) as image:
        return image.format in _ANIMATED and bool(getattr(image, "is_animated", False))


def opaque_rgb(image: Image.Image) -> Image.Image:
    """The image in mode RGB: alpha composited on white, 16-bit and float scaled to 8 bits."""
    if image.mode in _WIDE_MODES or image.mode.startswith("I;16"):
        return Image.fromarray(wide_to_uint8(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def square(image: Image.Image, side_px: int) -> Image.Image:
    """Shorter side to `side_px` and the centre kept, in one antialiased resampling; exact size is left alone."""
    width, height = image.size
    if (width, height) == (side_px, side_px):
        return image
    shorter = min(width, height)
    left, top = (width - shorter) / 2, (height - shorter) / 2
    box = (left, top, left + shorter, top + shorter)
    return image.resize((side_px, side_px), Image.Resampling.BICUBIC, box=box)


def wide_to_uint8(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """8-bit grey from 16-bit integers, or from floats in [0, 1] or [0, 255].

    Raises ValueError for values outside.
    """
    values = pixels.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if np.issubdtype(pixels.dtype, np.floating):
        top = 1.0 if high <= 1.0 else 255.0
    else:
        top = 65535.0
    if not (low >= 0 and high <= top):
        raise ValueError(f"pixel values from {low:g} to {high:g}; 0 to 1, to 255 or 16-bit can be read")
    return np.asarray(np.rint(values * (255.0 / top)), dtype=np.uint8)


def reason(error: Exception) -> str:
    """Why a file was skipped, in plain words."""
    match error:
        case Image.DecompressionBombError():
            return "has more pixels than is safe to decode"
        case UnidentifiedImageError():
            return "is not an image that can be read"
        case FileNotFoundError():
            return "there is no such file"
        case PermissionError():
            return "may not be read by this user"
    words = str(error) or type(error).__name__
    return "is cut off" if "truncated" in words.lower() else f"cannot be decoded: {words}"


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except (SyntaxError, struct.error, ValueError, KeyError, TypeError):
        # Damaged EXIF says nothing about the pixels; truncated pixels raise OSError and pass.
        return image
