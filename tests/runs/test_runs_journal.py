"""The journal: what is written is read, once and whole, whatever happens to the file."""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.errors import RunError, RunFailed
from workbench.runs.events import METRICS_MARK, Kind, decode, encode
from workbench.runs.journal import JournalReader, JournalWriter, MetricBuffer
from workbench.runs.tail import LineTail

numbers = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
own = {"seq", "t", "step", "kind", "values", "floors"}
payloads = st.dictionaries(st.text(max_size=6).filter(lambda key: key not in own), plain, max_size=4)


def read_all(path: Path) -> list[dict]:
    return JournalReader(path).read()


def kinds(events: list[dict]) -> list[str]:
    return [event["kind"] for event in events]


@contextlib.contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file may grow beyond `size`, as on a full disk: a write stops half-way, the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(payloads, st.integers(0, 10**9), st.text(min_size=1, max_size=8).filter(lambda kind: kind != Kind.METRICS))
def test_event_survives_its_line(payload, step, kind):
    event = {"seq": 3, "t": 1.5, "step": step, "kind": kind, **payload}
    line = encode(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == event
    assert METRICS_MARK not in line


def test_non_finite_numbers_survive_and_the_line_is_strict_json():
    values = {"a": [math.nan, math.inf, -math.inf, 1.0, None], "b": [np.float32("nan"), np.int64(3)]}
    line = encode({"seq": 0, "t": 0.0, "step": 0, "kind": "metrics", "steps": [0], "values": values})
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    back = decode(line)["values"]
    assert math.isnan(back["a"][0])
    assert back["a"][1:] == [math.inf, -math.inf, 1.0, None]
    assert math.isnan(back["b"][0])
    assert back["b"][1] == 3


def test_words_like_nan_in_a_message_stay_words():
    event = {"seq": 0, "t": 0.0, "step": 0, "kind": "warning", "message": "nan", "hint": "inf"}
    assert decode(encode(event)) == event


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"null",
        b"\x00\x00",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"seq":0}',
        b'{"seq":0,"t":0,"step":-1,"kind":"x"}',
        b'{"seq":0,"t":1e999,"step":0,"kind":"x"}',
        b'{"seq":true,"t":0,"step":0,"kind":"x"}',
        b'{"seq":0,"t":0,"step":0,"kind":3}',
        b'{"seq":0,"t":0,"step":' + b"9" * 5000 + b',"kind":"x"}',
    ],
)
def test_damaged_lines_are_refused_with_value_error_alone(line):
    with pytest.raises(ValueError):
        decode(line)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_raise_value_error(line):
    with contextlib.suppress(ValueError):
        decode(line)


def test_seq_counts_on_over_writers_and_last_step_is_remembered(tmp_path):
    path = tmp_path / "events.jsonl"
    with JournalWriter(path) as first:
        assert first.last_step == 0
        first.emit("starting", 0, pid=1)
        first.emit("checkpoint", 7, path="x")
    with JournalWriter(path) as second:
        assert second.last_step == 7
        second.emit("starting", 7, pid=2)
    assert [event["seq"] for event in read_all(path)] == [0, 1, 2]


def test_seq_is_found_behind_a_line_longer_than_the_first_look(tmp_path):
    path = tmp_path / "events.jsonl"
    with JournalWriter(path) as first:
        first.emit("data", 0, train="x" * 300_000)
    with path.open("ab") as file:
        file.write(b"garbage without an end")
    with JournalWriter(path) as second:
        second.emit("running", 0)
    assert [event["seq"] for event in read_all(path)] == [0, 1]


def test_journal_cut_at_every_byte_reads_up_to_there_and_goes_on(tmp_path):
    path, whole = tmp_path / "events.jsonl", tmp_path / "whole.jsonl"
    with JournalWriter(whole) as writer:
        for step in range(3):
            writer.emit("checkpoint", step, path="ü")
    content = whole.read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == 10]
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        reader = JournalReader(path)
        before = reader.read()
        assert [event["seq"] for event in before] == list(range(sum(end <= cut for end in ends)))
        with JournalWriter(path) as writer:
            writer.emit("ended", 9, state="stopped")
        after = reader.read()
        assert after[-1]["kind"] == "ended"
        # a line that lacked nothing but its newline is whole again; a torn one is passed over
        lost_newline_only = cut + 1 in ends
        assert (len(after), reader.damaged) == ((2, 0) if lost_newline_only else (1, int(cut > 0 and cut not in ends)))
        assert [event["seq"] for event in before + after] == list(range(len(before + after)))


@settings(max_examples=60)
@given(st.lists(st.binary(min_size=1, max_size=120), max_size=20), st.integers(1, 200))
def test_lines_arrive_once_and_in_order_however_the_file_grows(tmp_path_factory, pieces, limit):
    path = tmp_path_factory.mktemp("tail") / "lines"
    tail, got = LineTail(path), []
    with path.open("ab", buffering=0) as file:
        for piece in pieces:
            file.write(piece)
            got += tail.read(limit)
    while lines := tail.read(limit):
        got += lines
    whole = b"".join(pieces).rpartition(b"\n")[0]
    assert got == [line.strip() for line in whole.split(b"\n") if line.strip()]


def test_reader_skips_and_counts_a_damaged_middle_line(tmp_path):
    path = tmp_path / "events.jsonl"
    with JournalWriter(path) as writer:
        writer.emit("starting", 0)
        writer.emit("paused", 1)
        writer.emit("resumed", 2)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\x00" * 40 + b"\n" + lines[2])
    reader = JournalReader(path)
    assert kinds(reader.read()) == ["starting", "resumed"]
    assert reader.damaged == 1


def test_absent_journal_is_empty_and_read_once_it_is_there(tmp_path):
    reader = JournalReader(tmp_path / "events.jsonl")
    assert reader.read() == []
    with JournalWriter(tmp_path / "events.jsonl") as writer:
        writer.emit("starting", 0)
    assert kinds(reader.read()) == ["starting"]
    assert not reader.restarted


@pytest.mark.parametrize("longer", [False, True])
def test_replaced_journal_is_read_from_its_start(tmp_path, longer):
    path, other = tmp_path / "events.jsonl", tmp_path / "other.jsonl"
    for target, count in ((path, 3), (other, 9 if longer else 1)):
        with JournalWriter(target, wall=lambda count=count: float(count)) as writer:
            for step in range(count):
                writer.emit("checkpoint", step)
    reader = JournalReader(path)
    assert len(reader.read()) == 3
    os.replace(other, path)
    assert len(reader.read()) == (9 if longer else 1)
    assert reader.restarted
    assert reader.read() == []
    assert not reader.restarted


def test_copy_that_goes_on_is_followed_without_starting_over(tmp_path):
    path = tmp_path / "events.jsonl"
    with JournalWriter(path) as writer:
        writer.emit("starting", 0)
        reader = JournalReader(path)
        reader.read()
        writer.emit("paused", 1)
    draft = tmp_path / "draft"
    draft.write_bytes(path.read_bytes())
    os.replace(draft, path)
    assert kinds(reader.read()) == ["paused"]
    assert not reader.restarted


def test_metrics_make_at_most_twenty_events_a_second_and_lose_no_row(tmp_path):
    clock = Clock()
    with JournalWriter(tmp_path / "events.jsonl", clock=clock) as writer:
        for step in range(1, 1001):
            clock.now = step / 1000  # a thousand steps in a second
            writer.metrics([step], {"loss": [step / 2]})
    events = read_all(tmp_path / "events.jsonl")
    assert 18 <= len(events) <= 21
    assert [step for event in events for step in event["steps"]] == list(range(1, 1001))
    assert [x for event in events for x in event["values"]["loss"]] == [step / 2 for step in range(1, 1001)]
    assert all(event["step"] == event["steps"][-1] for event in events)


def test_slow_steps_are_written_at_once(tmp_path):
    clock = Clock()
    with JournalWriter(tmp_path / "events.jsonl", clock=clock) as writer:
        for step in range(1, 4):
            clock.now += 1
            writer.metrics([step], {"loss": [0.0]})
            assert read_all(tmp_path / "events.jsonl")[-1]["steps"] == [step]


def test_waiting_rows_come_before_the_event_that_follows_them(tmp_path):
    with JournalWriter(tmp_path / "events.jsonl", clock=Clock()) as writer:
        writer.metrics([1], {"loss": [1.0]})
        writer.metrics([2], {"loss": [2.0]})
        writer.emit("paused", 2)
    events = read_all(tmp_path / "events.jsonl")
    assert kinds(events) == ["metrics", "metrics", "paused"]
    assert events[1]["steps"] == [2]


def test_rows_with_different_names_keep_their_places():
    buffer = MetricBuffer()
    buffer.add([1, 2], {"loss": [1.0, 2.0]})
    buffer.add([3], {"loss": [3.0], "rank": [9.0]})
    buffer.add([4], {"rank": [8.0]})
    assert buffer.steps == [1, 2, 3, 4]
    assert buffer.values == {"loss": [1.0, 2.0, 3.0, None], "rank": [None, None, 9.0, 8.0]}


def test_column_of_another_length_is_refused_by_name():
    with pytest.raises(ValueError, match="'loss' has 1 values for 2 steps"):
        MetricBuffer().add([1, 2], {"loss": [1.0]})


def test_full_disk_is_a_named_failure_that_leaves_whole_lines(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = JournalWriter(path)
    writer.emit("starting", 0)
    size = path.stat().st_size
    with file_limit(size + 50):
        with pytest.raises(RunFailed, match="The disk is full") as caught:
            writer.emit("data", 0, train="x" * 200)
        assert path.stat().st_size == size
    assert "Free some space" in caught.value.hint
    writer.emit("ended", 0, state="failed")
    writer.close()
    assert [(event["seq"], event["kind"]) for event in read_all(path)] == [(0, "starting"), (1, "ended")]


def test_end_is_written_even_where_the_waiting_rows_find_no_room(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = JournalWriter(path, clock=Clock())
    writer.metrics([0], {"loss": [0.0]})
    writer.metrics(list(range(100)), {"loss": [0.0] * 100})
    with file_limit(path.stat().st_size + 150):
        with pytest.raises(RunFailed):
            writer.emit("checkpoint", 1)
        writer.emit("ended", 1, state="failed", reason="full")
    assert kinds(read_all(path)) == ["metrics", "ended"]
    writer.close()
    assert len(read_all(path)[-1]["steps"]) == 100


def fill(writer: JournalWriter) -> None:
    for step in range(1000):
        writer.emit("checkpoint", step, path="x" * 200)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_real_full_disk_is_the_same_named_failure(tmp_path):
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(tmp_path)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        with JournalWriter(tmp_path / "events.jsonl") as writer:
            with pytest.raises(RunFailed, match="The disk is full"):
                fill(writer)
            assert read_all(tmp_path / "events.jsonl")[-1]["kind"] == "checkpoint"
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_journal_in_a_folder_that_is_not_there_is_a_run_error(tmp_path):
    with pytest.raises(RunError, match=r"events\.jsonl cannot be written: No such file"):
        JournalWriter(tmp_path / "nowhere" / "events.jsonl")
