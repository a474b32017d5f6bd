"""Checkpoints: whole or absent, without pickled code, thinned out evenly."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

from workbench.core.errors import RunError
from workbench.engine import checkpoint
from workbench.engine.checkpoint import TrainState
from workbench.runs.folder import RunFolder


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path, "run", "schema = 1\n")


def state(step=3):
    model = nn.Linear(2, 2)
    optimiser = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    return model, TrainState(
        step=step,
        elapsed_s=1.5,
        fingerprint="f",
        optimiser=optimiser.state_dict(),
        generators=checkpoint.generator_states(),
        floors={"raw pixels": 0.5},
    )


def test_state_and_weights_come_back_as_they_were_saved(folder):
    model, saved = state()
    path = checkpoint.save(folder, model, saved)
    loaded = checkpoint.load_state(path)
    assert (loaded.step, loaded.elapsed_s, loaded.fingerprint, loaded.floors) == (3, 1.5, "f", {"raw pixels": 0.5})
    weights = checkpoint.load_weights(path)
    assert all(torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())


def test_every_generator_goes_on_where_it_was(folder):
    states = checkpoint.generator_states()
    drawn = torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()
    checkpoint.restore_generators(states)
    assert (torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()) == drawn


def test_a_checkpoint_that_holds_code_is_refused(folder, tmp_path):
    path = tmp_path / "stranger"
    path.mkdir()
    torch.save({"step": print}, path / "train_state.pt")
    with pytest.raises(RunError, match=r"train_state\.pt cannot be read"):
        checkpoint.load_state(path)


def test_a_truncated_weights_file_is_named(folder):
    model, saved = state()
    path = checkpoint.save(folder, model, saved)
    weights = path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:20])
    with pytest.raises(RunError, match=r"model\.safetensors cannot be read"):
        checkpoint.load_weights(path)


def test_thinning_keeps_the_ends_and_an_even_spread(folder):
    model, _ = state()
    for step in range(0, 100, 10):
        checkpoint.save(folder, model, state(step)[1])
        checkpoint.thin_out(folder, keep=4)
    kept = [ref.step for ref in folder.whole_checkpoints()]
    assert len(kept) == 4
    assert kept[0] == 0
    assert kept[-1] == 90
    gaps = np.diff(kept)
    assert gaps.max() <= 5 * gaps.min()


def test_keep_one_keeps_the_newest_and_zero_keeps_all(folder):
    model, _ = state()
    for step in (1, 2, 3):
        checkpoint.save(folder, model, state(step)[1])
    assert checkpoint.thin_out(folder, keep=0) == []
    assert sorted(checkpoint.thin_out(folder, keep=1)) == [1, 2]
