"""Class centroids and silhouettes against loops, scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_samples

from workbench.core.errors import DataError
from workbench.embeddings.structure import silhouette as silhouette_module
from workbench.embeddings.structure.centroids import class_centroids
from workbench.embeddings.structure.labels import Labels
from workbench.embeddings.structure.points import points_of
from workbench.embeddings.structure.silhouette import silhouettes

METRICS = ("cosine", "euclidean")


@pytest.fixture
def classes() -> tuple[np.ndarray, Labels]:
    """Four classes of 30, pairs of which lie together: 0 beside 2, 1 beside 3; every tenth point without label."""
    rng = np.random.default_rng(0)
    codes = np.arange(120) % 4
    middle = np.array([[4, 0, 0], [0, 4, 0], [4, 1, 0], [0, 4, 1]])
    vectors = rng.normal(size=(120, 3)) * 0.3 + middle[codes]
    codes[::10] = -1
    return vectors.astype(np.float32), Labels(codes, ("a", "b", "c", "d"))


@pytest.mark.parametrize("metric", METRICS)
def test_centroids_distances_and_spread_equal_those_of_loops(classes, metric: str) -> None:
    vectors, labels = classes
    wide = vectors.astype(np.float64)
    if metric == "cosine":
        wide = np.array([row / np.sqrt(row @ row) for row in wide])
    members = [wide[labels.codes == code] for code in range(4)]
    means = np.array([rows.mean(axis=0) for rows in members])
    found = class_centroids(vectors, labels, metric)
    np.testing.assert_allclose(found.distance, cdist(means, means, metric), rtol=1e-9, atol=1e-12)
    spread = [cdist(rows, mean[None], metric).mean() for rows, mean in zip(members, means, strict=True)]
    np.testing.assert_allclose(found.spread, spread, rtol=1e-9)
    assert found.sizes.tolist() == [len(rows) for rows in members]
    assert found.nearest.tolist() == [2, 3, 0, 1]


@pytest.mark.parametrize("metric", METRICS)
def test_medoids_are_the_members_nearest_to_their_centroid(classes, metric: str) -> None:
    vectors, labels = classes
    found = class_centroids(vectors, labels, metric)
    away = cdist(vectors.astype(np.float64), found.centroids, metric)
    for code, row in enumerate(found.medoids):
        members = np.flatnonzero(labels.codes == code)
        assert row == members[away[members, code].argmin()]


def test_similar_classes_stand_side_by_side(classes) -> None:
    vectors, labels = classes
    order = class_centroids(vectors, labels, "cosine").order.tolist()
    assert abs(order.index(0) - order.index(2)) == 1
    assert abs(order.index(1) - order.index(3)) == 1


def test_classes_without_members_are_left_out(classes) -> None:
    vectors, labels = classes
    named = Labels(labels.codes * 2, tuple("abcdefgh"))
    named.codes[labels.codes < 0] = -1
    assert class_centroids(vectors, named, "euclidean").classes.tolist() == [0, 2, 4, 6]


def test_one_class_has_no_nearest(classes) -> None:
    vectors, _ = classes
    found = class_centroids(vectors, Labels(np.zeros(120, np.int64), ("a",)), "cosine")
    assert found.nearest.tolist() == [-1]
    assert found.distance.tolist() == [[0]]


def test_rows_that_cannot_be_compared_belong_to_no_class(classes) -> None:
    vectors, labels = classes
    clean = class_centroids(vectors[3:], Labels(labels.codes[3:], labels.names), "cosine")
    vectors[0], vectors[1], vectors[2] = np.nan, 0, np.inf
    spoilt = class_centroids(vectors, labels, "cosine")
    np.testing.assert_allclose(spoilt.distance, clean.distance, atol=1e-12)
    assert spoilt.sizes.tolist() == clean.sizes.tolist()


def test_a_class_whose_directions_cancel_out_is_at_distance_one_from_all() -> None:
    vectors = np.array([[1, 0], [-1, 0], [0, 1], [0, 2], [3, 3]], np.float32)
    found = class_centroids(vectors, Labels(np.array([0, 0, 1, 1, 2]), ("a", "b", "c")), "cosine")
    assert found.distance[0].tolist() == [0, 1, 1]
    assert found.spread[0] == 1


def test_equal_points_give_classes_at_distance_zero() -> None:
    found = class_centroids(np.full((6, 3), 0.1, np.float32), Labels(np.arange(6) % 3, ("a", "b", "c")), "cosine")
    np.testing.assert_allclose(found.distance, 0, atol=1e-12)


def test_a_hundred_thousand_classes_are_refused_with_the_bound() -> None:
    labels = Labels(np.arange(100_000), tuple(map(str, range(100_000))))
    with pytest.raises(DataError, match="100,000 classes are not shown: at most 2,000"):
        class_centroids(np.ones((100_000, 2), np.float32), labels, "euclidean")


def test_labels_on_unusable_rows_alone_are_refused() -> None:
    vectors = np.array([[np.nan, 1], [0, 1]], np.float32)
    with pytest.raises(DataError, match="No labelled vector"):
        class_centroids(vectors, Labels(np.array([0, -1]), ("a",)), "cosine")


@pytest.mark.parametrize("metric", METRICS)
def test_silhouettes_equal_those_of_scikit_learn(classes, metric: str) -> None:
    vectors, labels = classes
    known = labels.codes >= 0
    truth = silhouette_samples(vectors[known].astype(np.float64), labels.codes[known], metric=metric)
    found = silhouettes(points_of(vectors, metric), labels.codes)
    assert found.total == pytest.approx(truth.mean(), rel=1e-4)
    by_class = [truth[labels.codes[known] == code].mean() for code in range(4)]
    np.testing.assert_allclose(found.by_class, by_class, rtol=1e-4)
    assert found.sampled == found.of == known.sum()


def test_many_points_are_sampled_and_said_to_be(classes, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = classes
    whole = silhouettes(points_of(vectors, "euclidean"), labels.codes).total
    monkeypatch.setattr(silhouette_module, "MOST_SAMPLED", 80)
    found = silhouettes(points_of(vectors, "euclidean"), labels.codes)
    assert (found.sampled, found.of) == (80, 108)
    assert found.total == pytest.approx(whole, abs=0.05)


def test_one_class_has_no_silhouette(classes) -> None:
    vectors, _ = classes
    assert silhouettes(points_of(vectors, "cosine"), np.zeros(120, np.int64)).total is None
