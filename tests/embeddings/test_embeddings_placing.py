"""New points in a layout: exact where it is linear, among their neighbours elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.data.base import no_progress
from workbench.embeddings.projections.base import Given
from workbench.embeddings.projections.pca import Pca, PcaConfig
from workbench.embeddings.projections.placing import NEIGHBOURS, place_among_neighbours, place_on_components
from workbench.embeddings.search.index import SearchIndex


def vectors(rows: int = 60, width: int = 9, seed: int = 0) -> np.ndarray:
    spread = np.linspace(3, 0.2, width)
    return (np.random.default_rng(seed).normal(size=(rows, width)) * spread + 5).astype(np.float32)


def layout(of: np.ndarray) -> np.ndarray:
    return Pca().project(Given(of), PcaConfig(), no_progress).places


@pytest.mark.parametrize("shape", [(60, 9), (7, 20)])
def test_rows_of_the_set_fall_on_their_own_places(shape: tuple[int, int]) -> None:
    known = vectors(*shape)
    np.testing.assert_allclose(place_on_components(known, layout(known), known.astype(float)), layout(known), atol=1e-4)


def test_a_new_point_falls_where_the_eigenvectors_put_it() -> None:
    known, new = vectors(), vectors(5, seed=1).astype(np.float64)
    mean = known.astype(np.float64).mean(axis=0)
    axes = np.linalg.svd(known - mean, full_matrices=False)[2][:2].T
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    np.testing.assert_allclose(place_on_components(known, layout(known), new), (new - mean) @ axes, atol=1e-4)


def test_rows_without_a_place_do_not_move_the_others() -> None:
    known = vectors()
    wanted = place_on_components(known, layout(known), known[:3].astype(float))
    holed = np.concatenate([known, np.full((2, known.shape[1]), np.nan, np.float32)])
    np.testing.assert_allclose(place_on_components(holed, layout(holed), known[:3].astype(float)), wanted, atol=1e-5)


def test_a_set_of_equal_vectors_puts_everything_in_one_place() -> None:
    known = np.ones((8, 4), np.float32)
    assert np.array_equal(place_on_components(known, layout(known), np.full((2, 4), 3.0)), np.zeros((2, 2)))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_row_of_the_set_lies_where_it_lies_among_its_neighbours(metric: str) -> None:
    known, xy = vectors(), np.random.default_rng(3).normal(size=(60, 2)).astype(np.float32)
    placed = place_among_neighbours(SearchIndex(known, metric), xy, known[10:12].astype(np.float64))
    np.testing.assert_allclose(placed, xy[10:12], atol=1e-3)


def test_a_new_point_lies_at_the_weighted_mean_of_its_neighbours() -> None:
    known, xy = vectors(), np.random.default_rng(3).normal(size=(60, 2)).astype(np.float32)
    new = vectors(1, seed=4).astype(np.float64)
    distance = [float(np.sqrt(sum((a - b) ** 2 for a, b in zip(new[0], row, strict=True)))) for row in known]
    near = sorted(range(60), key=lambda row: distance[row])[:NEIGHBOURS]
    total = sum(1 / distance[row] for row in near)
    wanted = [sum(float(xy[row, axis]) / distance[row] for row in near) / total for axis in (0, 1)]
    assert place_among_neighbours(SearchIndex(known, "euclidean"), xy, new)[0].tolist() == pytest.approx(
        wanted, abs=1e-5
    )


def test_neighbours_without_a_place_do_not_count() -> None:
    known, xy = vectors(), np.full((60, 2), np.nan, np.float32)
    assert np.isnan(
        place_among_neighbours(SearchIndex(known, "cosine"), xy, vectors(1, seed=4).astype(np.float64))
    ).all()
    xy[:] = [2.0, 3.0]
    xy[::2] = np.nan
    placed = place_among_neighbours(SearchIndex(known, "cosine"), xy, vectors(1, seed=4).astype(np.float64))
    np.testing.assert_allclose(placed, [[2.0, 3.0]])
