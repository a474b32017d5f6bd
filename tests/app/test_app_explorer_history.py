"""Undo, redo, and the walk from neighbour to neighbour."""

from __future__ import annotations

from workbench.app.explorer.history import STEPS, History
from workbench.app.explorer.views import LONGEST, Walk


class Clock:
    """Seconds that move only when they are told to."""

    now = 0.0

    def __call__(self):
        return self.now


def test_steps_are_taken_back_and_done_again_with_their_words():
    history = History()
    history.add("one", "select 5 points")
    history.add("two", "filter")
    assert (history.undo_words, history.redo_words) == ("filter", "")
    assert history.undo("three") == "two"
    assert history.undo("two") == "one"
    assert history.undo("one") is None
    assert (history.undo_words, history.redo_words) == ("", "select 5 points")
    assert history.redo("one") == "two"
    assert history.redo("two") == "three"
    assert history.redo("three") is None


def test_a_step_after_undo_forgets_what_was_undone():
    history = History()
    history.add("one", "a")
    history.undo("two")
    history.add("one", "b")
    assert history.redo_words == ""
    assert history.undo("three") == "one"


def test_quick_steps_of_one_key_are_one_and_slow_ones_are_not():
    clock = Clock()
    history = History(clock)
    for value in range(5):
        clock.now += 0.5
        history.add(value, f"size {value + 1}", key="size")
    assert len(history) == 1
    assert history.undo_words == "size 5"
    assert history.undo(5) == 0
    history.redo(0)
    clock.now += 0.1
    history.add(5, "size 6", key="size")
    clock.now += 2
    history.add(6, "size 7", key="size")
    history.add(7, "k 3", key="k")
    assert len(history) == 4


def test_the_oldest_steps_are_forgotten_beyond_two_hundred():
    history = History()
    for value in range(STEPS + 7):
        history.add(value, str(value))
    assert len(history) == STEPS
    state = STEPS + 7
    while (before := history.undo(state)) is not None:
        state = before
    assert state == 7


def test_the_walk_goes_back_and_forward_as_a_browser_does():
    walk = Walk()
    assert (walk.row, walk.back(), walk.forward()) == (None, None, None)
    for row in (3, 3, 5, 8):
        walk.visit(row)
    assert (walk.back(), walk.back(), walk.back()) == (5, 3, None)
    assert (walk.row, walk.forward(), walk.following) == (3, 5, 8)
    walk.visit(9)
    assert (walk.following, walk.previous, walk.row) == (None, 5, 9)


def test_the_beginning_of_a_long_walk_is_forgotten():
    walk = Walk()
    for row in range(LONGEST + 5):
        walk.visit(row)
    while walk.back() is not None:
        pass
    assert walk.row == 5
