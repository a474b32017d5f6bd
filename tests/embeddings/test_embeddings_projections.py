"""PCA, UMAP and trust, on arrays and on stored sets."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from subprocess import run

import numpy as np
import pyarrow as pa
import pytest
from sklearn.decomposition import PCA

from workbench.core.errors import Cancelled, DataError, RecipeError, RunError
from workbench.data.base import no_progress
from workbench.embeddings.background import beside, wait
from workbench.embeddings.projections import pca as pca_module
from workbench.embeddings.projections.base import Given, Partial
from workbench.embeddings.projections.projecting import PROJECTIONS, configured, project_set
from workbench.embeddings.projections.trust import trust
from workbench.embeddings.projections.umap_engine import COMPILING, fuzzy_graph
from workbench.embeddings.projections.umap_layout import with_self
from workbench.embeddings.search.neighbours import exact_neighbours
from workbench.recipes.models import Choice
from workbench.runs.embedding_meta import SetMeta, record_layout
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

FAST = {"n_epochs": 60}


def project(vectors: np.ndarray, method: str, **params: object) -> np.ndarray:
    projection, config = configured(Choice(id=method, **params))
    return projection.project(Given(vectors), config, no_progress).places


def clusters(rows: int = 120, width: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Two clusters far apart in angle and in place, and which row is in which."""
    rng = np.random.default_rng(0)
    which = np.arange(rows) % 2
    vectors = rng.normal(size=(rows, width)) * 0.3
    vectors[np.arange(rows), which] += 4
    return vectors.astype(np.float32), which


def store(folder: Path, vectors: np.ndarray, metric: str = "cosine") -> Path:
    table = pa.table({"id": [str(row) for row in range(len(vectors))]})
    write_embedding_set(folder, vectors, table, meta=SetMeta(metric=metric))
    return folder


@pytest.mark.parametrize("shape", [(200, 20), (15, 40), (2, 7), (30, 2)])
def test_pca_equals_scikit_learn_up_to_sign(shape: tuple[int, int]) -> None:
    vectors = (np.random.default_rng(1).normal(size=shape) * np.linspace(3, 1, shape[1]) + 50).astype(np.float32)
    mine, oracle = project(vectors, "pca"), PCA(2, svd_solver="full").fit_transform(vectors.astype(np.float64))
    for axis in range(2):
        sign = np.sign(mine[:, axis] @ oracle[:, axis]) or 1.0
        np.testing.assert_allclose(mine[:, axis], sign * oracle[:, axis], rtol=1e-4, atol=1e-4)


def test_pca_of_many_rows_and_columns_equals_the_dense_one(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = (np.random.default_rng(2).normal(size=(90, 60)) * np.linspace(4, 1, 60)).astype(np.float32)
    dense = project(vectors, "pca")
    monkeypatch.setattr(pca_module, "_LARGEST_DENSE", 10)
    np.testing.assert_allclose(project(vectors, "pca"), dense, atol=1e-3)


def test_pca_does_not_flip_when_rows_change_their_order() -> None:
    vectors, _ = clusters()
    order = np.random.default_rng(3).permutation(len(vectors))
    np.testing.assert_allclose(project(vectors[order], "pca"), project(vectors, "pca")[order], atol=1e-4)


def test_umap_keeps_planted_clusters_apart() -> None:
    vectors, which = clusters()
    for params in ({"metric": "cosine"}, {"metric": "euclidean", "init": "spectral"}):
        xy = project(vectors, "umap", **FAST, **params)
        first, second = xy[which == 0], xy[which == 1]
        gap = np.linalg.norm(first[:, None] - second[None], axis=2).min()
        inside = exact_neighbours(xy, 1, "euclidean").distance.max()
        assert gap > 2 * inside


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_the_same_seed_gives_the_same_layout(method: str) -> None:
    vectors, _ = clusters()
    params = FAST if method == "umap" else {}
    np.testing.assert_array_equal(project(vectors, method, **params), project(vectors, method, **params))


def test_another_seed_gives_another_umap() -> None:
    vectors, _ = clusters()
    assert not np.allclose(project(vectors, "umap", seed=1, **FAST), project(vectors, "umap", seed=2, **FAST))


def test_umap_from_given_neighbours_equals_umap_that_finds_them() -> None:
    vectors, _ = clusters()
    projection, config = configured(Choice(id="umap", **FAST))
    given = Given(vectors, exact_neighbours(vectors, 30, "cosine"))
    xy = projection.project(given, config, no_progress).places
    np.testing.assert_array_equal(xy, project(vectors, "umap", **FAST))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_graph_from_our_neighbours_is_the_one_of_umap_learn(metric: str) -> None:
    from umap import UMAP

    vectors = np.random.default_rng(8).normal(size=(150, 6)).astype(np.float32)
    oracle = UMAP(n_neighbors=12, metric=metric, transform_mode="graph").fit(vectors).graph_
    index, distance = with_self(exact_neighbours(vectors, 30, metric), np.arange(150), 12)
    np.testing.assert_allclose(fuzzy_graph(index, distance).toarray(), oracle.toarray(), atol=1e-4)


@pytest.mark.parametrize("init", ["pca", "spectral"])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 15, 17])
def test_umap_of_few_points_places_each(rows: int, init: str) -> None:
    vectors = np.random.default_rng(rows).normal(size=(rows, 8)).astype(np.float32)
    xy = project(vectors, "umap", init=init, **FAST)
    assert xy.shape == (rows, 2)
    assert np.isfinite(xy).all()


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_equal_vectors_and_duplicates_are_placed(method: str) -> None:
    params = FAST if method == "umap" else {}
    equal = np.full((40, 3), 0.1, dtype=np.float32)
    assert np.isfinite(project(equal, method, **params)).all()
    duplicates = np.repeat(np.random.default_rng(0).normal(size=(3, 6)), 20, axis=0).astype(np.float32)
    for init in ({}, {"init": "spectral"}) if method == "umap" else ({},):
        assert np.isfinite(project(duplicates, method, **params, **init)).all()


def test_equal_vectors_fall_on_one_point_under_pca() -> None:
    assert (project(np.full((70, 3), 0.1, dtype=np.float32), "pca") == 0).all()


def test_vectors_of_width_one_are_placed() -> None:
    line = np.linspace(1, 2, 20, dtype=np.float32)[:, None]
    xy = project(line, "pca")
    np.testing.assert_allclose(xy[:, 0], line[:, 0] - 1.5, atol=1e-6)
    assert (xy[:, 1] == 0).all()
    assert np.isfinite(project(line, "umap", metric="euclidean", **FAST)).all()


@pytest.mark.parametrize(("method", "metric", "without"), [("pca", None, [3]), ("umap", "cosine", [3, 5])])
def test_rows_that_cannot_be_placed_are_nan_and_change_no_other(
    method: str, metric: str | None, without: list[int]
) -> None:
    vectors, _ = clusters(40)
    params = {"metric": metric, **FAST} if metric else {}
    vectors[3], vectors[5] = np.nan, 0
    xy = project(vectors, method, **params)
    rest = np.delete(np.arange(40), without)
    assert np.isnan(xy[without]).all()
    np.testing.assert_array_equal(xy[rest], project(vectors[rest], method, **params))


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_nothing_that_can_be_placed_is_an_error_in_words(method: str) -> None:
    with pytest.raises(DataError, match="None of the 4 vectors"):
        project(np.full((4, 3), np.nan, dtype=np.float32), method)


def test_cancel_inside_umap_stops_at_the_next_epoch_and_leaves_the_next_run_free() -> None:
    vectors, _ = clusters()
    project(vectors, "umap", **FAST)
    projection, config = configured(Choice(id="umap", n_epochs=5000))
    heard: list[str] = []

    def progress(share: float, words: str) -> None:
        heard.append(words)
        if "epoch 4 " in words:
            raise Cancelled

    with pytest.raises(Cancelled):
        projection.project(Given(vectors), config, progress)
    assert heard[-1] == "Laying out, epoch 4 of 5000"
    other = beside(lambda: project(vectors, "umap", **FAST))
    assert np.isfinite(other.result(timeout=60)).all()


def test_umap_reports_every_epoch_and_never_goes_back() -> None:
    vectors, _ = clusters(40)
    projection, config = configured(Choice(id="umap", n_epochs=20))
    heard: list[tuple[float, str]] = []
    given = Given(vectors, exact_neighbours(vectors, 14, "cosine"))
    projection.project(given, config, lambda share, words: heard.append((share, words)))
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert sum("of 20" in words for _, words in heard) == 20


def test_waiting_says_so_in_words_and_can_be_cancelled_while_the_work_goes_on() -> None:
    release = threading.Event()
    work = beside(lambda: release.wait(30))
    heard: list[str] = []

    def progress(share: float, words: str) -> None:
        heard.append(words)
        if len(heard) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        wait(work, progress, 0.0, COMPILING)
    assert all(words.startswith("Compiling UMAP, first use only") for words in heard)
    assert not work.done()
    release.set()
    assert work.result(timeout=30)


def test_importing_the_table_imports_none_of_the_libraries_that_draw() -> None:
    code = (
        "import sys, workbench.embeddings.projections.projecting;"
        "print([name for name in ('umap', 'sklearn', 'pynndescent', 'openTSNE') if name in sys.modules])"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_store_imports_no_torch() -> None:
    code = "import sys, workbench.runs.embedding_set; print('torch' in sys.modules)"
    assert run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_a_plane_shown_as_it_is_has_trust_one_everywhere() -> None:
    plane = np.random.default_rng(4).normal(size=(200, 2)).astype(np.float32)
    share = trust(exact_neighbours(plane, 20, "euclidean"), project(plane, "pca"))
    np.testing.assert_array_equal(share, np.ones(200))


def test_trust_is_the_share_of_neighbours_kept() -> None:
    line = np.arange(6, dtype=np.float32)[:, None] ** 1.5
    true = exact_neighbours(line, 2, "euclidean")
    moved = np.concatenate([line, np.zeros_like(line)], axis=1)
    moved[5, 0] = -1
    share = trust(true, moved, k=2)
    shown = exact_neighbours(moved, 2, "euclidean")
    expected = [len(set(a) & set(b)) / 2 for a, b in zip(true.index, shown.index, strict=True)]
    np.testing.assert_array_equal(share, np.float32(expected))
    assert 0 < share.mean() < 1


def test_a_shuffled_layout_has_trust_near_chance() -> None:
    rng = np.random.default_rng(5)
    plane = rng.normal(size=(1000, 2)).astype(np.float32)
    share = trust(exact_neighbours(plane, 15, "euclidean"), rng.permutation(plane))
    assert share.mean() < 0.05


def test_a_layout_that_puts_all_points_on_one_spot_is_not_trusted() -> None:
    plane = np.random.default_rng(6).normal(size=(500, 2)).astype(np.float32)
    assert trust(exact_neighbours(plane, 15, "euclidean"), np.zeros((500, 2), np.float32)).mean() < 0.2


def test_points_without_place_or_neighbours_have_no_trust() -> None:
    vectors, _ = clusters(30)
    vectors[2] = np.nan
    xy = project(vectors, "pca")
    xy[7] = np.nan
    share = trust(exact_neighbours(vectors, 5, "cosine"), xy, k=5)
    assert np.flatnonzero(np.isnan(share)).tolist() == [2, 7]
    assert np.isnan(trust(exact_neighbours(vectors[:1], 5, "cosine"), xy[:1])).all()


def test_projecting_a_set_stores_layout_trust_neighbours_and_how_it_was_made(tmp_path: Path) -> None:
    vectors, _ = clusters()
    folder = store(tmp_path / "set", vectors)
    assert project_set(folder, Choice(id="umap", seed=7, **FAST)) == "umap"
    opened = EmbeddingSet.open(folder)
    layout = opened.layout("umap")
    exact = exact_neighbours(vectors, 30, "cosine")
    np.testing.assert_array_equal(opened.neighbours().index, exact.index)
    np.testing.assert_array_equal(layout.xy, project(vectors, "umap", seed=7, **FAST))
    np.testing.assert_array_equal(layout.trust, trust(exact, layout.xy))
    assert layout.info.method == "umap"
    assert layout.info.seed == 7
    assert layout.info.params["n_neighbors"] == 15
    assert layout.info.trust_mean == pytest.approx(layout.trust.mean())


def test_the_same_settings_are_projected_once_and_others_beside_them(tmp_path: Path) -> None:
    folder = store(tmp_path / "set", clusters()[0])
    assert project_set(folder, Choice(id="umap", **FAST)) == "umap"
    written = (folder / "layout_umap.npy").stat().st_mtime_ns
    assert project_set(folder, Choice(id="umap", min_dist=0.5, **FAST)) == "umap-2"
    assert project_set(folder, Choice(id="umap", **FAST)) == "umap"
    assert project_set(folder, Choice(id="pca")) == "pca"
    assert (folder / "layout_umap.npy").stat().st_mtime_ns == written
    assert EmbeddingSet.open(folder).layouts() == ("pca", "umap", "umap-2")


def test_neighbours_are_stored_once_and_again_only_when_more_are_wanted(tmp_path: Path) -> None:
    folder = store(tmp_path / "set", clusters()[0])
    path = folder / "neighbours.npy"
    project_set(folder, Choice(id="pca"))
    written = path.stat().st_mtime_ns
    project_set(folder, Choice(id="umap", **FAST))
    assert path.stat().st_mtime_ns == written
    project_set(folder, Choice(id="umap", n_neighbors=50, **FAST))
    assert EmbeddingSet.open(folder).neighbours().index.shape == (120, 49)
    path.write_bytes(b"torn")
    project_set(folder, Choice(id="umap", n_neighbors=10, **FAST))
    assert EmbeddingSet.open(folder).neighbours().index.shape == (120, 30)


def test_umap_in_another_metric_than_the_sets_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    vectors, _ = clusters()
    folder = store(tmp_path / "set", vectors, "euclidean")
    project_set(folder, Choice(id="umap", metric="cosine", **FAST))
    opened = EmbeddingSet.open(folder)
    np.testing.assert_array_equal(opened.neighbours().index, exact_neighbours(vectors, 30, "euclidean").index)
    np.testing.assert_array_equal(opened.layout("umap").xy, project(vectors, "umap", metric="cosine", **FAST))


def test_a_cancelled_projection_stores_no_layout(tmp_path: Path) -> None:
    folder = store(tmp_path / "set", clusters()[0])

    def progress(share: float, words: str) -> None:
        if "epoch 3 " in words:
            raise Cancelled

    with pytest.raises(Cancelled):
        project_set(folder, Choice(id="umap"), progress)
    assert EmbeddingSet.open(folder).layouts() == ()
    assert not list(folder.glob("*.part"))


def test_progress_of_a_projected_set_runs_from_zero_to_one(tmp_path: Path) -> None:
    shares: list[float] = []
    project_set(
        store(tmp_path / "set", clusters()[0]), Choice(id="umap", **FAST), lambda share, words: shares.append(share)
    )
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(id="umapp"), "projection.id: There is no projection 'umapp'. Did you mean 'umap'"),
        (Choice(id="umap", min_dits=1), "projection.min_dits: .*Did you mean 'min_dist'"),
        (Choice(id="umap", n_neighbors=1), "projection.n_neighbors: 1 is not allowed"),
    ],
)
def test_settings_that_do_not_fit_name_key_value_and_nearest(choice: Choice, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        configured(choice)


def test_every_projection_has_a_form_with_titles_and_descriptions() -> None:
    for id_, projection in PROJECTIONS.items():
        assert projection.spec.id == id_
        for field in projection.Config.model_json_schema().get("properties", {}).values():
            assert field["title"]
            assert field["description"]
            assert "default" in field


def test_a_layout_in_space_is_stored_with_trust_and_named_axes(tmp_path: Path) -> None:
    vectors, _ = clusters()
    folder = store(tmp_path / "set", vectors)
    name = project_set(folder, Choice(id="pca", z=3))
    layout = EmbeddingSet.open(folder).layout(name)
    assert layout.xy.shape == (120, 3)
    assert [axis[:4] for axis in layout.info.axes] == ["PC 1", "PC 2", "PC 3"]
    np.testing.assert_array_equal(layout.trust, trust(exact_neighbours(vectors, 30, "cosine"), layout.xy))
    shown = exact_neighbours(layout.xy, 15, "euclidean").index
    near = exact_neighbours(vectors, 15, "cosine").index
    kept = [len(set(a) & set(b)) / 15 for a, b in zip(near.tolist(), shown.tolist(), strict=True)]
    np.testing.assert_allclose(layout.trust, kept, atol=1e-6)


def test_labels_ids_and_starts_are_taken_from_the_set(tmp_path: Path) -> None:
    vectors, which = clusters()
    table = pa.table({"id": [f"w{row}" for row in range(120)], "label": [["a", "b"][code] for code in which]})
    write_embedding_set(tmp_path / "set", vectors, table)
    project_set(tmp_path / "set", Choice(id="lda"))
    project_set(tmp_path / "set", Choice(id="axis", x_plus=["w0"], x_minus=["w1"]))
    name = project_set(tmp_path / "set", Choice(id="tsne", start="axis", iterations=3, perplexity=5))
    opened = EmbeddingSet.open(tmp_path / "set")
    sides = opened.layout("lda").xy[:, 0]
    assert sides[which == 0].min() > sides[which == 1].max() or sides[which == 1].min() > sides[which == 0].max()
    assert opened.layout("axis").info.axes[0] == "w0 − w1"
    assert (opened.layout(name).info.start, opened.layout(name).info.iterations) == ("axis", 3)


def test_a_start_that_is_not_stored_names_those_that_are(tmp_path: Path) -> None:
    folder = store(tmp_path / "set", clusters()[0])
    project_set(folder, Choice(id="pca"))
    with pytest.raises(RunError, match=r"'pac'.*'pca'"):
        project_set(folder, Choice(id="tsne", start="pac"))


def test_other_perplexities_within_the_stored_neighbours_find_none_anew(tmp_path: Path) -> None:
    folder = store(tmp_path / "set", clusters()[0])
    project_set(folder, Choice(id="tsne", perplexity=20, iterations=2))
    written = (folder / "neighbours.npy").stat().st_mtime_ns
    assert EmbeddingSet.open(folder).neighbours().index.shape == (120, 60)
    project_set(folder, Choice(id="tsne", perplexity=8, exaggeration=3, iterations=4))
    assert (folder / "neighbours.npy").stat().st_mtime_ns == written


def test_a_stopped_layout_is_not_taken_for_a_finished_one(tmp_path: Path) -> None:
    folder = store(tmp_path / "set", clusters()[0])
    choice = Choice(id="tsne", perplexity=5, iterations=20)
    assert project_set(folder, choice, partial=Partial(stop=lambda: True)) == "tsne"
    assert project_set(folder, choice) == "tsne-2"
    layouts = EmbeddingSet.open(folder).meta.layouts
    assert [layouts[name].params["iterations"] for name in ("tsne", "tsne-2")] == [1, 20]


def test_a_layout_of_an_older_version_is_known_again(tmp_path: Path) -> None:
    folder = store(tmp_path / "set", clusters()[0])
    project_set(folder, Choice(id="pca"))
    older = EmbeddingSet.open(folder).meta.layouts["pca"].replace(params={})
    record_layout(folder, "pca", older)
    assert project_set(folder, Choice(id="pca")) == "pca"
    assert EmbeddingSet.open(folder).layouts() == ("pca",)


def test_every_projection_says_when_to_use_it_and_what_distances_mean() -> None:
    for projection in PROJECTIONS.values():
        assert projection.spec.when
        assert projection.spec.distances
