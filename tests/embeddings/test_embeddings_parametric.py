"""Parametric UMAP: as true as UMAP, the same for the same seed, watched, cancelled, and good for new points."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from workbench.core.errors import Cancelled
from workbench.data.base import no_progress
from workbench.embeddings.projections.base import NO_PARTIAL, Given, Partial
from workbench.embeddings.projections.parametric import ParametricConfig, ParametricUmap, fit
from workbench.embeddings.projections.parametric_network import cross_entropy
from workbench.embeddings.projections.trust import trust
from workbench.embeddings.projections.umap_layout import Umap, UmapConfig
from workbench.embeddings.search.neighbours import exact_neighbours

QUICK = {"iterations": 40, "width": 16, "batch_size": 64}


def clusters(rows: int = 90) -> np.ndarray:
    found = np.random.default_rng(0).normal(size=(rows, 6)).astype(np.float32)
    found[np.arange(rows), np.arange(rows) % 3] += 8
    return found


def draw(vectors: np.ndarray, partial: Partial = NO_PARTIAL, **params: object) -> np.ndarray:
    config = ParametricConfig(**{**QUICK, **params})
    return ParametricUmap().project(Given(vectors), config, no_progress, partial).places


def test_the_loss_is_the_cross_entropy_of_edges_and_of_random_pairs() -> None:
    rng = np.random.default_rng(1)
    head, tail = rng.normal(size=(2, 7, 3))
    a, b, shifts = 1.6, 0.9, [2, 5]

    def likeness(one: np.ndarray, other: np.ndarray) -> float:
        return 1 / (1 + a * (sum((x - y) ** 2 for x, y in zip(one, other, strict=True)) + 1e-3) ** b)

    expected = 0.0
    for edge in range(7):
        expected -= np.log(likeness(head[edge], tail[edge])) / 7
        for shift in shifts:
            expected -= np.log(1 - likeness(head[edge], tail[(edge - shift) % 7])) / 7
    mine = cross_entropy(torch.from_numpy(head), torch.from_numpy(tail), shifts, a, b)
    assert float(mine) == pytest.approx(expected, rel=1e-12)


def test_equal_places_have_finite_gradients() -> None:
    places = torch.zeros(8, 2, requires_grad=True)
    cross_entropy(places, places, [1, 2], 1.6, 0.9).backward()
    assert places.grad is not None
    assert torch.isfinite(places.grad).all()


def test_nearly_as_many_neighbours_are_kept_as_by_umap() -> None:
    digits = load_digits().data[:600].astype(np.float32)
    true = exact_neighbours(digits, 15, "cosine")
    plain = Umap().project(Given(digits, true), UmapConfig(n_epochs=100), no_progress).places
    config = ParametricConfig(iterations=400, batch_size=512)
    parametric = ParametricUmap().project(Given(digits, true), config, no_progress).places
    assert trust(true, parametric).mean() > 0.9 * trust(true, plain).mean()


def test_the_same_seed_gives_the_same_layout_and_leaves_others_random_numbers_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = draw(clusters(), seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(draw(clusters(), seed=3), first)
    assert not np.allclose(draw(clusters(), seed=4), first)


@pytest.mark.parametrize(("metric", "placed"), [("cosine", 88), ("euclidean", 89)])
def test_space_and_rows_that_cannot_be_placed(metric: str, placed: int) -> None:
    vectors = clusters()
    vectors[4], vectors[7] = np.nan, 0
    xyz = draw(vectors, dimensions=3, metric=metric)
    assert xyz.shape == (90, 3)
    assert np.isfinite(xyz).all(axis=1).sum() == placed
    assert np.isnan(xyz[4]).all()


@pytest.mark.parametrize("vectors", [clusters(1), clusters(3), np.ones((20, 4), np.float32)])
def test_few_and_equal_points_are_placed(vectors: np.ndarray) -> None:
    assert np.isfinite(draw(vectors)).all()


def test_new_points_are_placed_beside_those_that_they_are_like() -> None:
    vectors = clusters(180)
    encoder = fit(Given(vectors[:120]), np.arange(120), ParametricConfig(**{**QUICK, "iterations": 300}), no_progress)
    known, new = encoder.places(vectors, np.arange(120)), encoder.places(vectors, np.arange(120, 180))
    nearest = np.square(new[:, None] - known[None]).sum(axis=2).argmin(axis=1)
    assert (nearest % 3 == np.arange(60) % 3).mean() > 0.9


def test_layouts_on_the_way_and_cancel_are_heard() -> None:
    seen: list[tuple[np.ndarray, int]] = []

    def progress(share: float, words: str) -> None:
        if len(seen) == 2:
            raise Cancelled

    config = ParametricConfig(**{**QUICK, "iterations": 200_000})
    with pytest.raises(Cancelled):
        ParametricUmap().project(Given(clusters()), config, progress, Partial(lambda *shown: seen.append(shown)))
    assert seen[0][1] < seen[1][1]
    assert seen[0][0].shape == (90, 2)
    assert not np.array_equal(seen[0][0], seen[1][0])
