"""Results on the way and wishes: what the front sees of work that goes on, and what it can tell it."""

from __future__ import annotations

import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.app.application import App
from workbench.app.lab_client import LabClient
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

LAB = textwrap.dedent(
    """
    import os, sys, time
    import numpy as np
    from workbench.engine.lab.server import Server

    def count(request):
        done = 0
        while request.wish != "stop" and done < 400:
            done += 1
            request.partial({"row": np.arange(done)}, step=done)
            request.progress(0.5, "counting")
            time.sleep(0.02)
        return {"done": done, "wish": request.wish}, {}

    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Server(sys.stdin.buffer, sink, {"count": count}).run()
    """
)
"""The product's own server with a request that shows its steps and can be stopped."""


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "lab.py").write_text(LAB)
    client = LabClient(tmp_path / "lab.log", [sys.executable, str(tmp_path / "lab.py")])
    yield client
    client.close()


class Heard:
    """Collects what a question's callbacks say."""

    def __init__(self, lab, channel=""):
        self.lab, self.partial, self.done, self.cancelled = lab, [], [], []
        self.ticket = lab.ask(
            "count",
            {},
            channel=channel,
            done=lambda result, _: self.done.append(result),
            cancelled=lambda: self.cancelled.append(True),
            partial=lambda said, arrays: self.partial.append((said, arrays["row"])),
        )

    def wait(self, condition):
        wait_for(self.lab.poll, condition)


def wait_for(poll, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        poll()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_partial_results_come_in_order_with_their_arrays_and_words(lab):
    heard = Heard(lab)
    heard.wait(lambda: len(heard.partial) >= 3)
    for number, (said, row) in enumerate(heard.partial, start=1):
        assert said == {"step": number}
        assert row.tolist() == list(range(number))
    lab.cancel(heard.ticket)
    heard.wait(lambda: heard.cancelled)


def test_a_wish_ends_the_work_with_what_there_is(lab):
    heard = Heard(lab)
    heard.wait(lambda: heard.partial)
    lab.wish(heard.ticket, "stop")
    heard.wait(lambda: heard.done)
    assert heard.done[0]["wish"] == "stop"
    assert len(heard.partial) <= heard.done[0]["done"] < 400
    lab.wish(heard.ticket, "stop")
    assert not lab.busy


def test_a_wish_reaches_only_the_request_it_names(lab):
    first, second = Heard(lab), Heard(lab)
    first.wait(lambda: first.partial)
    lab.wish(first.ticket, "stop")
    second.wait(lambda: second.partial)
    lab.wish(second.ticket, "other")
    seen = len(second.partial)
    second.wait(lambda: len(second.partial) > seen + 3)
    assert first.done
    assert not second.done
    lab.cancel(second.ticket)
    second.wait(lambda: second.cancelled)


def test_partial_results_of_a_stale_or_cancelled_question_are_dropped(lab):
    stale = Heard(lab, channel="map")
    stale.wait(lambda: stale.partial)
    newer = Heard(lab, channel="map")
    seen = len(stale.partial)
    lab.wish(stale.ticket, "stop")
    newer.wait(lambda: newer.partial)
    assert len(stale.partial) == seen
    lab.cancel(newer.ticket)
    seen = len(newer.partial)
    newer.wait(lambda: newer.cancelled)
    assert len(newer.partial) == seen


def test_tsne_is_seen_live_paused_and_continued(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "embeddings" / "set"
    vectors = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    write_embedding_set(folder, vectors, pa.table({"id": [str(row) for row in range(300)]}))
    app = App(tmp_path / "home")
    try:
        seen, stored = [], []
        choice = {"id": "tsne", "perplexity": 10.0, "iterations": 20_000}
        job = app.project(folder, choice, stored.append, lambda said, arrays: seen.append((said, arrays["xy"])))
        wait_for(app.poll, lambda: len(seen) >= 2 and seen[-1][0]["iteration"] > 500, 300)
        job.wish("stop")
        wait_for(app.poll, lambda: stored)
        paused = EmbeddingSet.open(folder).layout(stored[0])
        assert seen[-1][0]["iteration"] <= paused.info.iterations < 20_000
        assert paused.info.params["iterations"] == paused.info.iterations
        assert all(xy.shape == (300, 2) and np.isfinite(xy).all() for _, xy in seen)
        app.project(folder, {**choice, "start": stored[0], "iterations": 5}, stored.append)
        wait_for(app.poll, lambda: len(stored) == 2)
        onwards = EmbeddingSet.open(folder).layout(stored[1])
        assert (onwards.info.start, onwards.info.iterations) == (stored[0], 5)
        assert np.abs(onwards.xy - paused.xy).max() < 0.2 * np.ptp(paused.xy)
    finally:
        app.close()
