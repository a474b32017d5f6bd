"""The lab's comparison of two layouts of one embedding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.core.errors import DataError
from workbench.core.wire import Message
from workbench.engine.lab.layouts import compare_layouts
from workbench.engine.lab.server import Request
from workbench.runs.embedding_meta import LayoutInfo
from workbench.runs.embedding_set import add_layout, write_embedding_set

ROWS, K = 60, 6


def write(folder: Path, **layouts: np.ndarray) -> str:
    rows = len(next(iter(layouts.values())))
    write_embedding_set(folder, np.eye(rows), pa.table({"id": [f"s{row}" for row in range(rows)]}))
    for name, xy in layouts.items():
        add_layout(folder, name, xy.astype(np.float32), np.zeros(rows, np.float32), LayoutInfo(method=name))
    return str(folder)


def ask(folder: str, **params: object):
    head = {"id": 1, "name": "compare_layouts", "params": {"embeddings": folder, "a": "one", "b": "other", **params}}
    return compare_layouts(Request(Message(head, {}), lambda _message: None))


def nearest(places: np.ndarray, row: int, k: int) -> set[int]:
    away = ((places.astype(np.float64) - places[row]) ** 2).sum(axis=1)
    away[row] = np.inf
    away[~np.isfinite(away)] = np.inf
    return set(np.argsort(away, kind="stable")[:k].tolist())


def test_the_share_of_map_neighbours_kept_is_that_of_a_plain_count_among_points_placed_in_both(tmp_path):
    rng = np.random.default_rng(0)
    one = rng.normal(size=(ROWS, 2)).astype(np.float32)
    other = np.c_[one + rng.normal(0, 0.3, size=one.shape), np.zeros(ROWS)].astype(np.float32)
    one[4], other[9] = np.nan, np.nan
    result, arrays = ask(write(tmp_path / "set", one=one, other=other), k=K)
    gone = np.array([4, 9])
    a, b = one.copy(), other.copy()
    a[gone], b[gone] = np.nan, np.nan
    wanted = [len(nearest(a, row, K) & nearest(b, row, K)) / K for row in range(ROWS)]
    placed = np.setdiff1d(np.arange(ROWS), gone)
    assert arrays["kept_a"][placed] == pytest.approx(np.array(wanted)[placed], abs=1e-6)
    assert np.isnan(arrays["kept_a"][gone]).all()
    assert result["mean_overlap"] == pytest.approx(np.array(wanted)[placed].mean(), abs=1e-6)
    assert (np.diff(arrays["overlap"]) >= 0).all()
    assert "2 points have no place in one of the layouts" in result["words"]


def test_a_layout_compared_with_itself_keeps_every_neighbour(tmp_path):
    xy = np.random.default_rng(1).normal(size=(20, 2))
    result, _ = ask(write(tmp_path / "set", one=xy, other=3 - 2 * xy), k=500)
    assert result["mean_overlap"] == 1
    assert result["k"] == 19


def test_layouts_with_fewer_than_two_points_in_common_are_refused(tmp_path):
    one, other = np.zeros((3, 2)), np.zeros((3, 2))
    one[0], other[1:] = np.nan, np.nan
    with pytest.raises(DataError, match="0 points have a place in both"):
        ask(write(tmp_path / "set", one=one, other=other))
