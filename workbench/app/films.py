"""What a film of a time-lapse can be: its file, its size, its pace."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from workbench.core.errors import WorkbenchError

KINDS = (".gif", ".mp4")
SIZE_PX = (800, 600)
FPS = 20
_SMALLEST_PX, _LARGEST_PX = 160, 4096
_MOST_FPS = 60


def check_film(path: Path) -> None:
    """Raise WorkbenchError where no film can be written there: another kind of file, no encoder, no folder."""
    if path.suffix.lower() not in KINDS:
        raise WorkbenchError(f"A film is not saved as {path.suffix or path.name!r}.", "Choose .gif or .mp4.")
    if path.suffix.lower() == ".mp4" and find_spec("imageio_ffmpeg") is None:
        raise WorkbenchError(
            "Writing .mp4 needs imageio-ffmpeg, which is not installed.",
            "Install it with `pip install ssl-workbench[video]`, or choose .gif.",
        )
    if not path.absolute().parent.is_dir():
        raise WorkbenchError(f"There is no folder {path.absolute().parent}.", "Choose another place for the film.")


def film_size(text: str) -> tuple[int, int]:
    """Width and height in pixels of "800x600", for argparse."""
    parts = text.lower().split("x")
    sides = [int(part) for part in parts if part.isdecimal()]
    if len(parts) != 2 or len(sides) != 2 or not all(_SMALLEST_PX <= side <= _LARGEST_PX for side in sides):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a size: write width x height, such as 800x600, {_SMALLEST_PX} to {_LARGEST_PX} a side"
        )
    return sides[0], sides[1]


def film_fps(text: str) -> int:
    """Frames a second, for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_FPS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of frames a second: write 1 to {_MOST_FPS}")
    return int(text)
