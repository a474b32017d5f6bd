"""Requests about two layouts of one embedding."""

from __future__ import annotations

import numpy as np

from workbench.core.errors import DataError
from workbench.data.progress import portion
from workbench.embeddings.projections.trust import trust
from workbench.embeddings.search.approximate import graph
from workbench.engine.lab.asked import badge_words, k_of, opened_set
from workbench.engine.lab.listing import Column, Listing
from workbench.engine.lab.server import Request, Result


def compare_layouts(request: Request) -> Result:
    """params: embeddings, a, b (names of layouts), k (15), top. Points whose neighbours on map a are others on map b.

    A listing, the most changed first; answered like `compare_sets`: arrays also kept_a float32 (N,), NaN for a point
    that has no place in one of the layouts; result also k, matched, mean_overlap (null where no point has one).
    """
    params, opened = request.params, opened_set(request)
    a, b = (opened.layout(str(params[name])).xy for name in ("a", "b"))
    placed = np.flatnonzero(np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1))
    if len(placed) < 2:
        raise DataError(f"{len(placed)} points have a place in both layouts.", "At least 2 are needed.")
    near, badge = graph(a[placed], k_of(request), "euclidean", portion(request.progress, 0.0, 0.8))
    k = near.index.shape[1]
    request.progress(0.8, "Comparing neighbours")
    kept = np.full(len(opened), np.nan, dtype=np.float32)
    kept[placed] = trust(near, b[placed], k)
    order = placed[np.argsort(kept[placed], kind="stable")]
    mean = float(kept[placed].mean())
    words = f"{len(placed):,} points keep {mean:.0%} of their {k} nearest on the map on average."
    if left_out := len(opened) - len(placed):
        words += f" {left_out:,} points have no place in one of the layouts and were left out."
    listing = Listing(
        "Moved points", words + badge_words(badge), order, (Column("overlap", "Neighbours kept", kept[order]),)
    )
    result, arrays = listing.reply(params.get("top"))
    return {**result, "k": k, "matched": len(placed), "mean_overlap": mean}, {**arrays, "kept_a": kept}


LAYOUTS = (compare_layouts,)
"""The requests, for the lab's table."""
