"""Where words go on a map so that none covers another. Pure functions on arrays, in pixels, y downwards.

Placing is greedy: labels come in the order of their priority, and each takes the first of its candidate places that is
inside the view and free (Christensen, Marks and Shieber 1995, "An empirical study of algorithms for point-feature label
placement", section 3.1, with the eight positions of its figure 2).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BESIDE = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
"""Candidates around a point that must stay visible: right, left, above, below, then the corners."""
OVER = ((0, 0), (0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1))
"""Candidates of a name that may lie on its place, or moved off it."""
_SPACE_PX = 2.0


def place(
    anchors: Floats,
    sizes: Floats,
    area: tuple[float, float, float, float],
    candidates: Sequence[tuple[int, int]],
    gap_px: float | Floats,
    preferred: NDArray[np.int64] | None = None,
    avoided: Floats | None = None,
    covered: Floats | None = None,
) -> NDArray[np.int64]:
    """Which candidate each label takes, -1 for a label that finds no room.

    Parameters
    ----------
    anchors : (M, 2) the places that are named, by falling priority
    sizes : (M, 2) widths and heights of the labels
    area : left, top, right and bottom of the view; no label leaves it, and where the anchor is outside there is none
    candidates : directions in which a label may lie from its anchor, in order of preference
    gap_px : room between an anchor and a label that does not lie on it; one for all, or (M,)
    preferred : (M,) the candidate taken if it is free, -1 for none: where the label was a moment ago
    avoided : (B, 4) left, top, right and bottom of what labels cover only where they find no other place
    covered : (C, 4) of what no label may cover
    """
    boxes = _boxes(anchors, sizes, candidates, gap_px)
    low, high = np.array(area[:2]), np.array(area[2:])
    inside = np.asarray(((anchors >= low) & (anchors <= high)).all(axis=1))
    possible = inside[:, None] & np.asarray(((boxes[..., :2] >= low) & (boxes[..., 2:] <= high)).all(axis=2))
    there = np.zeros((0, 4)) if covered is None else covered
    taken, count = np.concatenate([there, np.empty((len(anchors), 4))]), len(there)
    chosen = np.full(len(anchors), -1, np.int64)
    for at in np.flatnonzero(possible.any(axis=1)).tolist():
        liked = -1 if preferred is None else int(preferred[at])
        if not (liked >= 0 and possible[at, liked] and _apart(boxes[at, liked : liked + 1], taken[:count])[0]):
            liked = _best(boxes[at], possible[at], taken[:count], avoided)
        if liked >= 0:
            chosen[at] = liked
            taken[count] = boxes[at, liked]
            count += 1
    return chosen


def rectangles(
    anchors: Floats,
    sizes: Floats,
    chosen: NDArray[np.int64],
    candidates: Sequence[tuple[int, int]],
    gap_px: float | Floats,
) -> Floats:
    """(M, 4) left, top, right, bottom of labels that took these candidates; NaN for those that took none."""
    boxes = _boxes(anchors, sizes, candidates, gap_px)[np.arange(len(anchors)), chosen]
    boxes[chosen < 0] = np.nan
    return boxes


def _best(boxes: Floats, possible: NDArray[np.bool_], taken: Floats, avoided: Floats | None) -> int:
    """The first of the rectangles (K, 4) that is free, better one that covers nothing to be avoided; -1 for none."""
    free = possible & _apart(boxes, taken)
    if not free.any():
        return -1
    clear = free if avoided is None else free & _apart(boxes, avoided, 0.0)
    return int(clear.argmax() if clear.any() else free.argmax())


def _apart(boxes: Floats, others: Floats, space_px: float = _SPACE_PX) -> NDArray[np.bool_]:
    """Which of the rectangles (K, 4) keep a distance from all of some others (P, 4)."""
    before = boxes[:, None, 2:] + space_px <= others[None, :, :2]
    behind = boxes[:, None, :2] >= others[None, :, 2:] + space_px
    return np.asarray(np.asarray((before | behind).any(axis=2)).all(axis=1))


def _boxes(anchors: Floats, sizes: Floats, candidates: Sequence[tuple[int, int]], gap_px: float | Floats) -> Floats:
    """The rectangles (M, K, 4) of labels at each of their candidate places."""
    half, gap = sizes[:, None] / 2, np.asarray(gap_px, np.float64).reshape(-1, 1, 1)
    centres = anchors[:, None] + np.array(candidates, np.float64) * (half + gap)
    return np.concatenate([centres - half, centres + half], axis=2)


class Memory:
    """Which candidate each label took last, for as long as the zoom stays: panning must not make labels jump."""

    def __init__(self) -> None:
        self._scale = 0.0
        self._chosen: dict[Hashable, int] = {}

    def preferred(self, keys: Sequence[Hashable], scale: float) -> NDArray[np.int64]:
        """What to try first at this scale; -1 for a label that was not placed before."""
        known = self._chosen if scale == self._scale else {}
        return np.array([known.get(key, -1) for key in keys], np.int64)

    def keep(self, keys: Sequence[Hashable], chosen: NDArray[np.int64], scale: float) -> None:
        """Remember it; what left the view at this scale is remembered too, for when it comes back."""
        if scale != self._scale:
            self._chosen, self._scale = {}, scale
        self._chosen.update({key: int(one) for key, one in zip(keys, chosen, strict=True) if one >= 0})

    def clear(self) -> None:
        """Other labels come."""
        self._chosen = {}
