"""Run folder, control file and lock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.core.errors import RunError
from workbench.runs.control import ControlReader, ControlWriter
from workbench.runs.folder import RunFolder, run_of_set, step_name
from workbench.runs.lock import engine_lock, holder, live_runs

HOLD = """
import pathlib, sys
from workbench.runs.folder import RunFolder
from workbench.runs.lock import engine_lock
with engine_lock(RunFolder(pathlib.Path(sys.argv[1]))):
    print("held", flush=True)
    input()
"""


def checkpoint(folder: RunFolder, name: str, *files: str) -> None:
    path = folder.checkpoints / name
    path.mkdir(parents=True)
    for file in files:
        (path / file).write_bytes(b"x")


@pytest.fixture
def held(tmp_path):
    """A run folder whose lock another process holds."""
    folder = RunFolder.create(tmp_path, "run", "")
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder.path)], stdin=-1, stdout=-1, stderr=-1)
    assert process.stdout.readline() == b"held\n"
    yield folder, process
    process.kill()
    process.communicate()


def test_created_folder_holds_the_recipe_and_never_takes_a_name_twice(tmp_path):
    first = RunFolder.create(tmp_path / "runs", "simclr", "seed = 1\n")
    second = RunFolder.create(tmp_path / "runs", "simclr", "seed = 2\n")
    assert (first.name, second.name) == ("simclr", "simclr-2")
    assert (first.recipe.read_text(), second.recipe.read_text()) == ("seed = 1\n", "seed = 2\n")


def test_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"No run folder can be made in .*file"):
        RunFolder.create(tmp_path / "file", "run", "")


def test_only_whole_checkpoints_count_and_the_latest_is_by_step(tmp_path):
    folder = RunFolder(tmp_path)
    both = ("model.safetensors", "train_state.pt")
    checkpoint(folder, step_name(200), *both)
    checkpoint(folder, step_name(123_456_789), *both)
    checkpoint(folder, step_name(1000), *both)
    checkpoint(folder, step_name(3000), "model.safetensors")
    checkpoint(folder, f".{step_name(4000)}.ab12.part", *both)
    checkpoint(folder, "best", *both)
    assert [ref.step for ref in folder.whole_checkpoints()] == [200, 1000, 123_456_789]
    assert folder.latest_checkpoint().path == folder.checkpoints / "step_123456789"


def test_folder_without_checkpoints_has_none(tmp_path):
    assert RunFolder(tmp_path).whole_checkpoints() == []
    assert RunFolder(tmp_path).latest_checkpoint() is None
    assert RunFolder(tmp_path / "nowhere").embedding_sets() == []


def test_embedding_sets_are_listed_by_step(tmp_path):
    folder = RunFolder(tmp_path)
    for step in (30, 4):
        path = folder.embeddings / step_name(step)
        path.mkdir(parents=True)
        (path / "vectors.npy").touch()
        (path / "meta.json").touch()
    (folder.embeddings / step_name(5)).mkdir()
    assert folder.embedding_sets() == [(4, folder.embeddings / step_name(4)), (30, folder.embeddings / step_name(30))]


def test_commands_arrive_once_in_order_with_their_arguments(tmp_path):
    writer, reader = ControlWriter(tmp_path / "control.jsonl"), ControlReader(tmp_path / "control.jsonl")
    assert reader.poll() == []
    writer.send("pause")
    writer.send("stop", save=False)
    first, second = reader.poll()
    assert (first["command"], second["command"], second["save"]) == ("pause", "stop", False)
    assert reader.poll() == []


def test_resumed_engine_does_not_obey_the_last_stop(tmp_path):
    writer = ControlWriter(tmp_path / "control.jsonl")
    writer.send("stop", save=True)
    reader = ControlReader(tmp_path / "control.jsonl", from_end=True)
    assert reader.poll() == []
    writer.send("pause")
    assert [record["command"] for record in reader.poll()] == ["pause"]
    everything = ControlReader(tmp_path / "control.jsonl", from_end=False).poll()
    assert [record["command"] for record in everything] == ["stop", "pause"]


@pytest.mark.parametrize("garbage", [b"{torn", b"\xff\xfe\n", b"[]\n", b'{"command": 3}\n', b"[" * 100_000 + b"\n"])
def test_garbage_in_the_control_file_is_passed_over(tmp_path, garbage):
    path = tmp_path / "control.jsonl"
    reader = ControlReader(path)
    path.write_bytes(garbage)
    ControlWriter(path).send("checkpoint")
    assert [record["command"] for record in reader.poll()] == ["checkpoint"]


def test_command_to_a_folder_that_is_gone_is_a_run_error(tmp_path):
    with pytest.raises(RunError, match="'pause' cannot be written"):
        ControlWriter(tmp_path / "gone" / "control.jsonl").send("pause")


def test_second_engine_is_refused_and_told_who_holds_the_folder(held):
    folder, process = held
    with pytest.raises(RunError, match=f"already being trained by process {process.pid}"), engine_lock(folder):
        pytest.fail("two engines")
    assert holder(folder).pid == process.pid


def test_lock_of_a_killed_engine_is_free_although_its_worker_lives(tmp_path):
    folder = RunFolder.create(tmp_path, "run", "")
    forking = HOLD.replace('print("held"', 'import os, time\n    if os.fork() == 0: time.sleep(60)\n    print("held"')
    process = subprocess.Popen(
        [sys.executable, "-c", forking, str(folder.path)], stdin=-1, stdout=-1, start_new_session=True
    )
    try:
        assert process.stdout.readline() == b"held\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with engine_lock(folder):
            assert json.loads(folder.lock.read_text())["pid"] == os.getpid()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.stdin.close()
        process.stdout.close()


def test_released_lock_names_nobody(tmp_path):
    folder = RunFolder.create(tmp_path, "run", "")
    with engine_lock(folder):
        pass
    assert holder(folder) is None
    assert holder(RunFolder(tmp_path / "nowhere")) is None


def test_live_runs_are_those_whose_engine_lives(held, tmp_path):
    folder, process = held
    dead = RunFolder.create(tmp_path, "dead", "")
    dead.lock.write_text(json.dumps({"pid": process.pid, "pid_start": 1.0, "host": "here"}))
    (RunFolder.create(tmp_path, "odd", "").path / "engine.lock").write_text("garbage")
    assert live_runs(tmp_path) == [RunFolder(Path(folder.path))]
    process.kill()
    process.wait()
    assert live_runs(tmp_path) == []


def test_the_run_of_an_embedding_set_is_the_one_in_whose_folder_it_lies(tmp_path):
    folder = RunFolder.create(tmp_path, "run", "")
    found = run_of_set(folder.embeddings / step_name(3))
    assert found is not None
    assert found.path == folder.path
    assert run_of_set(folder.path / "figures" / step_name(3)) is None
    assert run_of_set(tmp_path / "elsewhere" / "embeddings" / step_name(3)) is None
