"""A run's folder is enough to see again, to the bit, what a training step saw."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.core.errors import DataError, RunError
from workbench.core.wire import Message
from workbench.engine.experiment import build_pipeline, load_splits
from workbench.engine.lab.server import Request
from workbench.engine.lab.shelf import SHELF
from workbench.engine.lab.views import preview_views, replay_views, trace_view
from workbench.engine.replay import recipe_of, seen_at

RECORDING = """
import sys
from pathlib import Path
import numpy as np
from workbench.engine import __main__ as program
from workbench.engine.experiment import Learner

out, step = Path(sys.argv.pop()), 0
forward = Learner.forward

def recorded(self, branches, index, labels, targets):
    global step
    step += 1
    views = [view.numpy() for branch in branches.values() for view in branch]
    made = {name: target.numpy() for name, target in targets.items()}
    np.savez(out / f"{step}.npz", *views, index=index.numpy(), **made)
    return forward(self, branches, index, labels, targets)

Learner.forward = recorded
sys.exit(program.main())
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A finished run whose engine wrote down what its learner was given at each step."""
    from engine_runs import SMALL

    from workbench.plugins.catalogue import builtin_catalogue
    from workbench.recipes.check import build
    from workbench.recipes.overrides import apply_overrides
    from workbench.recipes.presets import find_document
    from workbench.recipes.toml_io import write_toml
    from workbench.runs.folder import RunFolder

    place = tmp_path_factory.mktemp("recorded")
    settings = [*SMALL, "budget.amount=5", "training.batch_size=24", "seed=11", "evaluation.bank=100"]
    recipe = build(apply_overrides(find_document("rotation-fashion-mnist"), settings), builtin_catalogue())
    folder = RunFolder.create(place, "run", write_toml(recipe))
    told = place / "told"
    told.mkdir()
    command = [sys.executable, "-c", RECORDING, "train", str(folder.path), str(told)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return folder, told


@pytest.fixture(autouse=True)
def _empty_shelf():
    """Compiled views hold threads."""
    yield
    SHELF.forget()


def ask(handler, **params):
    return handler(Request(Message({"id": 1, "name": handler.__name__, "params": params}, {}), lambda message: None))


@pytest.mark.parametrize("step", [1, 5])
def test_the_views_of_a_step_are_those_that_its_loss_saw_to_the_bit(recorded, step):
    folder, told = recorded
    given = np.load(told / f"{step}.npz")
    recipe = recipe_of(folder)
    train = load_splits(recipe.data, lambda share, words: None).train
    seen = seen_at(recipe, train, step)
    views = build_pipeline(recipe, train)(seen.samples, seen.key, torch.device("cpu"))
    assert np.array_equal(seen.samples.index, given["index"])
    assert len(views.inputs) == 4
    for number, view in enumerate(views.inputs):
        assert np.array_equal(view.numpy(), given[f"arr_{number}"])
    assert np.array_equal(views.targets["rotation"].numpy(), given["rotation"])


def test_the_lab_shows_the_first_samples_of_that_batch_with_their_captions(recorded):
    folder, told = recorded
    result, arrays = ask(replay_views, run=str(folder.path), step=3, count=7)
    assert np.array_equal(arrays["index"], np.load(told / "3.npz")["index"][:7])
    assert result["batch"] == 24
    assert result["captions"] == [["0°"] * 7, ["90°"] * 7, ["180°"] * 7, ["270°"] * 7]
    assert arrays["view_2"].shape == (7, 28, 28, 3)
    assert len(result["views"]["branches"]) == 1
    whole, _ = ask(replay_views, run=str(folder.path), step=3)
    assert result["labels"] == whole["labels"][:7]


def test_a_preview_of_the_same_samples_at_the_same_key_shows_the_same_pictures(recorded):
    folder, _ = recorded
    recipe = recipe_of(folder)
    result, replayed = ask(replay_views, run=str(folder.path), step=2)
    whole = {"data": recipe.data.model_dump(), "views": result["views"], "seed": recipe.seed, "step": 1}
    _, previewed = ask(preview_views, **whole, index=replayed["index"].tolist())
    assert all(np.array_equal(replayed[name], previewed[name]) for name in replayed)


def test_a_view_of_the_replayed_batch_is_traced_to_the_picture_that_is_shown(recorded):
    folder, _ = recorded
    _, shown = ask(replay_views, run=str(folder.path), step=2, as_given=True)
    result, arrays = ask(trace_view, run=str(folder.path), step=2, row=23, view=1)
    last = len(result["stages"]) - 1
    assert np.array_equal(arrays[f"stage_{last}"], shown["view_1"][23])
    assert "90° counter-clockwise" in [words for stage in result["stages"] for words in stage["words"]]


def test_a_step_before_the_first_and_a_run_that_never_trained_are_refused_with_the_way_out(recorded, new_run):
    folder, _ = recorded
    with pytest.raises(RunError, match="the first is step 1"):
        ask(replay_views, run=str(folder.path), step=0)
    with pytest.raises(RunError, match="has not trained yet"):
        ask(replay_views, run=str(new_run().path), step=1)


def test_data_that_are_gone_are_named_before_anything_is_fetched(recorded, tmp_path):
    folder, _ = recorded
    moved = tmp_path / "run"
    moved.mkdir()
    text = Path(folder.resolved).read_text()
    (moved / "recipe.toml").write_text(text)
    (moved / "resolved.toml").write_text(text.replace('"fashion-mnist-10k"', '"cifar10"', 1))
    with pytest.raises(DataError, match="not on this machine"):
        ask(replay_views, run=str(moved), step=1)
