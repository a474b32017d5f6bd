"""Real runs in real processes, small enough for every test run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.overrides import apply_overrides
from workbench.recipes.presets import find_document
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder
from workbench.runs.history import RunHistory
from workbench.runs.journal import JournalReader

SMALL = [
    "budget.unit=steps",
    "budget.amount=24",
    "training.batch_size=64",
    "evaluation.bank=300",
    "evaluation.test=100",
    "evaluation.every_epochs=0",
    "checkpoints.every_epochs=0.064",
    "checkpoints.keep=0",
    "checkpoints.embed=false",
    "hardware.device=cpu",
    "hardware.threads=1",
]
"""24 steps with a checkpoint every eighth (8,000 samples, batch 64: 125 steps an epoch)."""

WAIT_S = 90


def history_of(folder: RunFolder) -> RunHistory:
    history = RunHistory()
    reader = JournalReader(folder.events)
    while events := reader.read():
        history.fold(events)
    return history


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"Waited {WAIT_S} s for {what}.")
        time.sleep(0.02)


class Engine:
    """Starts the engine program on a run folder."""

    def __init__(self) -> None:
        self.children: list[subprocess.Popen[bytes]] = []

    def start(self, folder: RunFolder, *options: str) -> subprocess.Popen[bytes]:
        with open(folder.console, "ab") as console:
            child = subprocess.Popen(
                [sys.executable, "-m", "workbench.engine", "train", str(folder.path), *options],
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self.children.append(child)
        return child

    def run(self, folder: RunFolder, *options: str) -> int:
        return self.start(folder, *options).wait(WAIT_S)


@pytest.fixture
def engine() -> Iterator[Engine]:
    started = Engine()
    yield started
    for child in started.children:
        if child.poll() is None:
            child.kill()
            child.wait()


@pytest.fixture
def new_run(tmp_path: Path) -> Callable[..., RunFolder]:
    def make(*overrides: str, preset: str = "simclr-fashion-mnist", parent: Path | None = None) -> RunFolder:
        document = apply_overrides(find_document(preset), [*SMALL, *overrides])
        recipe = build(document, builtin_catalogue())
        return RunFolder.create(parent or tmp_path / "runs", "small", write_toml(recipe))

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB of its own: room for a few checkpoints."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
