"""Runs under the supervisor, with real processes: see tests/runs/engine_program.py."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from workbench.app.supervisor import RunHandle, RunSupervisor
from workbench.core.errors import RunError
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter
from workbench.runs.state import RunState

ENGINE = (sys.executable, str(Path(__file__).parents[1] / "runs" / "engine_program.py"))
LONG = {"steps": 100_000}


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., RunSupervisor]]:
    made: list[RunSupervisor] = []

    def make(**options: float) -> RunSupervisor:
        made.append(RunSupervisor(tmp_path, command=ENGINE, **options))
        return made[-1]

    yield make
    for supervisor in made:
        for handle in list(supervisor.handles.values()):
            process = handle.history.summary.process
            if process is not None and process.alive:
                os.killpg(process.pid, signal.SIGKILL)
        supervisor.close()


def new_run(tmp_path: Path, **behaviour: object) -> RunFolder:
    folder = RunFolder.create(tmp_path, "run", "")
    (folder.path / "behaviour.json").write_text(json.dumps(behaviour))
    return folder


def until(supervisor: RunSupervisor, condition: Callable[[], object], patience_s: float = 20.0) -> float:
    """Poll as a window does until the condition holds; the seconds that took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < patience_s, "the condition never came true"
        supervisor.poll()
        time.sleep(0.02)
    return time.monotonic() - begun


def steps_of(handle: RunHandle) -> list[int]:
    return handle.history.array("loss")[0].tolist()


def start_running(supervisor: RunSupervisor, folder: RunFolder) -> RunHandle:
    handle = supervisor.start(folder)
    until(supervisor, lambda: handle.state is RunState.RUNNING and len(steps_of(handle)) > 2)
    return handle


def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def test_run_goes_from_starting_to_completed_with_every_step_in_its_history(supervise, tmp_path):
    supervisor = supervise()
    handle = supervisor.start(new_run(tmp_path, steps=30))
    seen = [handle.state]

    def completed() -> bool:
        if handle.state is not seen[-1]:
            seen.append(handle.state)
        return handle.state.ended

    until(supervisor, completed)
    assert seen in ([RunState.STARTING, RunState.RUNNING, RunState.COMPLETED], [RunState.STARTING, RunState.COMPLETED])
    assert steps_of(handle) == list(range(1, 31))


def test_killed_engine_shows_as_crashed_within_two_seconds_and_names_the_signal(supervise, tmp_path):
    supervisor = supervise()
    handle = start_running(supervisor, new_run(tmp_path, **LONG))
    os.kill(handle.child.pid, signal.SIGKILL)
    assert until(supervisor, lambda: handle.state is RunState.CRASHED) < 2
    assert handle.reason == "The engine was ended by SIGKILL."


def test_grandchild_of_a_killed_engine_is_ended_with_it(supervise, tmp_path):
    supervisor = supervise()
    handle = start_running(supervisor, new_run(tmp_path, **LONG, grandchild=True))
    pid = int((handle.folder.path / "grandchild.pid").read_text())
    os.kill(handle.child.pid, signal.SIGKILL)
    until(supervisor, lambda: handle.state is RunState.CRASHED and gone(pid))


def test_crashed_run_resumes_and_keeps_the_steps_before(supervise, tmp_path):
    supervisor = supervise()
    handle = start_running(supervisor, new_run(tmp_path, **LONG))
    os.kill(handle.child.pid, signal.SIGKILL)
    until(supervisor, lambda: handle.state is RunState.CRASHED)
    (handle.folder.path / "behaviour.json").write_text(json.dumps({"steps": len(steps_of(handle)) + 20}))
    assert supervisor.start(handle.folder, resume=True) is handle
    assert handle.state is RunState.STARTING
    until(supervisor, lambda: handle.state is RunState.COMPLETED)
    assert steps_of(handle) == list(range(1, len(steps_of(handle)) + 1))
    assert handle.history.summary.starts == 2


def test_stop_ends_an_engine_that_listens_without_any_signal(supervise, tmp_path):
    supervisor = supervise()
    handle = start_running(supervisor, new_run(tmp_path, **LONG))
    supervisor.stop(handle)
    assert handle.stopping == "asked"
    until(supervisor, lambda: handle.state is RunState.STOPPED and not handle.stopping)
    assert (handle.reason, handle.child.exit.code) == ("asked", 0)


def test_stop_kills_a_deaf_engine_and_its_deaf_grandchild(supervise, tmp_path):
    supervisor = supervise(grace_s=0.3, term_s=0.3)
    handle = start_running(supervisor, new_run(tmp_path, **LONG, deaf=True, grandchild=True))
    pid, stages = int((handle.folder.path / "grandchild.pid").read_text()), []
    supervisor.stop(handle)

    def ended() -> bool:
        stages.append(handle.stopping)
        return handle.state is RunState.CRASHED and gone(pid)

    until(supervisor, ended)
    assert [stage for stage in dict.fromkeys(stages) if stage][:2] == ["asked", "terminated"]
    assert handle.child.exit.code == -signal.SIGKILL


def test_stop_from_another_supervisor_ends_the_grandchild_too(supervise, tmp_path):
    first, second = supervise(), supervise(grace_s=0.2, term_s=0.2)
    handle = start_running(first, new_run(tmp_path, **LONG, deaf=True, grandchild=True))
    pid = int((handle.folder.path / "grandchild.pid").read_text())
    again = second.attach(RunFolder(handle.folder.path))
    until(second, lambda: again.state is RunState.RUNNING)
    second.stop(again)
    until(second, lambda: again.state is RunState.CRASHED and gone(pid))


def test_what_an_obedient_engine_leaves_behind_is_ended_from_another_supervisor(supervise, tmp_path):
    first, second = supervise(), supervise()
    handle = start_running(first, new_run(tmp_path, **LONG, grandchild=True))
    pid = int((handle.folder.path / "grandchild.pid").read_text())
    again = second.attach(RunFolder(handle.folder.path))
    until(second, lambda: again.state is RunState.RUNNING)
    second.stop(again)
    until(second, lambda: again.state is RunState.STOPPED and gone(pid))


def test_engine_that_ended_well_never_shows_as_crashed_while_its_last_events_are_read(supervise, tmp_path):
    supervisor = supervise()
    handle = start_running(supervisor, new_run(tmp_path, steps=50, burst=250))
    os.waitid(os.P_PID, handle.child.pid, os.WEXITED | os.WNOWAIT)
    seen = []

    def ended() -> bool:
        seen.append(handle.state)
        return handle.state.ended

    until(supervisor, ended)
    assert len(seen) > 2
    assert set(seen) == {RunState.RUNNING, RunState.COMPLETED}


def test_replaced_journal_gives_a_new_history(supervise, tmp_path):
    supervisor, folder = supervise(), new_run(tmp_path)
    other = RunFolder.create(tmp_path, "other", "")
    for target, value in ((folder, 1.0), (other, 2.0)):
        with JournalWriter(target.events) as journal:
            journal.metrics([1, 2], {"loss": [value, value]})
    handle = supervisor.attach(folder)
    until(supervisor, lambda: steps_of(handle))
    os.replace(other.events, folder.events)
    until(supervisor, lambda: handle.history.last("loss") == 2.0)
    assert steps_of(handle) == [1, 2]


def test_kill_ends_a_deaf_engine_at_once(supervise, tmp_path):
    supervisor = supervise()
    handle = start_running(supervisor, new_run(tmp_path, **LONG, deaf=True))
    supervisor.kill(handle)
    until(supervisor, lambda: handle.state is RunState.CRASHED, patience_s=5)


def test_pause_resume_and_checkpoint_reach_the_engine(supervise, tmp_path):
    supervisor = supervise()
    handle = start_running(supervisor, new_run(tmp_path, **LONG))
    supervisor.pause(handle)
    until(supervisor, lambda: handle.state is RunState.PAUSED)
    supervisor.resume(handle)
    until(supervisor, lambda: handle.state is RunState.RUNNING)
    supervisor.checkpoint(handle)
    until(supervisor, lambda: handle.history.checkpoints)


def test_second_supervisor_finds_a_live_run_and_misses_no_step(supervise, tmp_path):
    first = supervise()
    handle = start_running(first, new_run(tmp_path, steps=150))
    first.close()
    second = supervise()
    (again,) = second.attach_live()
    assert until(second, lambda: again.state is RunState.RUNNING) < 2
    until(second, lambda: again.state is RunState.COMPLETED)
    assert steps_of(again) == list(range(1, 151))
    assert handle.state is RunState.RUNNING  # the first has stopped watching


def test_run_outlives_the_process_that_started_it(supervise, tmp_path):
    folder = new_run(tmp_path, **LONG)
    front = (
        "import sys, time, pathlib; from workbench.app.supervisor import RunSupervisor;"
        "from workbench.runs.folder import RunFolder;"
        f"s = RunSupervisor(pathlib.Path({str(tmp_path)!r}), command={ENGINE!r});"
        f"s.start(RunFolder(pathlib.Path({str(folder.path)!r}))); print('started', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", front], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"started\n"
        process.kill()
        process.wait()
    supervisor = supervise()
    handle = supervisor.attach(folder)
    until(supervisor, lambda: handle.state is RunState.RUNNING and len(steps_of(handle)) > 5)


def test_engine_that_dies_before_its_first_word_is_crashed_with_its_last_line(supervise, tmp_path):
    supervisor = supervise()
    handle = supervisor.start(new_run(tmp_path, silent=True))
    until(supervisor, lambda: handle.state is RunState.CRASHED)
    assert handle.reason == "The engine exited with code 2. no recipe that could be read"


def test_failed_resume_of_a_completed_run_is_told_and_a_later_one_clears_it(supervise, tmp_path):
    supervisor = supervise()
    folder = new_run(tmp_path, steps=3)
    handle = supervisor.start(folder)
    until(supervisor, lambda: handle.state is RunState.COMPLETED)
    (folder.path / "behaviour.json").write_text(json.dumps({"silent": True}))
    supervisor.start(folder, resume=True)
    until(supervisor, lambda: handle.state is RunState.CRASHED)
    (folder.path / "behaviour.json").write_text(json.dumps({"steps": 6}))
    supervisor.start(folder, resume=True)
    until(supervisor, lambda: handle.state is RunState.COMPLETED)
    assert steps_of(handle) == [1, 2, 3, 4, 5, 6]


def test_second_start_of_a_live_run_is_refused_here_and_from_another_supervisor(supervise, tmp_path):
    first, second = supervise(), supervise()
    handle = start_running(first, new_run(tmp_path, **LONG))
    with pytest.raises(RunError, match="already being trained"):
        first.start(handle.folder)
    with pytest.raises(RunError, match="already being trained"):
        second.start(handle.folder)


def test_dead_run_of_another_time_shows_as_crashed_never_as_running(supervise, tmp_path):
    folder = new_run(tmp_path)
    process = subprocess.Popen([*ENGINE, str(folder.path)])
    process.wait()
    lines = folder.events.read_bytes().splitlines(keepends=True)
    folder.events.write_bytes(b"".join(lines[:-1]))  # as if it had died before its `ended`
    supervisor = supervise()
    handle, seen = supervisor.attach(folder), set()

    def crashed() -> bool:
        seen.add(handle.state)
        return handle.state is RunState.CRASHED

    until(supervisor, crashed)
    assert seen == {RunState.QUEUED, RunState.CRASHED}
    assert handle.reason == "The engine died without saying why."


def test_commands_to_a_run_without_an_engine_are_refused_by_name(supervise, tmp_path):
    supervisor = supervise()
    handle = supervisor.attach(new_run(tmp_path))
    for command in (supervisor.pause, supervisor.stop, supervisor.kill):
        with pytest.raises(RunError, match="The run run is queued"):
            command(handle)


def test_attaching_a_folder_that_is_not_there_is_refused(supervise, tmp_path):
    with pytest.raises(RunError, match="no run folder"):
        supervise().attach(RunFolder(tmp_path / "nowhere"))


def test_large_journal_loads_in_small_bites(supervise, tmp_path):
    folder = new_run(tmp_path)
    with JournalWriter(folder.events, clock=iter(range(10**9)).__next__) as journal:
        for step in range(1, 20_001):
            journal.metrics([step], {"loss": [1.0], "lr": [0.1]})
    supervisor = supervise()
    handle = supervisor.attach(folder)
    bites = []

    def loaded() -> bool:
        bites.append(len(steps_of(handle)))
        return handle.loaded

    until(supervisor, loaded)
    assert len(set(bites)) > 2
    assert steps_of(handle) == list(range(1, 20_001))


def test_detached_run_goes_on_and_is_no_longer_polled(supervise, tmp_path):
    supervisor = supervise()
    handle = start_running(supervisor, new_run(tmp_path, **LONG))
    supervisor.detach(handle)
    known = len(steps_of(handle))
    time.sleep(0.2)
    assert supervisor.poll() == []
    assert len(steps_of(handle)) == known
    again = supervisor.attach(handle.folder)
    until(supervisor, lambda: len(steps_of(again)) > known)
