"""Alarms as readers of a journal see them: which go on, which are over, and what a resumed run keeps."""

from __future__ import annotations

import pytest

from workbench.runs.alarms import limits_of
from workbench.runs.history import RunHistory

FLAT = {
    "id": "flat",
    "metric": "embedding_std",
    "title": "Flat",
    "seen": "All alike.",
    "means": "Collapse.",
    "try": [{"setting": "optimiser.lr", "change": "lower it"}],
}


def told(*events: tuple[str, int, dict[str, object]]) -> RunHistory:
    history = RunHistory()
    history.fold({"seq": n, "t": float(n), "kind": kind, "step": step, **x} for n, (kind, step, x) in enumerate(events))
    return history


def test_an_alarm_goes_on_until_the_journal_says_that_it_is_over() -> None:
    begun = ("alarm", 5, FLAT)
    (alarm,) = told(begun).open_alarms
    assert (alarm.id, alarm.step, alarm.advice) == ("flat", 5, (("optimiser.lr", "lower it"),))
    history = told(begun, ("alarm_over", 9, {"id": "other"}), ("alarm_over", 20, {"id": "flat"}))
    assert history.open_alarms == []
    assert [alarm.over for alarm in history.alarms] == [20]


def test_a_run_that_ends_keeps_the_alarms_it_ended_with() -> None:
    assert len(told(("alarm", 5, FLAT), ("ended", 9, {"state": "completed"})).open_alarms) == 1


def test_a_resumed_run_forgets_later_alarms_and_looks_anew_for_earlier_ones() -> None:
    history = told(("alarm", 5, FLAT), ("alarm", 30, {**FLAT, "id": "late"}), ("running", 10, {"resumed_from": 10}))
    assert [(alarm.id, alarm.over) for alarm in history.alarms] == [("flat", 10)]
    assert history.open_alarms == []


def test_an_alarm_is_among_the_notices_with_what_was_seen() -> None:
    (notice,) = told(("alarm", 5, FLAT)).notices
    assert (notice.alarm, notice.message, notice.hint) == (True, "Flat", "All alike. Collapse.")


@pytest.mark.parametrize("damaged", [{}, {"id": 3, "try": 4, "title": None}, {"try": [1, {"setting": 2}]}])
def test_a_damaged_alarm_is_still_an_alarm(damaged: dict[str, object]) -> None:
    assert len(told(("alarm", 5, damaged)).open_alarms) == 1


def test_damaged_limits_are_left_out() -> None:
    sound = {"metric": "loss", "value": 3, "sign": 1, "after": 0, "share": 0.5}
    limits = limits_of([sound, {**sound, "value": "x"}, {**sound, "sign": 2}, 7])
    assert [(limit.metric, limit.value, limit.beyond(4), limit.beyond(2)) for limit in limits] == [
        ("loss", 3.0, True, False)
    ]
    assert limits_of(None) == ()
