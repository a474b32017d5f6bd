"""Whole runs in their own process: they end as they should, and a killed one resumes bit-equal."""

from __future__ import annotations

import os
import signal

import pytest
import torch
from engine_runs import history_of, wait_until
from held_runs import go_on_until, hold
from safetensors.torch import load_file

from workbench.runs.control import ControlWriter
from workbench.runs.state import RunState


def weights(folder):
    return load_file(folder.latest_checkpoint().path / "model.safetensors")


def assert_equal_to_the_bit(first, second):
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


@pytest.mark.parametrize("preset", ["simclr-fashion-mnist", "rotation-fashion-mnist", "supervised-fashion-mnist"])
def test_a_run_completes_with_every_step_logged_and_both_floors(engine, new_run, preset):
    folder = new_run(preset=preset)
    assert engine.run(folder) == 0, folder.console.read_text()
    history = history_of(folder)
    assert history.summary.phase is RunState.COMPLETED
    steps, losses = history.array("loss")
    assert steps.tolist() == list(range(1, 25))
    assert (losses > 0).all()
    assert set(history.evaluations[-1].floors) == {"raw pixels", "random init"}
    assert folder.latest_checkpoint().step == 24
    for name in ("lr", "gradient_norm", "epoch", "elapsed_s"):
        assert len(history.array(name)[0]) == 24


def test_a_killed_run_resumes_from_its_checkpoint_and_ends_bit_equal(engine, new_run):
    whole, broken = new_run(), new_run()
    assert engine.run(whole) == 0
    child = engine.start(broken)
    hold(broken)
    go_on_until(broken, broken.whole_checkpoints)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    killed_at = broken.latest_checkpoint().step
    assert killed_at < 24
    assert engine.run(broken, "--resume") == 0
    history = history_of(broken)
    assert history.summary.resumed_from == killed_at
    assert history.array("loss")[0].tolist() == list(range(1, 25))
    assert_equal_to_the_bit(weights(whole), weights(broken))


def test_a_stopped_run_saves_a_checkpoint_and_says_why(engine, new_run):
    folder = new_run("budget.amount=100000")
    child = engine.start(folder)
    wait_until(lambda: len(history_of(folder).array("loss")[0]) > 0, "the first step")
    ControlWriter(folder.control).send("stop", save=True)
    assert child.wait(30) == 0
    history = history_of(folder)
    assert history.summary.phase is RunState.STOPPED
    assert history.summary.reason == "asked by the user"
    assert folder.latest_checkpoint().step == history.summary.step


def test_sigterm_stops_a_run_with_a_checkpoint(engine, new_run):
    folder = new_run("budget.amount=100000")
    child = engine.start(folder)
    wait_until(lambda: len(history_of(folder).array("loss")[0]) > 0, "the first step")
    child.terminate()
    assert child.wait(30) == 0
    assert history_of(folder).summary.phase is RunState.STOPPED
    assert folder.latest_checkpoint() is not None


def test_a_paused_run_makes_no_steps_until_it_is_resumed(engine, new_run):
    folder = new_run("budget.amount=100000")
    control = ControlWriter(folder.control)
    child = engine.start(folder)
    wait_until(lambda: len(history_of(folder).array("loss")[0]) > 0, "the first step")
    control.send("pause")
    wait_until(lambda: history_of(folder).summary.phase is RunState.PAUSED, "the pause")
    paused_at = history_of(folder).summary.step
    control.send("resume")
    wait_until(lambda: history_of(folder).summary.step > paused_at, "a step after the pause")
    control.send("stop", save=False)
    assert child.wait(30) == 0
    kinds = history_of(folder)
    assert kinds.array("loss")[0].tolist() == list(range(1, kinds.array("loss")[0][-1] + 1))


def test_a_diverging_run_fails_by_name_with_a_way_out(engine, new_run):
    explosive = ("optimiser.id=sgd", "optimiser.lr=10", "optimiser.weight_decay=1", "schedule.warmup=0")
    folder = new_run(*explosive, "budget.amount=200", preset="supervised-fashion-mnist")
    assert engine.run(folder) == 3
    summary = history_of(folder).summary
    assert summary.phase is RunState.FAILED
    assert "loss became" in summary.reason
    assert "optimiser.lr" in summary.hint


def test_a_recipe_that_cannot_be_run_fails_with_the_key_in_the_reason(engine, new_run):
    folder = new_run()
    folder.recipe.write_text(folder.recipe.read_text().replace("temperature", "temprature"))
    assert engine.run(folder) == 3
    assert "objective.temprature" in history_of(folder).summary.reason


def test_two_engines_never_train_one_run(engine, new_run):
    folder = new_run("budget.amount=100000")
    engine.start(folder)
    wait_until(lambda: history_of(folder).summary.phase is not RunState.QUEUED, "the start")
    assert engine.run(folder) == 2
    assert "already being trained" in folder.console.read_text()


def test_a_full_disk_ends_the_run_by_name_with_earlier_checkpoints_intact(engine, new_run, small_disk):
    folder = new_run("budget.amount=100000", parent=small_disk)
    assert engine.run(folder) == 3
    summary = history_of(folder).summary
    assert summary.phase is RunState.FAILED
    assert "disk" in summary.reason
    assert "full" in summary.reason
    assert len(folder.whole_checkpoints()) >= 1
    assert weights(folder)
    assert not list(folder.checkpoints.glob(".*"))
