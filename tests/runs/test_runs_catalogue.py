"""The catalogue of runs: derived, quick to refresh, and made again whatever happens to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from workbench.core.errors import RunError
from workbench.runs.catalogue import RunCatalogue
from workbench.runs.folder import RunFolder
from workbench.runs.glance import glance, lifecycle
from workbench.runs.history import RunHistory
from workbench.runs.journal import JournalReader, JournalWriter
from workbench.runs.state import RunState, this_process

RECIPE = 'name = "{name}"\n[objective]\nid = "{objective}"\n[data]\nid = "cifar10"\n'


def a_run(runs_dir: Path, name: str, objective: str = "simclr", created: float = 100.0) -> RunFolder:
    folder = RunFolder.create(runs_dir, name, RECIPE.format(name=name, objective=objective))
    ticks = iter(range(10**6))
    with JournalWriter(folder.events, wall=lambda: created + next(ticks), clock=iter(range(10**6)).__next__) as journal:
        journal.emit("starting", 0, pid=10**8, pid_start=1.0, host=this_process().host, version="1", schema=1)
        journal.emit("running", 0, device="cpu", resumed_from=None, steps_total=40)
        for step in range(1, 41):
            journal.metrics([step], {"loss": [1 / step]})
            if step % 10 == 0:
                journal.emit("evaluation", step, values={"knn": 0.5 - abs(step - 20) / 100}, floors={}, settings={})
    return folder


@pytest.fixture
def runs_dir(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def catalogue(tmp_path, runs_dir):
    return RunCatalogue(tmp_path / "runs.sqlite", runs_dir)


def names(catalogue: RunCatalogue, search: str = "") -> list[str]:
    return [row.glance.name for row in catalogue.rows(search)]


def test_row_says_what_a_list_shows(catalogue, runs_dir):
    folder = a_run(runs_dir, "first")
    assert catalogue.refresh() == 1
    (row,) = catalogue.rows()
    seen = row.glance
    assert (row.folder, row.state) == (folder, RunState.CRASHED)  # its process is not there, and it did not say why
    assert (seen.name, seen.objective, seen.dataset, seen.backbone) == ("first", "simclr", "cifar10", "tiny_cnn")
    assert (seen.step, seen.steps_total, seen.loss, seen.knn) == (40, 40, 1 / 40, 0.5)
    assert (seen.created, seen.problem) == (100.0, "")
    assert seen.size_bytes == sum(path.stat().st_size for path in folder.path.rglob("*"))


def test_live_run_is_shown_as_running(catalogue, runs_dir):
    folder = RunFolder.create(runs_dir, "live", "")
    with JournalWriter(folder.events) as journal:
        journal.emit("starting", 0, **asdict(this_process()), version="1", schema=1)
        journal.emit("running", 0, device="cpu", resumed_from=None, steps_total=None)
    catalogue.refresh()
    assert [row.state for row in catalogue.rows()] == [RunState.RUNNING]


def test_run_that_has_not_begun_is_queued(catalogue, runs_dir):
    RunFolder.create(runs_dir, "waiting", RECIPE.format(name="waiting", objective="simclr"))
    catalogue.refresh()
    assert [row.state for row in catalogue.rows()] == [RunState.QUEUED]


def test_only_changed_folders_are_read_again(catalogue, runs_dir):
    folders = [a_run(runs_dir, name) for name in ("one", "two", "three")]
    assert catalogue.refresh() == 3
    assert catalogue.refresh() == 0
    with sqlite3.connect(catalogue.path) as database:
        database.execute("UPDATE runs SET name = 'as it was'")
    database.close()
    with JournalWriter(folders[1].events) as journal:
        journal.emit("ended", 40, state="completed", reason="", hint="")
    assert catalogue.refresh() == 1
    assert {row.folder.name: row.glance.name for row in catalogue.rows()} == {
        "one": "as it was",
        "two": "two",
        "three": "as it was",
    }


def test_removed_folder_leaves_the_list(catalogue, runs_dir):
    a_run(runs_dir, "stays")
    gone = a_run(runs_dir, "goes")
    catalogue.refresh()
    shutil.rmtree(gone.path)
    assert catalogue.refresh() == 1
    assert names(catalogue) == ["stays"]


def test_newest_run_comes_first_and_every_word_must_match(catalogue, runs_dir):
    a_run(runs_dir, "old", "simclr", created=100)
    a_run(runs_dir, "new", "rotation", created=900)
    a_run(runs_dir, "mid 50%", "rotation", created=500)
    catalogue.refresh()
    assert names(catalogue) == ["new", "mid 50%", "old"]
    assert names(catalogue, "ROTATION cifar") == ["new", "mid 50%"]
    assert names(catalogue, "50%") == ["mid 50%"]
    assert names(catalogue, "_") == ["new", "mid 50%", "old"]  # of tiny_cnn
    assert names(catalogue, "100%") == []


@pytest.mark.parametrize("damage", ["deleted", "garbage", "truncated", "older", "other columns"])
def test_catalogue_is_made_again(catalogue, runs_dir, damage):
    a_run(runs_dir, "run")
    catalogue.refresh()
    content = catalogue.path.read_bytes()
    if damage == "deleted":
        catalogue.path.unlink()
    elif damage == "garbage":
        catalogue.path.write_bytes(b"not a database" * 1000)
    elif damage == "truncated":
        catalogue.path.write_bytes(content[: len(content) // 2])
    else:
        with sqlite3.connect(catalogue.path) as database:
            database.execute("DROP TABLE runs")
            database.execute("CREATE TABLE runs (something)")
            if damage == "older":
                database.execute("PRAGMA user_version = 0")
        database.close()
    assert catalogue.refresh() == 1
    assert names(catalogue) == ["run"]


def test_catalogue_in_a_place_that_cannot_hold_it_is_a_run_error(tmp_path, runs_dir):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be used"):
        RunCatalogue(tmp_path / "file" / "runs.sqlite", runs_dir).refresh()


def test_workspace_without_runs_is_an_empty_list(catalogue):
    assert catalogue.refresh() == 0
    assert catalogue.rows() == []


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [("name = ", "is not TOML"), ("schema = 99\n", "schema 99"), (None, "cannot be read: No such file")],
)
def test_recipe_that_cannot_be_read_is_told_and_the_rest_is_shown(catalogue, runs_dir, recipe, problem):
    folder = a_run(runs_dir, "odd")
    folder.recipe.unlink()
    if recipe is not None:
        folder.recipe.write_text(recipe)
    catalogue.refresh()
    (row,) = catalogue.rows()
    assert problem in row.glance.problem
    assert (row.glance.name, row.glance.step) == ("odd", 40)


def test_glance_agrees_with_the_whole_history(runs_dir):
    folder = a_run(runs_dir, "run")
    with JournalWriter(folder.events, clock=iter(range(10**6)).__next__) as journal:
        journal.emit("starting", 40, pid=10**8, pid_start=2.0, host="h", version="1", schema=1)
        journal.emit("running", 15, device="cpu", resumed_from=15, steps_total=40)
        for step in (16, 17):
            journal.metrics([step], {"loss": [float(step)]})
        journal.emit("checkpoint", 17, path="p")
        journal.emit("ended", 17, state="stopped", reason="asked")
    whole, quick = RunHistory(), lifecycle(folder.events)
    whole.fold(JournalReader(folder.events).read())
    assert quick.summary == whole.summary
    assert quick.evaluations == whole.evaluations
    assert quick.last("loss") == whole.last("loss") == 17.0
    assert glance(folder).knn == 0.4  # the measurement at step 20 was made void by the resume


def test_loss_that_is_no_number_is_none(catalogue, runs_dir):
    folder = RunFolder.create(runs_dir, "diverged", "")
    with JournalWriter(folder.events) as journal:
        journal.metrics([1], {"loss": [float("nan")]})
    catalogue.refresh()
    assert [row.glance.loss for row in catalogue.rows()] == [None]


def test_two_windows_refresh_one_catalogue_at_a_time(catalogue, runs_dir):
    for number in range(20):
        a_run(runs_dir, f"run {number}")
    program = (
        "import sys, pathlib; from workbench.runs.catalogue import RunCatalogue;"
        "c = RunCatalogue(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])); c.refresh(); print(len(c.rows()))"
    )
    command = [sys.executable, "-c", program, os.fspath(catalogue.path), os.fspath(runs_dir)]
    windows = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    assert [int(window.communicate()[0]) for window in windows] == [20, 20]
