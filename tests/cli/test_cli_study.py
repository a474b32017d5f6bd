"""`workbench study augmentations` with real runs: exit codes, what is told, and going on after an end of any kind."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from held_runs import go_on_until, hold

from workbench.app.studies.composition.plan import make_plan
from workbench.app.studies.estimate import Estimate
from workbench.app.studies.folder import create_study
from workbench.app.studies.plan import Measure
from workbench.cli.main import main
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Budget
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document
from workbench.runs.folder import RunFolder
from workbench.runs.lock import holder

SETTINGS = [
    "training.batch_size=32",
    "evaluation.bank=200",
    "evaluation.test=100",
    "checkpoints.every_epochs=0.25",
    "hardware.device=cpu",
    "hardware.threads=1",
]
SMALL = [
    *("--budget", "40steps", "--samples", "500", "--symmetric"),
    *(word for setting in SETTINGS for word in ("--set", setting)),
]
"""15 steps an epoch and a checkpoint every fourth."""

ESTIMATE = Estimate(start_s=4, data_s=0.1, step_s=0.05, measure_s=1, train_samples=8000)
PATIENCE_S = 300


class Shell:
    """Runs the program on a workspace of its own."""

    def __init__(self, home: Path) -> None:
        self.environment = {**os.environ, "WORKBENCH_HOME": str(home)}
        self.children: list[subprocess.Popen[str]] = []

    def start(self, *words: object) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "workbench", "study", "augmentations", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            # a shell starts its background jobs, and so perhaps this test, with SIGINT ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.children.append(child)
        return child

    def run(self, *words: object, check: int) -> subprocess.CompletedProcess[str]:
        child = self.start(*words)
        out, err = child.communicate(timeout=PATIENCE_S)
        assert child.returncode == check, err
        return subprocess.CompletedProcess(words, child.returncode, out, err)


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path / "home")
    yield shell
    for child in shell.children:
        if child.poll() is None:
            child.kill()
            child.communicate()
    for lock in tmp_path.glob("**/engine.lock"):
        engine = holder(RunFolder(lock.parent))
        if engine is not None and engine.alive:
            os.kill(engine.pid, signal.SIGKILL)


def made(path: Path, *, measure: Measure, steps: int = 40) -> Path:
    """The folder of a small study of two operations, already timed."""
    catalogue = builtin_catalogue()
    base = build(override_recipe(find_document("simclr-fashion-mnist"), SETTINGS, catalogue), catalogue)
    budget = Budget(unit="steps", amount=steps)
    plan = make_plan(["crop", "blur"], budget, catalogue, samples=500, symmetric=True, measure=measure)
    study = create_study(path, plan, base, catalogue)
    study.keep_estimate(ESTIMATE)
    return path


def until(condition: Callable[[], object], child: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        assert child.poll() is None, "the study ended too soon"
        time.sleep(0.02)


def trained(run: Path, events: int) -> bool:
    """Whether a run has written so many events about its steps."""
    journal = run / "events.jsonl"
    return journal.exists() and journal.read_text().count('"metrics"') >= events


def accuracies(folder: Path) -> list[tuple[str, str, str]]:
    with open(folder / "composition.csv") as file:
        return [(row["first"], row["second"], row["accuracy_percent"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["simclr-fashion-mnist", "--ops", "crop,blurr"], "Did you mean 'blur'"),
        (["simclr-fashion-mnist", "--budget", "soon"], "'soon' is no budget"),
        (["simclr-fashion-mnist", "--seeds", "0"], "seeds"),
        (["simclr-fashion-mnist", "--samples", "1"], "too few"),
        (["rotation-fashion-mnist"], "Rotation prediction cannot"),
        (["supervised-fashion-mnist"], "learns from labels"),
        (["simclr-fashion-mist"], "'simclr-fashion-mnist'"),
        (["--resume", "nowhere"], "is not a study"),
        ([], "--resume DIR"),
    ],
)
def test_a_study_that_cannot_be_made_exits_2_with_one_message(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(["study", "augmentations", *words]) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.slow
def test_a_dry_run_tells_the_runs_and_their_time_and_leaves_nothing_behind(study: Shell, tmp_path: Path) -> None:
    words = ["simclr-fashion-mnist", "--ops", "crop,blur,color", *SMALL, "--out", tmp_path / "dry"]
    told = json.loads(study.run(*words, "--dry-run", "--json", check=0).stdout)
    assert len(told["runs"]) == 6
    timing = told["timing"]
    run_s = timing["start_s"] + timing["data_s"] + 40 * timing["step_s"] + timing["measure_s"]
    assert told["study_s"] == pytest.approx(6 * run_s)
    assert 0 < timing["step_s"] < 5
    assert timing["train_samples"] == 8000
    assert not (tmp_path / "dry").exists()


@pytest.mark.slow
def test_a_study_that_was_interrupted_and_killed_ends_with_the_table_of_one_that_was_not(
    study: Shell, tmp_path: Path
) -> None:
    whole, broken = made(tmp_path / "whole", measure="knn"), made(tmp_path / "broken", measure="knn")
    done = json.loads(study.run("--resume", whole, "--json", check=0).stdout)
    assert (done["done"], done["failed"], done["runs"]) == (3, 0, 3)
    assert all(0 < cell["accuracy"] < 1 for cell in done["cells"])
    assert all(Path(file).stat().st_size for file in done["files"])

    child = study.start("--resume", broken)
    until(lambda: trained(broken / "runs" / "crop-seed0", 1), child)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 130, err
    assert "--resume" in out
    assert (broken / "composition.csv").exists()

    child = study.start("--resume", broken)
    second = RunFolder(broken / "runs" / "crop+blur-seed0")
    until(second.events.exists, child)
    hold(second)
    go_on_until(second, second.whole_checkpoints)
    refused = study.run("--resume", broken, check=2)
    assert "cannot be worked on" in refused.stderr
    child.kill()
    child.communicate()
    engine = holder(second)
    assert engine is not None
    os.kill(engine.pid, signal.SIGKILL)

    study.run("--resume", broken, check=0)
    assert accuracies(broken) == accuracies(whole)
    assert study.run("--resume", broken, "--json", check=0).stdout.count('"accuracy"') == 3


@pytest.mark.slow
def test_a_run_that_dies_is_told_and_the_others_are_trained_and_probed(study: Shell, tmp_path: Path) -> None:
    folder = made(tmp_path / "study", measure="probe", steps=6)
    child = study.start("--resume", folder)
    first = folder / "runs" / "crop-seed0"
    until(lambda: trained(first, 0) and holder(RunFolder(first)), child)
    engine = holder(RunFolder(first))
    assert engine is not None
    os.kill(engine.pid, signal.SIGKILL)
    out, err = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 3, err
    assert "1 of 3 runs failed" in err
    assert "crop-seed0 failed: The engine was ended by SIGKILL." in out
    assert [value != "" for _, _, value in accuracies(folder)] == [False, True, True, True, True, True]
    (record,) = (folder / "runs" / "blur-seed0" / "evaluation").glob("probe_*.json")
    probed = json.loads(record.read_text())
    assert ("blur", "blur", f"{100 * probed['probe']:.4f}") in accuracies(folder)
    assert (probed["step"], probed["settings"]["bank"], probed["settings"]["test"]) == (6, 200, 100)
