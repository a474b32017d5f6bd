"""Clusters on planted ones, their medoids, names and places, and input that holds none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from workbench.core.errors import Cancelled, DataError
from workbench.embeddings.structure import clusters as module
from workbench.embeddings.structure.cluster_names import name_clusters, name_places
from workbench.embeddings.structure.clusters import (
    HdbscanSettings,
    KMeansSettings,
    density_clusters,
    kmeans_clusters,
)
from workbench.embeddings.structure.labels import Labels
from workbench.embeddings.structure.points import points_of

HDBSCAN_OF_TEN = HdbscanSettings(min_cluster_size=10)
THREE = KMeansSettings(clusters=3)


@pytest.fixture
def planted() -> tuple[np.ndarray, np.ndarray]:
    """Clusters of 60, 40 and 20 in eight dimensions, in mixed order."""
    rng = np.random.default_rng(0)
    codes = rng.permutation(np.repeat([0, 1, 2], [60, 40, 20]))
    return (rng.normal(size=(120, 8)) * 0.2 + 3 * np.eye(8)[codes]).astype(np.float32), codes


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize(("find", "settings"), [(density_clusters, HDBSCAN_OF_TEN), (kmeans_clusters, THREE)])
def test_planted_clusters_are_found_the_largest_first(planted, metric: str, find, settings) -> None:
    vectors, codes = planted
    found = find(points_of(vectors, metric), settings)
    inside = found.codes >= 0
    np.testing.assert_array_equal(found.codes[inside], codes[inside])
    assert inside.mean() > 0.9
    assert found.sizes.tolist() == np.bincount(found.codes[inside]).tolist()
    assert found.notes == ()


def test_density_clusters_are_those_of_scikit_learn(planted) -> None:
    vectors, _ = planted
    vectors = np.concatenate([vectors, 4 * np.random.default_rng(1).random((60, 8))]).astype(np.float32)
    truth = HDBSCAN(min_cluster_size=10, min_samples=5, copy=True).fit(vectors.astype(np.float64)).labels_
    found = density_clusters(points_of(vectors, "euclidean"), HDBSCAN_OF_TEN)
    assert adjusted_rand_score(truth, found.codes) == 1


def test_medoids_have_the_least_sum_of_cosine_distances(planted) -> None:
    vectors, _ = planted
    found = kmeans_clusters(points_of(vectors, "cosine"), THREE)
    unit = vectors.astype(np.float64) / np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    for cluster, medoid in enumerate(found.medoids):
        members = np.flatnonzero(found.codes == cluster)
        sums = [sum(1 - unit[row] @ unit[other] for other in members) for row in members]
        assert medoid == members[int(np.argmin(sums))]


def test_wide_vectors_of_many_points_are_reduced_and_said_to_be(planted, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, codes = planted
    monkeypatch.setattr(module, "_REDUCED_OVER", 500)
    monkeypatch.setattr(module, "_COMPONENTS", 3)
    found = density_clusters(points_of(vectors, "euclidean"), HDBSCAN_OF_TEN)
    assert "first 3 principal components" in found.notes[0]
    assert adjusted_rand_score(codes[found.codes >= 0], found.codes[found.codes >= 0]) == 1


def test_too_many_points_are_sampled_and_the_others_join_the_nearest(planted, monkeypatch) -> None:
    vectors, codes = planted
    monkeypatch.setattr(module, "_LARGEST_WORK", 80**2 * 8)
    found = density_clusters(points_of(vectors, "euclidean"), HdbscanSettings(min_cluster_size=8))
    assert found.notes[0].startswith("Found among 80 of 120 points drawn at random")
    inside = found.codes >= 0
    assert inside.mean() > 0.9
    assert adjusted_rand_score(codes[inside], found.codes[inside]) == 1


def test_kmeans_of_very_many_points_says_that_it_used_batches(planted, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, codes = planted
    monkeypatch.setattr(module, "_MINI_BATCH_OVER", 100)
    found = kmeans_clusters(points_of(vectors, "euclidean"), THREE)
    assert "mini-batches" in found.notes[0]
    assert adjusted_rand_score(codes, found.codes) == 1


def test_the_same_seed_gives_the_same_clusters(planted) -> None:
    points = points_of(np.random.default_rng(2).normal(size=(200, 6)), "euclidean")
    first, second = (kmeans_clusters(points, KMeansSettings(clusters=9, seed=4)) for _ in range(2))
    np.testing.assert_array_equal(first.codes, second.codes)


@pytest.mark.parametrize(("find", "settings"), [(density_clusters, HDBSCAN_OF_TEN), (kmeans_clusters, THREE)])
def test_rows_that_cannot_be_compared_are_in_no_cluster(planted, find, settings) -> None:
    vectors, _ = planted
    vectors[3], vectors[4] = np.nan, 0
    found = find(points_of(vectors, "cosine"), settings)
    assert found.codes[[3, 4]].tolist() == [-1, -1]
    assert not np.isin(found.medoids, [3, 4]).any()


@pytest.mark.parametrize(("find", "settings"), [(density_clusters, HDBSCAN_OF_TEN), (kmeans_clusters, THREE)])
def test_equal_points_are_one_cluster(find, settings) -> None:
    found = find(points_of(np.full((30, 4), 0.7, np.float32), "cosine"), settings)
    assert found.sizes.tolist() == [30]
    assert found.notes == ("All points are equal: they are one cluster.",)


def test_duplicates_of_two_places_are_two_clusters_however_many_are_asked_for() -> None:
    vectors = np.repeat([[0.0, 1], [1, 0]], [12, 8], axis=0)
    assert kmeans_clusters(points_of(vectors, "euclidean"), KMeansSettings(clusters=5)).sizes.tolist() == [12, 8]
    assert density_clusters(points_of(vectors, "euclidean"), HdbscanSettings(min_cluster_size=5)).sizes.tolist() == [
        12,
        8,
    ]


def test_noise_alone_is_no_cluster() -> None:
    vectors = np.random.default_rng(3).random((60, 4))
    found = density_clusters(points_of(vectors, "euclidean"), HdbscanSettings(min_cluster_size=30, min_samples=30))
    assert len(found.sizes) == len(found.medoids) == 0
    assert (found.codes == -1).all()
    assert name_clusters(found.codes, None, ["a b"] * 60, found.central) == []
    assert name_places(vectors.astype(np.float32), found.codes).shape == (0, 4)


def test_fewer_points_than_a_cluster_needs_are_refused() -> None:
    with pytest.raises(DataError, match="7 points hold no cluster of 10"):
        density_clusters(points_of(np.eye(7), "cosine"), HDBSCAN_OF_TEN)


def test_more_clusters_than_points_are_refused() -> None:
    with pytest.raises(DataError, match="2 points cannot form 3 clusters"):
        kmeans_clusters(points_of(np.eye(2), "cosine"), THREE)


def test_vectors_without_a_comparable_row_are_refused() -> None:
    with pytest.raises(DataError, match="None of the 5 vectors"):
        points_of(np.zeros((5, 3)), "cosine")


def test_a_collapsed_embedding_keeps_its_clusters() -> None:
    rng = np.random.default_rng(4)
    codes = np.repeat([0, 1], 40)
    vectors = 1 + 1e-9 * (np.eye(6)[codes] + 0.05 * rng.normal(size=(80, 6)))
    found = density_clusters(points_of(vectors, "cosine"), HDBSCAN_OF_TEN)
    assert adjusted_rand_score(codes, found.codes) > 0.9


@pytest.mark.parametrize(("find", "settings"), [(density_clusters, HDBSCAN_OF_TEN), (kmeans_clusters, THREE)])
def test_cancel_ends_the_search_for_clusters(planted, find, settings) -> None:
    def progress(share: float, words: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        find(points_of(planted[0], "cosine"), settings, progress)


def test_names_come_from_the_most_frequent_label_with_its_share() -> None:
    codes = np.array([0] * 6 + [1] * 4 + [2] * 2 + [-1], np.int32)
    labels = Labels(np.array([0, 0, 0, 0, 0, 1, 0, 1, 2, 3, -1, -1, 0]), ("100% cat", "dog", "fox", "owl"))
    named = name_clusters(codes, labels, None)
    assert [name.words for name in named] == ["mostly 100% cat (83%)", "100% cat (25%), dog (25%)", "cluster 2"]
    assert named[0].share == pytest.approx(5 / 6)
    assert named[2].share is None


def test_names_without_labels_are_the_most_typical_words() -> None:
    themes = [["king", "queen", "castle"], ["river", "boat", "bank"], ["train", "station", "ticket"]]
    texts = [f"The {one} and the {other} of the day" for theme in themes for one in theme for other in theme]
    codes = np.repeat([0, 1, 2, -1], [9, 9, 9, 1]).astype(np.int32)
    named = name_clusters(codes, None, [*texts, None])
    assert [set(name.words.split(", ")) for name in named] == [set(theme) for theme in themes]


def test_words_weigh_as_in_the_paper() -> None:
    """Two clusters of 4 and 2 words: A = 3; "xx" stands twice in the first and once in the second."""
    named = name_clusters(np.array([0, 1], np.int32), None, ["xx xx yy zz", "xx ww"])
    weight = {"xx": np.sqrt(2) * np.log(1 + 3 / 3), "yy": np.log(1 + 3 / 1), "zz": np.log(1 + 3 / 1)}
    assert named[0].words == ", ".join(sorted(weight, key=lambda word: (-weight[word], word)))
    assert named[1].words == "ww, xx"


def test_of_equally_typical_words_those_near_the_middle_come_first() -> None:
    words = ["anna", "berta", "clara", "dora"]
    named = name_clusters(np.zeros(4, np.int32), None, words, np.array([[3, 2, -1]]))
    assert named[0].words == "dora, clara, anna"


def test_numbers_name_a_cluster_that_has_nothing_else() -> None:
    named = name_clusters(np.array([0, 0, 1, 1], np.int32), None, ["1984", "1945", "year 7", "9"])
    assert [name.words for name in named] == ["1945, 1984", "year"]


def test_central_rows_are_the_nearest_to_the_mean_and_fewer_in_a_small_cluster() -> None:
    line = np.array([[0.0], [1], [2.2], [100], [101]])
    found = kmeans_clusters(points_of(line, "euclidean"), KMeansSettings(clusters=2))
    assert found.central.tolist() == [[1, 0, 2], [3, 4, -1]]


def test_a_name_stands_on_a_member_and_strays_do_not_move_it() -> None:
    rng = np.random.default_rng(5)
    places = rng.normal(size=(50, 2)).astype(np.float32)
    codes = np.repeat([0, 1], [30, 20]).astype(np.int32)
    calm = name_places(places, codes)
    places[:6], places[49] = 1000, np.nan
    moved = name_places(places, codes)
    assert np.linalg.norm(moved[0]) < 1.5
    assert (places[:30] == moved[0]).all(axis=1).any()
    assert np.isfinite(calm).all()


def test_a_cluster_without_a_place_has_no_place_for_its_name() -> None:
    places = np.array([[0, 0], [np.nan, 0], [1, 1]], np.float32)
    found = name_places(places, np.array([0, 1, 0], np.int32))
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[0]).all()
