"""Components, axes of meaning, discriminants and random directions, against loops and peers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from workbench.core.errors import DataError
from workbench.data.base import no_progress
from workbench.embeddings.projections.base import Drawn, Given
from workbench.embeddings.projections.projecting import configured
from workbench.recipes.models import Choice


def draw(method: str, vectors: np.ndarray, labels: np.ndarray | None = None, **params: object) -> Drawn:
    projection, config = configured(Choice(id=method, **params))
    ids = [f"w{row}" for row in range(len(vectors))]
    return projection.project(Given(vectors, labels=labels, ids=ids), config, no_progress)


def spread(rows: int = 80, width: int = 8, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(rows, width)) * np.linspace(3, 0.5, width) + 2).astype(np.float32)


def labelled(classes: int = 4, rows: int = 90) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    codes = (np.arange(rows) % classes).astype(np.int32)
    return (rng.normal(size=(rows, 7)) + 3 * rng.normal(size=(classes, 7))[codes]).astype(np.float32), codes


def same_up_to_sign(mine: np.ndarray, other: np.ndarray, atol: float = 1e-3) -> None:
    for axis in range(mine.shape[1]):
        sign = np.sign(mine[:, axis] @ other[:, axis]) or 1.0
        np.testing.assert_allclose(mine[:, axis], sign * other[:, axis], atol=atol)


def same_up_to_scale(mine: np.ndarray, other: np.ndarray, atol: float = 1e-3) -> None:
    """scikit-learn's versions differ in whether the variance within classes is divided by N or by N - G."""
    same_up_to_sign(mine / mine.std(axis=0), other / other.std(axis=0), atol)


def test_any_components_are_drawn_and_named_with_their_share_of_the_variance() -> None:
    oracle = PCA(5, svd_solver="full").fit(spread().astype(np.float64))
    drawn = draw("pca", spread(), x=3, y=1, z=5)
    same_up_to_sign(drawn.places, oracle.transform(spread().astype(np.float64))[:, [2, 0, 4]])
    shares = oracle.explained_variance_ratio_
    assert drawn.axes == tuple(f"PC {n} ({100 * shares[n - 1]:.1f}%)" for n in (3, 1, 5))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"x": 9}, "There is no component 9: 80 vectors of width 8 have 8. Choose components from 1 to 8"),
        ({"x": 2, "y": 2}, "2, 2 are not different"),
        ({"z": 1}, "1, 2, 1 are not different"),
    ],
)
def test_components_that_cannot_be_drawn_are_refused_with_the_way_out(params: dict[str, int], words: str) -> None:
    with pytest.raises(DataError, match=words):
        draw("pca", spread(), **params)


def test_an_axis_is_the_cosine_to_the_difference_of_the_mean_unit_vectors() -> None:
    vectors = spread(12)
    drawn = draw("axis", vectors, x_plus=["w1", "w2"], x_minus=["3"], y_plus=["w4"])
    unit = [[value / np.sqrt(sum(v * v for v in row)) for value in row] for row in vectors.astype(float).tolist()]
    towards = [(a + b) / 2 - c for a, b, c in zip(unit[1], unit[2], unit[3], strict=True)]
    length = np.sqrt(sum(v * v for v in towards))
    wanted = [sum(a * b for a, b in zip(row, towards, strict=True)) / length for row in unit]
    np.testing.assert_allclose(drawn.places[:, 0], wanted, atol=1e-6)
    np.testing.assert_allclose(drawn.places[:, 1], [np.dot(row, unit[4]) for row in unit], atol=1e-6)
    assert drawn.axes == ("w1, w2 − 3", "w4")


def test_without_a_second_pair_the_other_axis_is_the_first_component_across() -> None:
    vectors = spread(40)
    drawn = draw("axis", vectors, x_plus=["w0"], x_minus=["w1"])
    unit = vectors.astype(float) / np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
    axis = unit[0] - unit[1]
    axis /= np.linalg.norm(axis)
    rest = unit - np.outer(unit @ axis, axis)
    oracle = PCA(1, svd_solver="full").fit(rest)
    same_up_to_sign(drawn.places[:, 1:], oracle.transform(rest), atol=1e-5)
    assert drawn.axes == ("w0 − w1", f"PC 1 across it ({100 * oracle.explained_variance_ratio_[0]:.1f}%)")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "The x axis has nothing to run to. Name at least one point in x_plus"),
        ({"x_plus": ["w1"], "y_minus": ["w2"]}, "The y axis has nothing"),
        ({"x_plus": ["w1"], "x_minus": ["w1"]}, "has no direction: both ends are the same"),
        ({"x_plus": ["ww1"]}, "There is no point 'ww1'. Did you mean 'w1"),
        ({"x_plus": ["40"]}, "There is no point '40'"),
        ({"x_plus": ["w5"]}, "'w5' has no direction"),
    ],
)
def test_axes_without_a_direction_are_refused_with_the_way_out(params: dict[str, list[str]], words: str) -> None:
    vectors = spread(20)
    vectors[5] = 0
    with pytest.raises(DataError, match=words):
        draw("axis", vectors, **params)


@pytest.mark.parametrize(("classes", "dimensions"), [(4, 2), (5, 3), (2, 2)])
def test_discriminants_equal_scikit_learns(classes: int, dimensions: int) -> None:
    vectors, codes = labelled(classes)
    drawn = draw("lda", vectors, codes, dimensions=dimensions)
    oracle = LinearDiscriminantAnalysis(n_components=min(dimensions, classes - 1)).fit(vectors.astype(float), codes)
    shown = oracle.n_components
    same_up_to_scale(drawn.places[:, :shown], oracle.transform(vectors.astype(float)))
    for name, share in zip(drawn.axes, oracle.explained_variance_ratio_, strict=False):
        assert name.endswith(f"({100 * share:.1f}%)")
    assert len(drawn.axes) == dimensions


def test_fewer_rows_than_columns_equal_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    codes = (np.arange(12) % 3).astype(np.int32)
    vectors = (rng.normal(size=(12, 30)) + 2 * rng.normal(size=(3, 30))[codes]).astype(np.float32)
    oracle = LinearDiscriminantAnalysis(n_components=2).fit(vectors.astype(float), codes)
    same_up_to_scale(draw("lda", vectors, codes).places, oracle.transform(vectors.astype(float)), atol=0.01)


def test_discriminants_are_in_units_of_the_spread_within_classes() -> None:
    vectors, codes = labelled()
    places = draw("lda", vectors, codes).places.astype(float)
    within = np.zeros((2, 2))
    for code in range(4):
        own = places[codes == code] - places[codes == code].mean(axis=0)
        within += sum(np.outer(row, row) for row in own)
    np.testing.assert_allclose(within / (90 - 4), np.eye(2), atol=1e-4)


def test_unlabelled_rows_are_placed_and_do_not_count() -> None:
    vectors, codes = labelled()
    codes[::9] = -1
    drawn = draw("lda", vectors, codes)
    known = codes >= 0
    np.testing.assert_allclose(drawn.places[known], draw("lda", vectors[known], codes[known]).places, atol=1e-4)
    assert np.isfinite(drawn.places).all()


@pytest.mark.parametrize(
    ("codes", "params", "words"),
    [
        (None, {}, "This set has no labels to tell apart. Choose PCA"),
        (np.full(90, -1, np.int32), {}, "no labels"),
        (np.zeros(90, np.int32), {}, "All labelled points have the same label"),
        ((np.arange(90) % 3).astype(np.int32), {"dimensions": 3}, "3 classes have 2 discriminants"),
    ],
)
def test_labels_that_do_not_do_are_refused_with_the_way_out(
    codes: np.ndarray | None, params: dict[str, int], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        draw("lda", labelled()[0], codes, **params)


def test_collapsed_classes_and_equal_points_are_placed_by_their_means() -> None:
    codes = (np.arange(20) % 4).astype(np.int32)
    collapsed = np.random.default_rng(4).normal(size=(4, 6)).astype(np.float32)[codes]
    xy = draw("lda", collapsed, codes).places
    assert len(np.unique(xy.round(4), axis=0)) == 4
    assert (draw("lda", np.full((20, 6), 0.1, np.float32), codes).places == 0).all()


@pytest.mark.parametrize(("kind", "peer"), [("gaussian", GaussianRandomProjection), ("sparse", SparseRandomProjection)])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_random_directions_are_scikit_learns(kind: str, peer: type, dimensions: int) -> None:
    vectors = spread(30)
    wanted = peer(n_components=dimensions, random_state=5).fit_transform(vectors.astype(np.float64))
    wanted = wanted.toarray() if hasattr(wanted, "toarray") else wanted
    mine = draw("random", vectors, kind=kind, dimensions=dimensions, seed=5).places
    np.testing.assert_allclose(mine, wanted, atol=1e-5)


def test_random_directions_keep_squared_lengths_on_average() -> None:
    vector = spread(1, 50)
    lengths = [np.square(draw("random", vector, seed=seed).places).sum() for seed in range(400)]
    assert np.mean(lengths) == pytest.approx(np.square(vector).sum(), rel=0.15)


NEEDS = {"pca": {}, "random": {}, "axis": {"x_plus": ["w0"], "x_minus": ["w1"]}, "lda": {}}


@pytest.mark.parametrize("method", NEEDS)
def test_rows_that_cannot_be_placed_are_nan_and_the_rest_is_the_same_each_time(method: str) -> None:
    vectors, codes = labelled()
    vectors[7], vectors[11] = np.nan, np.inf
    first, again = (draw(method, vectors, codes, **NEEDS[method]).places for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.flatnonzero(np.isnan(first).any(axis=1)).tolist() == [7, 11]
    with pytest.raises(DataError, match="None of the 4 vectors"):
        draw(method, np.full((4, 3), np.nan, np.float32), codes[:4], **NEEDS[method])


@pytest.mark.parametrize("method", ["pca", "random"])
@pytest.mark.parametrize("shape", [(1, 5), (2, 1), (6, 1)])
def test_one_point_and_narrow_vectors_are_placed(method: str, shape: tuple[int, int]) -> None:
    xy = draw(method, spread(*shape)).places
    assert xy.shape == (shape[0], 2)
    assert np.isfinite(xy).all()


def test_one_point_is_placed_on_its_own_axis() -> None:
    np.testing.assert_allclose(draw("axis", spread(1), x_plus=["w0"]).places, [[1, 0]], atol=1e-6)
