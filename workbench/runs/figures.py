"""What showed an objective at work along a run: one `figures/step_00001200.npz` for each moment.

The engine writes the sets, on the same pictures all along, so that together they are a time-lapse; both sides read
them. Pictures are stored as uint8, everything else as float32.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import RunError
from workbench.core.files import write_atomic
from workbench.plugins.specs import FigureSpec
from workbench.runs.folder import RunFolder, step_name

Figures = dict[str, NDArray[Any]]

KEPT = 60
LARGEST_PX = 128
"""Pictures of a longer side are stored smaller: a time-lapse shows many of them at once."""
RANKS = {"matrix": 2, "pictures": 5, "bars": 1, "lines": 2}
_FILE = re.compile(r"step_(\d{8,})\.npz")


@dataclass(frozen=True)
class FigureSet:
    """The figures of one moment: optimiser steps done, and the file."""

    step: int
    path: Path


def figure_sets(folder: RunFolder) -> list[FigureSet]:
    """All sets of a run, oldest first; drafts are none."""
    try:
        entries = list(folder.figures.iterdir())
    except OSError:
        return []
    named = [(match, path) for path in entries if (match := _FILE.fullmatch(path.name))]
    return sorted((FigureSet(int(match[1]), path) for match, path in named), key=lambda one: one.step)


def write_figures(folder: RunFolder, step: int, arrays: Mapping[str, NDArray[Any]]) -> Path:
    """Write a set, whole or not at all; raises OSError when the disk is full."""
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    folder.figures.mkdir(exist_ok=True)
    path = folder.figures / f"{step_name(step)}.npz"
    write_atomic(path, packed.getvalue())
    return path


def read_figures(path: Path) -> Figures:
    """The arrays of a set by the names of their specs; raises RunError naming the file when it cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as packed:
            return {name: packed[name] for name in packed.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(f"The figures {path} cannot be read: {error}.", "Choose another step.") from error


def as_stored(specs: Sequence[FigureSpec], arrays: Mapping[str, NDArray[Any]]) -> Figures:
    """The arrays that the specs name, with the types they are stored in.

    Raises ValueError for an array without a spec, or of another rank than its kind has.
    """
    kinds = {spec.name: spec.kind for spec in specs}
    for name, array in arrays.items():
        if name not in kinds:
            raise ValueError(f"the figure {name!r} is not in the objective's spec")
        if array.ndim != RANKS[kinds[name]]:
            raise ValueError(f"the figure {name!r} has {array.ndim} dimensions; {kinds[name]} has {RANKS[kinds[name]]}")
    return {
        name: _pixels(array) if kinds[name] == "pictures" else np.asarray(array, np.float32)
        for name, array in arrays.items()
    }


def drawable(specs: Sequence[FigureSpec], arrays: Mapping[str, NDArray[Any]]) -> list[FigureSpec]:
    """The specs, in their order, of which a set holds an array that can be drawn."""
    fit = {name: array.ndim for name, array in arrays.items() if array.size}
    return [spec for spec in specs if fit.get(spec.name) == RANKS[spec.kind]]


def thin_out(folder: RunFolder, keep: int = KEPT) -> list[int]:
    """Remove sets until `keep` are left, evenly spread over the run; returns the steps removed."""
    removed: list[int] = []
    kept = figure_sets(folder)
    while len(kept) > max(keep, 2):
        victim = kept.pop(crowded([one.step for one in kept]))
        victim.path.unlink(missing_ok=True)
        removed.append(victim.step)
    return removed


def drop_after(folder: RunFolder, step: int) -> None:
    """Remove the sets of steps that are going to be made again."""
    for one in figure_sets(folder):
        if one.step > step:
            one.path.unlink(missing_ok=True)


def crowded(steps: Sequence[int]) -> int:
    """Which of three or more rising steps to leave out: the one whose neighbours are closest, never an end."""
    return min(range(1, len(steps) - 1), key=lambda at: steps[at + 1] - steps[at - 1])


def _pixels(pictures: NDArray[Any]) -> NDArray[np.uint8]:
    """Pictures (rows, columns, h, w, 3) in [0, 1] as uint8, large ones averaged down by a whole factor."""
    factor = -(-max(pictures.shape[2:4]) // LARGEST_PX)
    if factor > 1:
        rows, columns, height, width = (
            pictures.shape[0],
            pictures.shape[1],
            *(s // factor for s in pictures.shape[2:4]),
        )
        cut = pictures[:, :, : height * factor, : width * factor]
        pictures = cut.reshape(rows, columns, height, factor, width, factor, 3).mean(axis=(3, 5))
    pixels: NDArray[np.uint8] = np.rint(255 * np.clip(np.nan_to_num(pictures), 0, 1)).astype(np.uint8)
    return pixels
