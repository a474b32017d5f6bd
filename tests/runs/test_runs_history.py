"""Histories: curves whole, what a resumed run makes again is dropped, what was handed out stays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.runs.events import decode, encode
from workbench.runs.history import RunHistory
from workbench.runs.rows import Column, MetricRows, Table, condense

odd = st.sampled_from([None, "nan", "x", True, 10**400, 2**70, math.nan, math.inf, [1]])
values = st.lists(st.floats(allow_nan=False) | st.integers(-5, 5) | odd, max_size=4)


@st.composite
def events(draw):
    kind = draw(st.sampled_from(["metrics"] * 6 + ["running", "evaluation", "checkpoint", "warning", "progress"]))
    step = draw(st.integers(0, 20))
    event = {"seq": 0, "t": float(draw(st.integers(0, 99))), "step": step, "kind": kind}
    if kind == "metrics":
        named = draw(st.dictionaries(st.sampled_from("abc"), values, max_size=3))
        length = draw(st.sampled_from([len(column) for column in named.values()] or [0]))
        return {**event, "steps": [step + i for i in range(length)], "values": named}
    if kind == "running":
        return {**event, "resumed_from": draw(st.none() | st.integers(0, 20))}
    return {**event, "values": {"knn": draw(st.floats(0, 1))}, "path": "p", "message": draw(odd), "share": draw(odd)}


def event(kind: str, step: int, **payload: object) -> dict:
    return {"seq": 0, "t": float(step), "step": step, "kind": kind, **payload}


def metrics(*steps: int, **columns: list) -> dict:
    return event("metrics", steps[-1], steps=list(steps), values=columns or {"loss": [float(s) for s in steps]})


def folded(*story: dict) -> RunHistory:
    history = RunHistory()
    history.fold(story)
    return history


def curves(history: RunHistory) -> dict[str, list]:
    return {
        name: [array.tolist() for array in (*map(_comparable, history.array(name)), history.times(name))]
        for name in history.names
    }


def _comparable(array: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(array), -999.0, array)


@given(st.lists(events(), max_size=30))
def test_folding_one_by_one_is_folding_all_at_once(story):
    one_by_one = RunHistory()
    for item in story:
        one_by_one.fold([item])
    whole = folded(*story)
    assert curves(whole) == curves(one_by_one)
    assert whole.evaluations == one_by_one.evaluations
    assert whole.summary == one_by_one.summary
    assert whole.progress == one_by_one.progress


def test_neighbouring_metrics_become_one_piece():
    pieces = condense([metrics(1), metrics(2), event("checkpoint", 2, path="p"), metrics(3)])
    assert [type(piece) for piece in pieces] == [MetricRows, dict, MetricRows]
    assert pieces[0].tables == [Table(("loss",), [1, 2], [1.0, 2.0], [[1.0, 2.0]])]


def test_metrics_keep_their_own_steps_and_times():
    history = folded(metrics(1, 2, loss=[0.5, 0.4]), metrics(3, 4, loss=[0.3, 0.2], rank=[None, 7.0]))
    steps, losses = history.array("loss")
    assert (steps.tolist(), losses.tolist()) == ([1, 2, 3, 4], [0.5, 0.4, 0.3, 0.2])
    assert [array.tolist() for array in history.array("rank")] == [[4], [7.0]]
    assert history.times("loss").tolist() == [2.0, 2.0, 4.0, 4.0]
    assert (history.last("loss"), history.last("rank"), history.last("lr")) == (0.2, 7.0, None)


def test_unknown_metric_is_empty():
    steps, losses = RunHistory().array("loss")
    assert (len(steps), len(losses), RunHistory().names) == (0, 0, [])


def test_divergence_stays_in_the_curve():
    line = encode(metrics(1, 2, loss=[math.nan, math.inf]))
    _, losses = folded(decode(line)).array("loss")
    assert np.array_equal(losses, [math.nan, math.inf], equal_nan=True)


def test_resumed_run_makes_the_later_steps_again():
    history = folded(
        event("running", 0, resumed_from=None),
        metrics(*range(1, 11)),
        event("evaluation", 4, values={"knn": 0.4}),
        event("evaluation", 8, values={"knn": 0.8}),
        event("starting", 10),
        event("running", 5, resumed_from=5),
        metrics(6, 7, loss=[60.0, 70.0]),
        event("evaluation", 8, values={"knn": 0.81}),
    )
    steps, losses = history.array("loss")
    assert (steps.tolist(), losses.tolist()) == ([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 60, 70])
    assert history.evaluated("knn") == [(4, 0.4), (8, 0.81)]


def test_run_that_begins_afresh_drops_what_came_before():
    history = folded(metrics(1, 2), event("evaluation", 0, values={"knn": 0.1}), event("running", 0, resumed_from=None))
    assert (history.names, history.evaluations) == ([], [])


def test_second_measurement_of_a_step_replaces_the_first():
    history = folded(event("evaluation", 0, values={"knn": 0.1}), event("evaluation", 0, values={"knn": 0.2}))
    assert history.evaluated("knn") == [(0, 0.2)]


def test_arrays_handed_out_keep_their_values_over_growth_and_resume():
    history = folded(metrics(*range(1, 301)))
    steps, losses = history.array("loss")
    kept = steps.copy(), losses.copy()
    history.fold([metrics(*range(301, 2000)), event("running", 100, resumed_from=100), metrics(101, loss=[-1.0])])
    assert np.array_equal(steps, kept[0])
    assert np.array_equal(losses, kept[1])
    assert history.array("loss")[0].tolist() == list(range(1, 102))


def test_arrays_handed_out_are_read_only_views():
    history = folded(metrics(1, 2))
    steps, _ = history.array("loss")
    with pytest.raises(ValueError, match="read-only"):
        steps[0] = 9
    assert np.shares_memory(steps, history.array("loss")[0])


def test_growing_column_copies_each_value_a_bounded_number_of_times():
    column, buffers = Column(), set()
    for step in range(20_000):
        column.extend([step], [0.0], [0.0])
        buffers.add(column.values.base.ctypes.data)
    assert len(buffers) < 12
    assert column.steps.tolist() == list(range(20_000))


def test_story_besides_the_curves_is_kept():
    history = folded(
        event("data", 0, train={"samples": 8000}, test=None),
        event("running", 0, device="cpu", parameters=1234, resumed_from=None),
        event("evaluation", 4, values={"knn": 0.5, "odd": "x"}, floors={"raw pixels": 0.4}, settings={"k": 20}),
        event("checkpoint", 4, path="step_00000004"),
        event("checkpoint", 8, path="step_00000008"),
        event("checkpoint_removed", 8, removed=4),
        event("embedding", 8, path="step_00000008"),
        event("warning", 8, message="slow", hint="more threads"),
        event("alarm", 9, id="flat", title="collapse"),
        event("progress", 9, share=0.5, words="Measuring"),
    )
    assert history.data == {"train": {"samples": 8000}, "test": None}
    assert history.running["parameters"] == 1234
    (measured,) = history.evaluations
    assert (measured.values, measured.floors, measured.settings) == ({"knn": 0.5}, {"raw pixels": 0.4}, {"k": 20})
    assert history.checkpoints == {8: "step_00000008"}
    assert history.embeddings == {8: "step_00000008"}
    assert [(notice.alarm, notice.message) for notice in history.notices] == [(False, "slow"), (True, "collapse")]
    assert history.progress == (0.5, "Measuring")
    history.fold([metrics(10)])
    assert history.progress is None


def test_unknown_kinds_change_nothing_but_the_clock():
    history = folded(metrics(1))
    before = curves(history)
    history.fold([event("from-the-future", 2, values={"loss": [3]}, steps=[2])])
    assert (curves(history), history.summary.step) == (before, 2)


def test_done_share_follows_steps_or_seconds_of_training():
    assert RunHistory().share_done is None
    by_steps = folded(event("running", 0, resumed_from=None, steps_total=40), metrics(10))
    assert by_steps.share_done == 0.25
    by_time = folded(event("running", 0, resumed_from=None, steps_total=None, budget_s=60.0))
    assert by_time.share_done == 0.0
    by_time.fold([metrics(10, elapsed_s=[45.0])])
    assert by_time.share_done == 0.75


def test_revision_grows_with_news_alone():
    history = folded(metrics(1))
    revision = history.revision
    history.fold([])
    assert history.revision == revision
    history.fold([metrics(2)])
    assert history.revision > revision
