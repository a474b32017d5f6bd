"""The state machine: any story folds, an end is final, the dead do not run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import psutil
from hypothesis import given
from hypothesis import strategies as st

from workbench.runs.events import Kind
from workbench.runs.state import (
    ORPHANED_AFTER_S,
    RunState,
    Summary,
    is_alive,
    state,
    summarise,
    summarise_all,
    this_process,
)

lists = st.lists(st.integers(), max_size=2)
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | lists
keys = st.sampled_from(
    ["pid", "pid_start", "host", "state", "reason", "hint", "steps_total", "resumed_from", "steps", "values", "else"]
)
outcomes = st.sampled_from(["completed", "stopped", "failed"])


@st.composite
def events(draw):
    kind = draw(st.sampled_from([*map(str, Kind), "from-the-future"]))
    event = {
        **draw(st.dictionaries(keys, anything, max_size=4)),
        "seq": 0,
        "t": draw(st.floats(0, 1e9)),
        "step": draw(st.integers(0, 10**6)),
        "kind": kind,
    }
    if kind == "ended" and draw(st.booleans()):
        event["state"] = draw(outcomes)
    return event


stories = st.lists(events(), max_size=25)


def event(kind: str, step: int = 0, **payload: object) -> dict:
    return {"seq": 0, "t": 100.0, "step": step, "kind": kind, **payload}


def begun() -> dict:
    return event("starting", pid=os.getpid(), pid_start=1.0, host="here")


@given(stories, st.sampled_from([True, False, None]), st.floats(0, 1e10))
def test_any_story_has_a_state(story, alive, now):
    assert state(summarise_all(story), alive, now) in RunState


@given(stories, stories, outcomes)
def test_an_end_is_final_until_an_engine_starts_again(before, after, outcome):
    ended = summarise_all([*before, begun(), event("ended", state=outcome)])
    assert ended.phase == outcome
    later = summarise_all([item for item in after if item["kind"] != "starting"], ended)
    assert later == ended
    assert summarise(begun(), later).phase is RunState.STARTING


@given(stories, st.floats(0, 1e10))
def test_the_dead_never_run(story, now):
    assert not state(summarise_all(story), False, now).live


@given(stories)
def test_what_has_no_engine_yet_is_queued_or_was_heard_of(story):
    summary = summarise_all(story)
    if summary.phase is RunState.QUEUED:
        assert not any(item["kind"] in {"starting", "running", "paused", "resumed", "stopping"} for item in story)


@given(stories, st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_silent_run_elsewhere_is_orphaned_after_two_minutes(story, early, late):
    summary = summarise_all(story)
    silent, heard = summary.t + ORPHANED_AFTER_S + 1 + late, summary.t - early
    if summary.phase.live:
        assert state(summary, None, silent) is RunState.ORPHANED
        assert state(summary, None, heard) is summary.phase
    else:
        assert state(summary, None, silent) is summary.phase


@given(stories, st.integers(0, 25))
def test_folding_in_two_parts_is_folding_at_once(story, cut):
    assert summarise_all(story[cut:], summarise_all(story[:cut])) == summarise_all(story)


def test_a_whole_life_passes_through_the_named_states():
    summary, seen = Summary(), []
    for item in [
        begun(),
        event("running", 0, steps_total=10),
        event("metrics", 3),
        event("paused", 3),
        event("resumed", 3),
        event("stopping", 4, reason="asked"),
        event("checkpoint", 4),
        event("ended", 4, state="stopped", reason="asked"),
    ]:
        summary = summarise(item, summary)
        seen.append(summary.phase)
    assert [str(phase) for phase in seen] == [
        "starting",
        "running",
        "running",
        "paused",
        "running",
        "stopping",
        "stopping",
        "stopped",
    ]
    assert (summary.step, summary.steps_total, summary.reason, summary.starts) == (4, 10, "asked", 1)


def test_a_new_engine_clears_the_old_reason_and_keeps_the_creation():
    first = summarise_all([begun(), event("ended", state="failed", reason="out of memory", hint="smaller batch")])
    again = summarise({**begun(), "t": 500.0}, first)
    assert (again.reason, again.hint, again.created_t, again.starts) == ("", "", 100.0, 2)


def test_this_process_is_alive_and_one_with_another_start_is_not():
    me = this_process()
    assert me.alive is True
    assert replace(me, pid_start=me.pid_start - 60).alive is False


def test_process_on_another_host_cannot_be_known():
    assert replace(this_process(), host="elsewhere").alive is None


def test_zombie_and_reaped_process_are_dead():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started, host = psutil.Process(child.pid).create_time(), this_process().host
    assert is_alive(child.pid, started, host) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    assert is_alive(child.pid, started, host) is False
    child.communicate()
    assert is_alive(child.pid, started, host) is False


@given(st.integers(), st.floats())
def test_no_process_number_raises(pid, start):
    assert is_alive(pid, start, this_process().host) in (True, False)
