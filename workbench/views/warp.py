"""Resampling along maps that turn, shear or tilt, and what is seen where they look beyond a picture.

Operations compose into one map from the view to the source, but each of them met a picture with an end: the source, or
the box that an earlier crop left. A map is therefore kept as a chain of matrices between those pictures, the last
operation's first. A pixel of the view walks along the chain. In every picture that it comes to it is covered by

    clamp(x/f + 1/2, 0, 1) clamp((w - x)/f + 1/2, 0, 1)    and the same along y,

w being the picture's width and f the pixel's footprint, the length of the axis' row of the Jacobian of the map so far,
but at most 1 px. (At 1 this is bilinear interpolation with padding; where the picture is enlarged, its fill does not
reach into it.) The rest is seen in the fill of the operation that looked, and the position is clamped to the picture
before it goes on. At the source it is read through a triangle along each axis, of a radius of the footprint there, at
least 1 px: bilinear interpolation where nothing shrinks, the filter widened where something does. With a map that
keeps the axes this is what `workbench.views.geometry` does one axis at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.views.geometry import Floats, axis_bounds

Fill = Literal["black", "grey", "white", "edge"]
EDGE = -1.0
"""The level that stands for the picture's own last row and column, continued."""
LEVELS: dict[Fill, float] = {"black": 0.0, "grey": 0.5, "white": 1.0, "edge": EDGE}
TINY = 1e-9
"""The least magnitude of a homogeneous coordinate; keeps a pixel of the horizon finite, far outside the picture."""

# A tilted map's footprint is probed at this many positions along each side of the view, with this much in reserve.
_PROBES = 9
_RESERVE = 1.25


@dataclass(frozen=True)
class Move:
    """What one operation does.

    matrices : (N, 3, 3), from the picture it makes to the picture it meets; the identity where it is not applied
    applied : (N,) bool
    frame : (N, 5), see `frame_of`: the picture it meets and may look beyond; None when it never looks outside
    """

    matrices: Floats
    applied: NDArray[np.bool_]
    frame: Floats | None = None


def frame_of(width: Floats, height: Floats, fill: Fill) -> Floats:
    """A picture that may be looked beyond, (N, 5): width and height in px, the level seen there (in [0, 1], or EDGE),
    and a pixel's footprint along x and y, px, here 1."""
    one = np.ones(len(width))
    return np.stack([width, height, LEVELS[fill] * one, one, one], axis=1)


@dataclass(frozen=True)
class Warp:
    """A resampling by a chain of L frames at most.

    counts : (N,) int64, how many frames a sample's chain has; 0 where the sample is not resampled this way
    links : (N, L + 1, 3, 3), from the view to the first frame, from frame to frame, and from the last one to the source
    frames : (N, L, 5), see `frame_of`; the footprints hold where the map is not tilted
    boxes : (N, 2, 2) int64, first source pixel and the one after the last that count, for x, then y
    tilted : (N,) bool, samples whose footprint changes over the view
    reach : (N, 2), radius of the filter along source x and y, px; the largest one where the map is tilted
    """

    counts: NDArray[np.int64]
    links: Floats
    frames: Floats
    boxes: NDArray[np.int64]
    tilted: NDArray[np.bool_]
    reach: Floats

    @property
    def rows(self) -> NDArray[np.bool_]:
        """(N,) the samples that are resampled this way."""
        return self.counts > 0

    @property
    def taps(self) -> NDArray[np.int64]:
        """(N, 2) how many source pixels one pixel of the view reads along x and y."""
        widest = np.ceil(2 * self.reach).astype(np.int64)
        taps: NDArray[np.int64] = np.minimum(widest, self.boxes[:, :, 1] - self.boxes[:, :, 0])
        return taps


def rotations(degrees: Floats) -> Floats:
    """Matrices (N, 2, 2) that turn points clockwise by `degrees`, y pointing down.

    With them a picture that is turned counter-clockwise looks up the upright one.
    """
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.stack([np.stack([cos, -sin], axis=1), np.stack([sin, cos], axis=1)], axis=1)


def about_centre(linear: Floats, width: Floats, height: Floats) -> Floats:
    """Matrices (N, 3, 3) that apply a linear map (N, 2, 2) about the centre of a picture."""
    centre = np.stack([width, height], axis=1) / 2
    matrices = np.tile(np.eye(3), (len(linear), 1, 1))
    matrices[:, :2, :2] = linear
    matrices[:, :2, 2] = centre - np.einsum("nij,nj->ni", linear, centre)
    return matrices


def warp_of(moves: Sequence[Move], size: int, height: int, width: int) -> Warp | None:
    """The resampling of a source of height x width px to size x size px; None when no sample looks outside.

    `moves` are in the order of the operations.
    """
    looking = [move for move in moves if move.frame is not None and move.applied.any()]
    if not looking:
        return None
    samples, every = len(moves[0].matrices), np.arange(len(moves[0].matrices))
    links = np.tile(np.eye(3), (samples, len(looking) + 1, 1, 1))
    frames = np.ones((samples, len(looking), 5))
    counts = np.zeros(samples, np.int64)
    link, whole = np.tile(np.eye(3), (2, samples, 1, 1))
    for move in reversed(moves):
        link, whole = move.matrices @ link, move.matrices @ whole
        if move.frame is not None:
            rows = np.flatnonzero(move.applied)
            links[rows, counts[rows]] = link[rows]
            frames[rows, counts[rows], :3] = move.frame[rows, :3]
            frames[rows, counts[rows], 3:] = _footprint(whole)[rows]
            counts[rows] += 1
            link[rows] = np.eye(3)
    links[every, counts] = link
    # What met the source before the chain's last frame was made keeps the axes, so that frame is a box of the source.
    corners = np.stack([np.zeros((samples, 2)), frames[every, np.maximum(counts - 1, 0), :2]])
    ends = np.einsum("nij,enj->eni", link[:, :2, :2], corners) + link[:, :2, 2]
    boxes = np.stack(axis_bounds(ends, height, width), axis=2).astype(np.int64)
    tilted = (links[:, :, 2, :2] != 0).any(axis=(1, 2))
    reach = _footprint(whole)
    if tilted.any():
        reach[tilted] = _steepest(links[tilted], counts[tilted], frames[tilted], size) * _RESERVE
    return Warp(counts, links, frames, boxes, tilted, np.maximum(reach, 1))


def _footprint(matrices: Floats) -> Floats:
    """Lengths of the rows of the Jacobian, (N, 2), for maps that do not tilt."""
    lengths: Floats = np.hypot(matrices[:, :2, 0], matrices[:, :2, 1])
    return lengths


def _steepest(links: Floats, counts: NDArray[np.int64], frames: Floats, size: int) -> Floats:
    """The longest rows of the Jacobian, (N, 2), over a grid of the view's pixels that see the source."""
    along = np.linspace(0.5, size - 0.5, _PROBES)
    grid = np.stack([np.tile(along, _PROBES), np.repeat(along, _PROBES)])
    position = np.broadcast_to(grid, (len(links), *grid.shape))
    jacobian = np.broadcast_to(np.eye(2)[:, :, None], (len(links), 2, 2, grid.shape[1]))
    inside = np.ones((len(links), grid.shape[1]), bool)
    for number in range(links.shape[1]):
        link = links[:, number]
        moved = link[:, :, :2] @ position + link[:, :, 2:]
        depth = np.where(np.abs(moved[:, 2]) < TINY, TINY, moved[:, 2])[:, None]
        position = moved[:, :2] / depth
        slope = link[:, :2, :2, None] - position[:, :, None] * link[:, None, 2, :2, None]
        jacobian = np.einsum("nijp,njkp->nikp", slope / depth[:, None], jacobian)
        if number < frames.shape[1]:
            extent = frames[:, number, :2, None]
            near = np.all((position > -0.5) & (position < extent + 0.5), axis=1)
            ended = (counts <= number)[:, None]
            inside &= near | ended
            position = np.where(ended[:, None], position, np.clip(position, 0, extent))
    rows = np.sqrt((jacobian**2).sum(axis=2))
    longest: Floats = np.where(inside[:, None], rows, 1.0).max(axis=2)
    return longest
