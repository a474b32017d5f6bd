"""The lab's answers as words and tables. No Qt."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 40
Row = Sequence[object]


def csv_text(head: Sequence[str], rows: Iterable[Row]) -> str:
    """A table with its head."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return buffer.getvalue()


def curves_csv(answers: Sequence[Mapping[str, Any]]) -> str:
    """One row an encoder, operation and strength; the similarity of two different pictures is the last of each."""
    rows: list[Row] = []
    for answer in answers:
        name = answer["encoder"]
        for curve in answer["curves"]:
            points = zip(curve["strengths"], curve["similarity"], curve["error"], strict=True)
            rows += [(name, curve["title"], strength, value, error) for strength, value, error in points]
        rows.append((name, "two different pictures", "", answer["different"]["similarity"], ""))
    return csv_text(("encoder", "operation", "strength", "similarity", "standard_error"), rows)


def shares(values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges (BINS + 1,) over [-1, 1] and the share of the values in each bin, in percent."""
    counts, edges = np.histogram(np.asarray(values, np.float64), BINS, (-1.0, 1.0))
    return edges, 100 * counts / max(1, counts.sum())


def outline(values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A histogram as the x and y of its outline, from 0 to 0, without the empty bins at both ends."""
    edges, share = shares(values)
    filled = np.flatnonzero(share)
    first, last = (int(filled[0]), int(filled[-1])) if len(filled) else (0, 0)
    x = np.repeat(edges[first : last + 2], 2)
    y = np.concatenate([[0.0], np.repeat(share[first : last + 1], 2), [0.0]])
    return x, y


def pairs_csv(result: Mapping[str, Any], positive: ArrayLike, negative: ArrayLike) -> str:
    """The histogram, one row a bin, after the figures of the whole."""
    edges, share = shares(positive)
    others = shares(negative)[1]
    head = [(name, result[name]) for name in ("alignment", "uniformity", "positive_mean", "negative_mean")]
    bins = zip(edges[:-1].tolist(), edges[1:].tolist(), share.tolist(), others.tolist(), strict=True)
    figures = csv_text(("figure", "value"), head)
    return figures + csv_text(("from", "to", "positive_percent", "negative_percent"), bins)


def map_csv(xy: NDArray[np.float64], similarity: NDArray[np.float64]) -> str:
    """One row a mark: the picture itself, then its views."""
    alike = [1.0, *similarity.tolist()]
    rows = [("original" if at == 0 else f"view {at}", *place, alike[at]) for at, place in enumerate(xy.tolist())]
    return csv_text(("mark", "x", "y", "similarity"), rows)


def similarity_words(centred: bool) -> str:
    """The axis of every similarity."""
    return f"Cosine similarity{', centred' if centred else ''}"


def refused_words(refused: Mapping[str, str]) -> str:
    """Why some operations have no curve; "" where all have one."""
    return " ".join(f"{title} is left out: {reason}" for title, reason in refused.items())


def number(value: float, digits: int = 3) -> str:
    """A number with a real minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")
