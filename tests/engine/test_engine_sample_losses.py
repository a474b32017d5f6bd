"""The loss of every sample of a run's embedding, from its checkpoint."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from engine_runs import history_of
from loss_runs import digits_recipe, untrained_run, write_digits
from safetensors.numpy import load_file

from workbench.core.errors import Cancelled, DataError, RunError
from workbench.core.wire import Message
from workbench.engine.embed import load_encoder
from workbench.engine.experiment import load_splits
from workbench.engine.lab.point_metrics import losses, point_metric
from workbench.engine.lab.server import Arrays, Request
from workbench.engine.replay import recipe_of
from workbench.engine.sample_losses import batches
from workbench.evaluation.features import extract
from workbench.objectives.vision.baseline.supervised import Supervised
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder

TEST = 397


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("losses")
    write_digits(folder / "digits.npz")
    return folder


@pytest.fixture(scope="module")
def trained(place: Path) -> RunFolder:
    """A supervised run on plain pictures, so that a sample's loss is that of its logits."""
    settings = ("views.preset=none", "budget.unit=steps", "budget.amount=150", "evaluation.every_epochs=0")
    small = ("evaluation.bank=100", "evaluation.test=50", "checkpoints.figures=false", "checkpoints.embed=true")
    recipe = digits_recipe(place / "digits.npz", *settings, *small)
    folder = RunFolder.create(place, "run", write_toml(recipe))
    command = [sys.executable, "-m", "workbench.engine", "train", str(folder.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return folder


def last_set(folder: RunFolder) -> Path:
    return folder.embedding_sets()[-1][1]


def ask(embeddings: Path, handler=point_metric, **params: object) -> tuple[dict, Arrays]:
    head = {"id": 1, "name": handler.__name__, "params": {"embeddings": str(embeddings), "name": "loss", **params}}
    return handler(Request(Message(head, {}), lambda _message: None))


def test_the_losses_equal_the_cross_entropy_of_the_checkpoints_logits_in_numpy(trained: RunFolder) -> None:
    result, arrays = ask(last_set(trained))
    recipe = recipe_of(trained)
    test = load_splits(recipe.data, lambda share, words: None).test
    encoder, step = load_encoder(trained, recipe, None, lambda share, words: None)
    rows = np.arange(TEST)
    features = extract(encoder.backbone, encoder.inputs, test, rows, torch.device("cpu")).numpy().astype(np.float64)
    weights = load_file(trained.checkpoint(step).path / "model.safetensors")
    logits = features @ weights["objective.head.weight"].T.astype(np.float64) + weights["objective.head.bias"]
    wanted = np.log(np.exp(logits).sum(axis=1)) - logits[rows, test.labels]
    np.testing.assert_allclose(arrays["values"], wanted, rtol=1e-4, atol=1e-5)
    assert (result["title"], result["unit"]) == ("Loss (Supervised baseline)", "nat")
    assert result["mean"] == pytest.approx(wanted.mean(), rel=1e-5)


def test_their_mean_is_near_the_last_loss_of_the_run(trained: RunFolder) -> None:
    _, logged = history_of(trained).array("loss")
    last = float(np.mean(logged[-20:]))
    assert last < 0.5 * float(np.mean(logged[:5]))
    assert ask(last_set(trained))[0]["mean"] == pytest.approx(last, rel=0.3, abs=0.15)


def test_the_listing_begins_with_the_highest_loss(trained: RunFolder) -> None:
    values = ask(last_set(trained))[1]["values"]
    result, arrays = ask(last_set(trained), losses, top=5)
    assert result["count"] == TEST
    assert arrays["rows"].tolist() == np.argsort(-values, kind="stable")[:5].tolist()
    assert np.array_equal(arrays["loss"], values[arrays["rows"]])
    assert "397 samples" in result["words"]


@pytest.mark.parametrize(
    ("preset", "overrides"),
    [
        ("simclr-fashion-mnist", ()),
        ("rotation-fashion-mnist", ()),
        ("simclr-fashion-mnist", ("objective.id=vae", "views.preset=supervised-cifar")),
    ],
)
def test_random_views_and_noise_give_the_same_losses_each_time_and_leave_the_generator_alone(
    place: Path, tmp_path: Path, preset: str, overrides: tuple[str, ...]
) -> None:
    document = [override for override in overrides if not override.startswith("objective")]
    if overrides:
        document.append('objective={id = "vae"}')
    recipe = digits_recipe(place / "digits.npz", *document, preset=preset)
    embeddings = last_set(untrained_run(tmp_path, recipe))
    first = ask(embeddings)[1]["values"]
    torch.manual_seed(99)
    before = torch.get_rng_state()
    second = ask(embeddings)[1]["values"]
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(first, second)
    assert first.shape == (TEST,)
    assert np.isfinite(first).all()
    assert first.std() > 0


def test_every_sample_is_in_one_batch_of_the_full_size_and_those_repeated_are_not_its_own() -> None:
    found = list(batches(100, 32, seed=4))
    assert [len(rows) for rows, _ in found] == [32] * 4
    assert [own for _, own in found] == [32, 32, 32, 4]
    own = np.concatenate([rows[:count] for rows, count in found])
    assert np.array_equal(np.sort(own), np.arange(100))
    assert all(len(set(rows.tolist())) == 32 for rows, _ in found)
    assert not np.array_equal(own, np.concatenate([rows[:count] for rows, count in batches(100, 32, seed=5)]))


def test_a_cancelled_request_stops_before_the_last_batch(place: Path, tmp_path: Path) -> None:
    embeddings = last_set(untrained_run(tmp_path, digits_recipe(place / "digits.npz")))
    told = []

    def reply(message: Message) -> None:
        told.append(message.head["words"])
        if message.head["words"] == "Measuring losses":
            request.cancelled.set()

    params = {"embeddings": str(embeddings), "name": "loss"}
    request = Request(Message({"id": 1, "name": "point_metric", "params": params}, {}), reply)
    with pytest.raises(Cancelled):
        point_metric(request)
    assert told.count("Measuring losses") == 1


# -- what cannot be told -----------------------------------------------------------------------------------------------


def test_a_set_that_lies_in_no_run_is_refused(trained: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(last_set(trained), tmp_path / "elsewhere")
    with pytest.raises(RunError, match="elsewhere is not the embedding of a run's checkpoint"):
        ask(tmp_path / "elsewhere")


def test_an_objective_without_such_losses_says_why(place: Path, tmp_path: Path) -> None:
    recipe = digits_recipe(place / "digits.npz", 'objective={id = "vicreg"}', preset="simclr-fashion-mnist")
    with pytest.raises(RunError, match=r"VICReg has no loss of each of these samples: its penalties are those of"):
        ask(last_set(untrained_run(tmp_path, recipe)))


def test_a_plugin_whose_steps_tell_no_loss_of_each_sample_is_named(
    trained: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Supervised.forward
    monkeypatch.setattr(Supervised, "forward", lambda *given: replace(told(*given), per_sample=None))
    with pytest.raises(RunError, match=r"Supervised baseline has no loss of each .*: its steps do not tell it"):
        ask(last_set(trained))


def test_an_objective_that_keeps_its_training_pictures_judges_no_others(place: Path, tmp_path: Path) -> None:
    settings = ('objective={id = "exemplar"}', "objective.exemplars=1400")
    recipe = digits_recipe(place / "digits.npz", *settings, preset="simclr-fashion-mnist")
    with pytest.raises(RunError, match="it keeps something of every picture it learned from, and these are others"):
        ask(last_set(untrained_run(tmp_path, recipe)))


def test_a_checkpoint_that_was_removed_is_named(place: Path, tmp_path: Path) -> None:
    folder = untrained_run(tmp_path, digits_recipe(place / "digits.npz"))
    shutil.rmtree(folder.checkpoint(0).path)
    with pytest.raises(RunError, match="has no whole checkpoint at step 0"):
        ask(last_set(folder))


def test_labels_that_have_changed_since_are_told(place: Path, tmp_path: Path) -> None:
    shutil.copy(place / "digits.npz", tmp_path / "digits.npz")
    folder = untrained_run(tmp_path, digits_recipe(tmp_path / "digits.npz"))
    held = dict(np.load(tmp_path / "digits.npz"))
    np.savez(tmp_path / "digits.npz", **{**held, "y_test": np.roll(held["y_test"], 1)})
    with pytest.raises(DataError, match="The data have changed"):
        ask(last_set(folder))


def test_data_that_have_changed_since_are_told_with_both_sizes(place: Path, tmp_path: Path) -> None:
    shutil.copy(place / "digits.npz", tmp_path / "digits.npz")
    folder = untrained_run(tmp_path, digits_recipe(tmp_path / "digits.npz"))
    held = dict(np.load(tmp_path / "digits.npz"))
    np.savez(tmp_path / "digits.npz", **{**held, "x_test": held["x_test"][:300], "y_test": held["y_test"][:300]})
    with pytest.raises(DataError, match=r"The data have changed: 397 samples .* now there are 300 samples\."):
        ask(last_set(folder))
