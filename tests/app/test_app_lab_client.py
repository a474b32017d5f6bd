"""The lab as the front meets it: answers, stale ones, cancel, death."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time

import pytest

from workbench.app.lab_client import LabClient
from workbench.core.errors import LabError

LAB = textwrap.dedent(
    """
    import os, sys, time
    import numpy as np
    from workbench.core.errors import DataError
    from workbench.engine.lab.server import Server

    def double(request):
        return {"n": len(request.arrays), "x": 2 * request.params["x"]}, {"row": np.arange(request.params["x"])}

    def slow(request):
        for part in range(100):
            request.progress(part / 100, "working")
            time.sleep(0.05)
        return {}, {}

    def deaf(request):
        time.sleep(60)

    def broken(request):
        raise DataError("The folder is empty.", "Choose another.")

    def fault(request):
        raise ZeroDivisionError("oops")

    def noisy(request):
        print("a library prints to standard output")
        return {}, {}

    def die(request):
        os._exit(7)

    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    handlers = {f.__name__: f for f in (double, slow, deaf, broken, fault, noisy, die)}
    Server(sys.stdin.buffer, sink, handlers).run()
    """
)
"""The product's own server with requests made for these tests: small, slow, deaf and deadly."""


@pytest.fixture
def lab(tmp_path):
    program = tmp_path / "lab.py"
    program.write_text(LAB)
    client = LabClient(tmp_path / "lab.log", [sys.executable, str(program)])
    yield client
    client.close()


class Heard:
    """Collects what a question's callbacks say."""

    def __init__(self, lab):
        self.lab = lab
        self.done, self.failed, self.progress, self.cancelled = [], [], [], []

    def ask(self, name, channel="", **params):
        return self.lab.ask(
            name,
            params,
            channel=channel,
            done=lambda result, arrays: self.done.append((result, arrays)),
            failed=self.failed.append,
            progress=lambda share, words: self.progress.append((share, words)),
            cancelled=lambda: self.cancelled.append(True),
        )

    def wait(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.lab.poll()
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.005)


def test_an_answer_comes_with_its_arrays(lab):
    heard = Heard(lab)
    heard.ask("double", x=3)
    heard.wait(lambda: heard.done)
    result, arrays = heard.done[0]
    assert result["x"] == 6
    assert arrays["row"].tolist() == [0, 1, 2]
    assert not lab.busy


def test_no_callback_runs_outside_poll(lab):
    heard = Heard(lab)
    heard.ask("double", x=1)
    time.sleep(1.0)
    assert heard.done == []


def test_only_the_newest_question_of_a_channel_is_answered(lab):
    heard = Heard(lab)
    for x in range(20):
        heard.ask("double", channel="hover", x=x)
    heard.wait(lambda: not lab.busy)
    assert [result["x"] for result, _ in heard.done] == [38]


def test_cancel_stops_work_that_listens(lab):
    heard = Heard(lab)
    ticket = heard.ask("slow")
    heard.wait(lambda: heard.progress)
    lab.cancel(ticket)
    heard.wait(lambda: heard.cancelled)
    assert heard.done == []
    heard.ask("double", x=1)
    heard.wait(lambda: heard.done)


def test_cancel_kills_work_that_does_not_listen_and_the_lab_comes_back(lab):
    heard = Heard(lab)
    ticket = heard.ask("deaf")
    heard.wait(lambda: lab.ready)
    lab.cancel(ticket)
    heard.wait(lambda: heard.cancelled, seconds=10)
    heard.ask("double", x=2)
    heard.wait(lambda: heard.done)


def test_a_named_error_keeps_its_words_and_way_out(lab):
    heard = Heard(lab)
    heard.ask("broken")
    heard.wait(lambda: heard.failed)
    assert str(heard.failed[0]) == "The folder is empty. Choose another."


def test_a_fault_is_told_and_the_lab_lives_on(lab):
    heard = Heard(lab)
    heard.ask("fault")
    heard.wait(lambda: heard.failed)
    assert "ZeroDivisionError: oops" in heard.failed[0].message
    heard.ask("double", x=2)
    heard.wait(lambda: heard.done)


def test_what_a_library_prints_does_not_disturb_the_protocol(lab):
    heard = Heard(lab)
    heard.ask("noisy")
    heard.ask("double", x=5)
    heard.wait(lambda: len(heard.done) == 2)


def test_an_unknown_question_names_the_nearest(lab):
    heard = Heard(lab)
    heard.ask("dubble", x=1)
    heard.wait(lambda: heard.failed)
    assert "'double'" in heard.failed[0].message


def test_a_death_fails_the_open_question_and_the_next_starts_anew(lab):
    heard = Heard(lab)
    heard.ask("die")
    heard.wait(lambda: heard.failed)
    assert isinstance(heard.failed[0], LabError)
    assert "exit code 7" in heard.failed[0].message
    heard.ask("double", x=4)
    heard.wait(lambda: heard.done)


def test_three_deaths_in_a_row_end_the_restarts(lab):
    heard = Heard(lab)
    for count in range(1, 4):
        heard.ask("die")
        heard.wait(lambda count=count: len(heard.failed) == count)
    heard.ask("double", x=1)
    assert "died several times" in heard.failed[-1].message


def test_the_lab_ends_when_the_front_dies(lab, tmp_path):
    heard = Heard(lab)
    heard.ask("double", x=1)
    heard.wait(lambda: heard.done)
    process = lab._process
    process.stdin.close()
    assert process.wait(10) == 0


def test_a_killed_lab_is_noticed(lab):
    heard = Heard(lab)
    heard.ask("deaf")
    heard.wait(lambda: lab.ready)
    os.kill(lab._process.pid, signal.SIGKILL)
    heard.wait(lambda: heard.failed)
    assert "died" in heard.failed[0].message
