"""Layouts that follow from one checkpoint to the next, and how far points travel on them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.core.errors import Cancelled, DataError, RecipeError, RunError
from workbench.core.wire import Message
from workbench.embeddings.projections.timelapse import aligned, in_step_order, lay_out_steps, rows_in, travel, travelled
from workbench.engine.lab.server import Arrays, Request
from workbench.engine.lab.timelapse import TIMELAPSE
from workbench.recipes.models import Choice
from workbench.runs.embedding_meta import SetMeta
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

ROWS = 120
HANDLERS = {handler.__name__: handler for handler in TIMELAPSE}
PCA = Choice(id="pca")


def clusters(seed: int = 0, width: int = 6) -> np.ndarray:
    """Three clusters, 40 rows each, wide along different axes."""
    rng = np.random.default_rng(seed)
    spread = np.linspace(1.5, 0.1, width)
    return (rng.normal(size=(ROWS, width)) * spread + 6 * np.eye(width)[np.repeat([0, 1, 2], 40)]).astype(np.float32)


def turned(vectors: np.ndarray, seed: int = 3) -> np.ndarray:
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(vectors.shape[1],) * 2))
    return (vectors.astype(np.float64) @ rotation).astype(np.float32)


def store(run: Path, step: int, vectors: np.ndarray, ids: list[int] | None = None) -> Path:
    folder = run / "embeddings" / f"step_{step:08d}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"id": [f"s{number}" for number in (range(len(vectors)) if ids is None else ids)]})
    write_embedding_set(folder, vectors, table, meta=SetMeta(step=step))
    return folder


def three_steps(run: Path) -> list[Path]:
    """The clusters, drifting apart."""
    start, end = clusters(0), turned(clusters(1))
    return [store(run, 10 * (1 + part), start * (1 - part / 2) + end * (part / 2)) for part in range(3)]


def places(folder: Path, method: str = "pca") -> np.ndarray:
    return EmbeddingSet.open(folder).layout(f"{method}-time").xy


def ask(name: str, /, **params: object) -> tuple[dict, Arrays]:
    head = {"id": 1, "name": name, "params": params}
    return HANDLERS[name](Request(Message(head, {}), lambda _message: None))


def naive_travel(before: np.ndarray, after: np.ndarray, k: int) -> list[float]:
    """Point by point, in float64, with a sort of all distances."""
    before, after = before.astype(np.float64), after.astype(np.float64)
    middle = before.sum(axis=0) / len(before)
    spread = (sum((x - middle[0]) ** 2 + (y - middle[1]) ** 2 for x, y in before) / len(before)) ** 0.5
    told = []
    for row in range(len(before)):
        order = sorted((float(np.hypot(*(before[other] - before[row]))), other) for other in range(len(before)))
        near = [other for _, other in order if other != row][:k]
        common = [sorted(after[other][axis] - before[other][axis] for other in near) for axis in (0, 1)]
        median = [(one[(k - 1) // 2] + one[k // 2]) / 2 for one in common]
        told.append(float(np.hypot(*(after[row] - before[row] - median))) / spread)
    return told


# -- alignment -----------------------------------------------------------------------------------------------------


def test_alignment_is_the_best_of_all_turns_and_reflections() -> None:
    rng = np.random.default_rng(5)
    own, onto = rng.normal(size=(30, 2)).astype(np.float32), rng.normal(size=(30, 2)).astype(np.float32)
    found = float(np.square(aligned(own, onto).astype(np.float64) - onto).sum())
    centred, goal = own.astype(np.float64) - own.mean(axis=0), onto.astype(np.float64) - onto.mean(axis=0)
    tried = []
    for angle in np.linspace(0, 2 * np.pi, 7200, endpoint=False):
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        tried += [float(np.square(centred @ flip @ turn - goal).sum()) for flip in (np.eye(2), np.diag([1, -1]))]
    assert found == pytest.approx(min(tried), rel=1e-5)
    assert found <= min(tried) + 1e-4


def test_alignment_undoes_a_turn_a_reflection_a_shift_and_a_stretch() -> None:
    onto = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    own = 7 * onto[:, ::-1] @ np.array([[0.6, 0.8], [-0.8, 0.6]], np.float32) + np.float32(4)
    np.testing.assert_allclose(aligned(own, onto, rescale=True), onto, atol=2e-5)


def test_alignment_leaves_rows_without_a_place_out_and_without_a_place() -> None:
    onto = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    own, torn = onto[:, ::-1].copy(), onto.copy()
    own[3], torn[7] = np.nan, np.nan
    moved = aligned(own, torn)
    np.testing.assert_allclose(np.delete(moved, 3, 0), np.delete(onto, 3, 0), atol=1e-5)
    assert np.isnan(moved[3]).all()


def test_a_layout_that_shares_no_row_stays_as_it_is() -> None:
    own = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    assert aligned(own, np.full((5, 2), np.nan, np.float32)) is own


# -- travel --------------------------------------------------------------------------------------------------------


def test_travel_equals_a_loop_over_points() -> None:
    rng = np.random.default_rng(2)
    before, after = rng.normal(size=(2, 40, 2)).astype(np.float32)
    np.testing.assert_allclose(travel(before, after, k=6), naive_travel(before, after, 6), rtol=1e-5)


def test_a_group_that_moves_as_a_whole_has_not_travelled_but_the_one_that_stays_has() -> None:
    rng = np.random.default_rng(2)
    before = rng.normal(size=(60, 2)).astype(np.float32) + np.repeat([[0, 0], [20, 0]], 30, axis=0).astype(np.float32)
    after = before.copy()
    after[:30] += np.float32([3, 5])
    after[4] = before[4]
    far = travel(before, after, k=10)
    assert far.argmax() == 4
    assert np.delete(far, 4).max() < 1e-5


def test_a_single_point_and_rows_without_places_have_a_told_travel() -> None:
    before = np.array([[1, 1], [np.nan, 0]], np.float32)
    np.testing.assert_array_equal(travel(before, before + 1), np.float32([np.sqrt(2), np.nan]))


def test_rotating_a_set_gives_no_travel(tmp_path: Path) -> None:
    folders = [store(tmp_path, 1, clusters()), store(tmp_path, 2, 3 * turned(clusters()))]
    assert lay_out_steps(folders, PCA) == 2
    sets = in_step_order(folders)
    assert np.nanmax(travelled(sets, "pca-time", sets[0])) < 1e-4
    np.testing.assert_allclose(places(folders[1]), places(folders[0]), atol=1e-3)


# -- the steps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["pca", "umap", "tsne"])
def test_order_and_restart_give_the_same_bits(tmp_path: Path, method: str) -> None:
    few = {"umap": {"n_epochs": 20}, "tsne": {"iterations": 20, "early_iterations": 10}}.get(method, {})
    choice = Choice(id=method, **few)
    whole = three_steps(tmp_path / "whole")
    assert lay_out_steps(whole[::-1], choice) == 3
    parts = three_steps(tmp_path / "parts")
    assert [lay_out_steps(parts[:count], choice) for count in (1, 1, 3)] == [1, 0, 2]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(places(one, method), places(other, method))


def test_a_checkpoint_that_comes_between_is_followed_by_those_after_it(tmp_path: Path) -> None:
    whole = three_steps(tmp_path / "whole")
    lay_out_steps(whole, PCA)
    late = three_steps(tmp_path / "late")
    lay_out_steps([late[0], late[2]], PCA)
    assert lay_out_steps(late, PCA) == 2
    np.testing.assert_array_equal(places(whole[2]), places(late[2]))


def test_other_settings_are_laid_out_anew_and_the_same_are_kept(tmp_path: Path) -> None:
    folders = three_steps(tmp_path)
    assert lay_out_steps(folders, PCA) == 3
    assert lay_out_steps(folders, PCA) == 0
    assert lay_out_steps(folders, Choice(id="pca", y=3)) == 3


def test_samples_are_matched_by_id_where_rows_are_missing_and_in_another_order(tmp_path: Path) -> None:
    vectors, rng = clusters(), np.random.default_rng(0)
    kept = rng.permutation(ROWS)[:90]
    one, other = store(tmp_path, 1, vectors), store(tmp_path, 2, turned(vectors)[kept], kept.tolist())
    lay_out_steps([one, other], PCA)
    sets = in_step_order([one, other])
    assert rows_in(sets[1], sets[0]).tolist() == kept.tolist()
    far = travelled(sets, "pca-time", sets[0])
    assert np.isfinite(far).sum() == 90
    assert not np.isfinite(np.delete(far, kept)).any()


def test_a_row_that_is_not_finite_has_no_place_and_the_others_go_on(tmp_path: Path) -> None:
    broken = turned(clusters())
    broken[7] = np.nan
    folders = [store(tmp_path, 1, clusters()), store(tmp_path, 2, broken), store(tmp_path, 3, clusters())]
    lay_out_steps(folders, Choice(id="umap", n_epochs=5))
    assert np.isnan(places(folders[1], "umap")[7]).all()
    assert np.isfinite(places(folders[2], "umap")).all()


def test_sets_of_different_widths_are_drawn_onto_each_other(tmp_path: Path) -> None:
    wide = np.concatenate([turned(clusters()), np.zeros((ROWS, 4), np.float32)], axis=1)
    folders = [store(tmp_path, 1, clusters()), store(tmp_path, 2, wide)]
    lay_out_steps(folders, PCA)
    np.testing.assert_allclose(places(folders[1]), places(folders[0]), atol=1e-3)


def test_sets_that_share_no_sample_are_drawn_each_for_itself(tmp_path: Path) -> None:
    folders = [store(tmp_path, 1, clusters()), store(tmp_path, 2, clusters(1), list(range(500, 500 + ROWS)))]
    assert lay_out_steps(folders, Choice(id="tsne", iterations=5)) == 2
    sets = in_step_order(folders)
    assert not np.isfinite(travelled(sets, "tsne-time", sets[1])).any()


def test_one_checkpoint_is_drawn_and_nothing_travels(tmp_path: Path) -> None:
    folder = store(tmp_path, 1, clusters())
    assert lay_out_steps([folder], PCA) == 1
    with pytest.raises(RunError, match="there is one"):
        travelled(in_step_order([folder]), "pca-time", EmbeddingSet.open(folder))


def test_a_collapsed_first_checkpoint_does_not_crush_those_after_it(tmp_path: Path) -> None:
    folders = [store(tmp_path, 1, np.ones((ROWS, 6), np.float32)), store(tmp_path, 2, clusters())]
    lay_out_steps(folders, PCA)
    assert places(folders[1]).std() > 1


@pytest.mark.parametrize(
    ("choice", "error", "words"),
    [
        (Choice(id="lda"), DataError, "lda"),
        (Choice(id="umap", dimensions=3), DataError, "plane"),
        (Choice(id="pca", z=3), DataError, "plane"),
        (Choice(id="umap", start="pca"), DataError, "the one before"),
        (Choice(id="umap", by_label=True), DataError, "labels"),
        (Choice(id="umap", neighbours=4), RecipeError, "neighbours"),
    ],
)
def test_settings_that_do_not_make_a_time_lapse_are_refused(
    tmp_path: Path, choice: Choice, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        lay_out_steps([store(tmp_path, 1, clusters())], choice)


def test_cancel_keeps_the_layouts_that_are_finished(tmp_path: Path) -> None:
    folders = three_steps(tmp_path)

    def cancel(share: float, words: str) -> None:
        if words.startswith("Step 20"):
            raise Cancelled

    with pytest.raises(Cancelled):
        lay_out_steps(folders, PCA, cancel)
    assert [EmbeddingSet.open(folder).layouts() for folder in folders] == [("pca-time",), (), ()]


def test_the_layout_says_how_it_was_made(tmp_path: Path) -> None:
    folders = three_steps(tmp_path)
    lay_out_steps(folders, PCA)
    first, second, _ = (EmbeddingSet.open(folder).meta.layouts["pca-time"] for folder in folders)
    assert (first.method, first.start, first.axes) == ("pca-time", "", ())
    assert second.start.startswith("step_00000010 ")
    assert second.trust_mean is not None


# -- the requests --------------------------------------------------------------------------------------------------


def test_the_lab_draws_the_wanted_steps_and_lists_who_travelled(tmp_path: Path) -> None:
    three_steps(tmp_path)
    told, _ = ask("timelapse", run=str(tmp_path), method="pca", steps=[10, 30])
    assert (told["layout"], told["steps"], told["made"], told["embedded"]) == ("pca-time", [10, 30], 2, [])
    result, arrays = ask("travel", run=str(tmp_path), method="pca")
    assert result["count"] == ROWS
    assert (np.diff(arrays["travel"]) <= 0).all()
    assert "from step 10 to 30 over 2 checkpoints" in result["words"]


def test_the_lab_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is embedded"):
        ask("timelapse", run=str(tmp_path), method="pca")
    three_steps(tmp_path)
    with pytest.raises(RunError, match=r"no embedding at step 11\. There are: 10, 20, 30"):
        ask("timelapse", run=str(tmp_path), method="pca", steps=[11])
    with pytest.raises(RunError, match="Compute the time-lapse first"):
        ask("travel", run=str(tmp_path), method="umap")


def test_a_replaced_set_is_drawn_again(tmp_path: Path) -> None:
    folders = three_steps(tmp_path)
    lay_out_steps(folders, PCA)
    shutil.rmtree(folders[1])
    store(tmp_path, 20, clusters(8))
    assert lay_out_steps(folders, PCA) == 2
