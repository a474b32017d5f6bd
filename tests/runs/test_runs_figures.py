"""Figure sets: whole on disk, read without pickle, thinned out evenly, and told in the journal."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.core.errors import RunError
from workbench.plugins.specs import FigureSpec
from workbench.runs.figures import (
    LARGEST_PX,
    as_stored,
    crowded,
    drawable,
    drop_after,
    figure_sets,
    read_figures,
    thin_out,
    write_figures,
)
from workbench.runs.folder import RunFolder
from workbench.runs.history import RunHistory

MATRIX = FigureSpec(name="similarity", title="Similarities", kind="matrix", description="cosines")
PICTURES = FigureSpec(name="shown", title="Shown", kind="pictures", description="pictures")


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path, "run", "")


def event(kind, step, **payload):
    return {"seq": 0, "t": float(step), "step": step, "kind": kind, **payload}


def test_what_is_written_is_read_again_with_nothing_beside_it(folder):
    arrays = {"similarity": np.eye(3, dtype=np.float32), "shown": np.full((1, 2, 4, 4, 3), 7, np.uint8)}
    path = write_figures(folder, 1200, arrays)
    assert path.name == "step_00001200.npz"
    assert [one.step for one in figure_sets(folder)] == [1200]
    assert [entry.name for entry in folder.figures.iterdir()] == [path.name]
    back = read_figures(path)
    assert {name: array.dtype for name, array in back.items()} == {"similarity": np.float32, "shown": np.uint8}
    np.testing.assert_array_equal(back["shown"], arrays["shown"])


def test_a_file_with_objects_in_it_is_refused_unread(folder):
    folder.figures.mkdir()
    path = folder.figures / "step_00000001.npz"
    np.savez(path, similarity=np.array([{"a": 1}], object))
    with pytest.raises(RunError, match="step_00000001"):
        read_figures(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"no zip at all"])
def test_a_damaged_file_is_named(folder, content):
    folder.figures.mkdir()
    path = folder.figures / "step_00000005.npz"
    path.write_bytes(content)
    with pytest.raises(RunError, match="step_00000005"):
        read_figures(path)


def test_pictures_become_bytes_and_what_is_no_number_becomes_black():
    pictures = np.array([0.0, 0.5, 1.0, 2.0, -1.0, np.nan] * 2).reshape(1, 1, 2, 2, 3)
    stored = as_stored([PICTURES], {"shown": pictures})["shown"]
    assert stored.dtype == np.uint8
    assert stored.ravel()[:6].tolist() == [0, 128, 255, 255, 0, 0]


def test_large_pictures_are_averaged_down_by_a_whole_factor():
    side = 2 * LARGEST_PX
    checker = np.indices((side, side)).sum(axis=0) % 2
    pictures = np.broadcast_to(checker[None, None, :, :, None], (1, 1, side, side, 3)).astype(np.float32)
    stored = as_stored([PICTURES], {"shown": pictures})["shown"]
    assert stored.shape == (1, 1, LARGEST_PX, LARGEST_PX, 3)
    assert set(np.unique(stored).tolist()) == {128}


@pytest.mark.parametrize(
    ("arrays", "words"), [({"other": np.eye(2)}, "'other' is not in"), ({"similarity": np.ones(3)}, "1 dimensions")]
)
def test_an_array_that_does_not_fit_its_spec_is_named(arrays, words):
    with pytest.raises(ValueError, match=words):
        as_stored([MATRIX], arrays)


def test_only_arrays_of_the_right_rank_are_drawn():
    assert drawable([MATRIX, PICTURES], {"similarity": np.eye(2), "shown": np.ones(3)}) == [MATRIX]
    assert drawable([MATRIX], {"similarity": np.ones((0, 2))}) == []


def test_thinning_keeps_both_ends_and_an_even_spread(folder):
    for step in range(0, 1000, 10):
        write_figures(folder, step, {"a": np.zeros(1, np.float32)})
        thin_out(folder, keep=12)
    steps = [one.step for one in figure_sets(folder)]
    gaps = np.diff(steps)
    assert len(steps) == 12
    assert (steps[0], steps[-1]) == (0, 990)
    assert gaps.max() <= 4 * np.median(gaps)


def test_the_ends_of_a_run_are_never_the_crowded_ones():
    assert crowded([0, 1, 100, 101]) == 1
    assert crowded([0, 50, 99, 100]) == 2


def test_sets_beyond_the_step_that_is_resumed_from_go(folder):
    for step in (0, 5, 9):
        write_figures(folder, step, {"a": np.zeros(1, np.float32)})
    drop_after(folder, 5)
    assert [one.step for one in figure_sets(folder)] == [0, 5]


def test_a_history_knows_the_sets_that_are_kept_and_forgets_what_a_resumed_run_makes_again():
    history = RunHistory()
    history.fold(event("figures", step, path=f"step_{step:08d}.npz", names=["a"], removed=[]) for step in (0, 5, 9))
    history.fold([event("figures", 12, path="step_00000012.npz", names=["a"], removed=[5])])
    assert list(history.figures) == [0, 9, 12]
    history.fold([event("running", 9, resumed_from=9)])
    assert history.figures == {0: "step_00000000.npz", 9: "step_00000009.npz"}
    history.fold([event("figures", 9, path="again.npz", names=["a"])])
    assert list(history.figures) == [0, 9]
