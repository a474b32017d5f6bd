"""`workbench invariance` on a real checkpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from workbench.engine import checkpoint
from workbench.engine.checkpoint import TrainState
from workbench.engine.experiment import build_encoder, build_learner, load_splits
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.presets import load
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunFolder:
    recipe = load("simclr-fashion-mnist", builtin_catalogue())
    folder = RunFolder.create(tmp_path_factory.mktemp("runs"), "seen", write_toml(recipe))
    splits = load_splits(recipe.data, lambda share, words: None)
    learner = build_learner(recipe, splits, build_encoder(recipe, splits.train))
    checkpoint.save(folder, learner, TrainState(3, 1.0, "", {}))
    return folder


def invariance(*words: object, check: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workbench", "invariance", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), timeout=240, check=False)
    assert done.returncode == check, done.stderr
    return done


def test_one_json_document_holds_the_curves_and_the_pairs(run: RunFolder) -> None:
    done = invariance(
        run.path / "checkpoints" / "step_00000003", "--views", "simclr-cifar", "--samples", 8, "--json", check=0
    )
    told = json.loads(done.stdout)
    assert {row["title"] for row in told["curves"]} >= {"Random resized crop", "Horizontal flip", "Colour jitter"}
    assert told["samples"] == 8
    assert set(told["pairs"]) == {"positive_mean", "negative_mean", "alignment", "uniformity"}


def test_a_table_names_every_curve_and_the_floor(run: RunFolder) -> None:
    done = invariance(run.path, "--samples", 8, "--untrained", "--raw", check=0)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("untrained: cosine similarity of picture and view, 8 pictures at 28 px")
    assert any(line.startswith("Colour jitter") and " 1.000 " in line for line in lines)
    assert any(line.startswith("two different pictures") for line in lines)
    assert "alignment" in lines[-1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--views", "simclr-cifarr"], "simclr-cifarr"),
        (["--pretrained", "resnet18"], "weights"),
        (["--samples", "1"], "1 pictures cannot be compared"),
    ],
)
def test_a_wrong_wish_exits_2_with_a_message_and_no_traceback(run: RunFolder, words: list[str], told: str) -> None:
    done = invariance(run.path, *words, check=2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
