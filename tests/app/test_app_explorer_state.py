"""The explorer over a real set: whatever is filtered, sorted and undone, a row keeps its id and its picture."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from workbench.app.explorer.explorer import Explorer
from workbench.app.explorer.filter_words import FilterError
from workbench.core.errors import RunError
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

LABELS = ["cat", "dog", "cat", None, "bird"]


@pytest.fixture
def explorer(stored_set):
    return Explorer(stored_set({"label": LABELS, "loss": [0.5, 0.1, 0.9, 0.3, np.nan]}))


def test_it_starts_with_all_points_shown_and_none_selected(explorer):
    assert explorer.shown.all()
    assert explorer.selected_rows.tolist() == []
    assert (explorer.focus, explorer.state.colour, explorer.state.layout) == (None, "label", "")


def test_what_is_shown_passes_the_filter_and_is_neither_hidden_nor_left_out(explorer):
    explorer.apply("filter", filter="loss > 0.2")
    assert explorer.shown_rows.tolist() == [0, 2, 3]
    explorer.apply("hide no label", hidden=frozenset({""}))
    assert explorer.shown_rows.tolist() == [0, 2]
    explorer.select([2, 4])
    explorer.isolate()
    assert explorer.shown_rows.tolist() == [2]
    assert explorer.selected_rows.tolist() == [2, 4]
    explorer.select_none()
    explorer.isolate()
    assert explorer.shown_rows.tolist() == [0, 2]


def test_a_filter_that_asks_for_the_selection_follows_it(explorer):
    explorer.apply("filter", filter="not selected")
    explorer.select([1, 2])
    assert explorer.shown_rows.tolist() == [0, 3, 4]
    explorer.undo()
    assert explorer.shown_rows.tolist() == [0, 1, 2, 3, 4]


def test_tables_list_what_is_shown_in_the_chosen_order(explorer):
    explorer.apply("sort", sort="loss", descending=True)
    assert explorer.listed_rows.tolist() == [2, 0, 3, 1, 4]
    explorer.apply("filter", filter="label = cat")
    assert explorer.listed_rows.tolist() == [2, 0]


def test_every_change_is_undone_and_done_again_and_listeners_hear_its_fields(explorer):
    heard = []
    end = explorer.subscribe(heard.append)
    explorer.select([0, 1])
    explorer.apply("point size", point_size=5.0)
    assert explorer.history.undo_words == "point size"
    explorer.undo()
    assert explorer.history.undo_words == "select 2 points"
    explorer.undo()
    explorer.redo()
    assert explorer.undo() == {"selection"}
    assert explorer.undo() == frozenset()
    end()
    explorer.select([3])
    size, selection = {"point_size"}, {"selection"}
    assert heard == [selection, size, size, selection, selection, selection]


def test_what_changes_nothing_is_no_step(explorer):
    heard = []
    explorer.subscribe(heard.append)
    assert explorer.apply("filter", filter="") == frozenset()
    assert explorer.select([]) == frozenset()
    assert (heard, len(explorer.history)) == ([], 0)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"filter": "loss >"}, FilterError),
        ({"filter": "lable = cat"}, FilterError),
        ({"colour": "lable"}, RunError),
        ({"sort": "lable"}, RunError),
        ({"focus": 5}, RunError),
        ({"k": 0}, RunError),
        ({"k": 1001}, RunError),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_leaves_all_as_it_was(changes, error, explorer):
    explorer.apply("filter", filter="label = cat")
    before, shown = explorer.state, explorer.shown.tolist()
    with pytest.raises(error):
        explorer.apply("wrong", **changes)
    assert explorer.state is before
    assert explorer.shown.tolist() == shown
    assert explorer.history.undo_words == "filter"


def test_another_colour_column_shows_hidden_classes_again(explorer):
    explorer.apply("hide cat", hidden=frozenset({"cat"}))
    assert explorer.apply("colour", colour="loss") == {"colour", "hidden"}
    assert explorer.shown.all()
    explorer.undo()
    assert explorer.shown_rows.tolist() == [1, 3, 4]


def test_the_same_arrays_come_back_until_something_changes_and_cannot_be_written_to(explorer):
    explorer.apply("filter", filter="loss > 0.2")
    shown, rows = explorer.shown, explorer.listed_rows
    explorer.apply("k", k=30)
    assert explorer.shown is shown
    assert explorer.listed_rows is rows
    with pytest.raises(ValueError, match="read-only"):
        shown[0] = False


def test_a_replaced_column_changes_what_a_filter_over_it_shows(explorer):
    heard = []
    explorer.subscribe(heard.append)
    explorer.add_column("trust", np.array([0.1, 0.9, 0.1, 0.9, 0.1]))
    explorer.apply("filter", filter="trust > 0.5")
    assert explorer.shown_rows.tolist() == [1, 3]
    explorer.add_column("trust", np.array([0.9, 0.1, 0.1, 0.1, 0.1]))
    assert explorer.shown_rows.tolist() == [0]
    assert heard == [{"columns"}, {"filter"}, {"columns"}]


def test_selections_grow_invert_and_take_all_within_what_is_shown(explorer):
    explorer.apply("filter", filter="row < 4")
    explorer.select([1])
    explorer.invert()
    assert explorer.selected_rows.tolist() == [0, 2, 3]
    explorer.select_shown()
    assert explorer.selected_rows.tolist() == [0, 1, 2, 3]
    explorer.select([0])
    explorer.grow(np.array([[4], [0], [0], [0], [0]]))
    assert explorer.selected_rows.tolist() == [0, 4]
    explorer.select([4], "subtract")
    assert explorer.history.undo_words == "take 1 point out of the selection"
    assert explorer.selected_rows.tolist() == [0]


def test_walking_from_neighbour_to_neighbour_is_no_undo_step(explorer):
    explorer.apply("look at 2", focus=2)
    explorer.visit(4)
    explorer.visit(1)
    assert len(explorer.history) == 1
    assert explorer.back() == {"focus"}
    assert explorer.focus == 4
    explorer.back()
    assert explorer.focus == 2
    assert explorer.back() == frozenset()
    explorer.forward()
    assert explorer.focus == 4
    with pytest.raises(RunError, match="There is no row 5"):
        explorer.visit(5)


def test_a_set_of_one_point_and_a_set_of_none_are_explored_like_any_other(empty_set, stored_set):
    one = Explorer(stored_set({"label": ["cat"]}))
    one.select_shown()
    one.invert()
    assert (one.selected.tolist(), one.listed_rows.tolist()) == ([False], [0])
    none = Explorer(empty_set)
    none.apply("filter", filter="label = cat")
    none.apply("sort", sort="loss")
    assert none.select_shown() == frozenset()
    assert (none.listed_rows.tolist(), none.samples([])) == ([], [])


ROWS = 40


class Exploring(RuleBasedStateMachine):
    """Any sequence of steps over pictures that hold their row number, against a plain loop over the table."""

    @initialize()
    def open(self):
        rng = np.random.default_rng(3)
        self.folder = tempfile.TemporaryDirectory()
        self.labels = [["cat", "dog", None, "a b"][code] for code in rng.integers(0, 4, ROWS)]
        self.losses = rng.integers(0, 6, ROWS) / 5
        pictures = np.zeros((ROWS, 2, 2, 3), np.uint8)
        pictures[:, 1, 0, 2] = np.arange(ROWS)
        ids = [f"id {(row * 17) % ROWS}" for row in range(ROWS)]
        table = pa.table({"id": ids, "label": self.labels, "loss": self.losses})
        write_embedding_set(Path(self.folder.name) / "set", rng.normal(size=(ROWS, 3)), table, pictures)
        self.explorer = Explorer(EmbeddingSet.open(Path(self.folder.name) / "set"))

    @rule(label=st.sampled_from(["cat", '"a b"', "owl"]), limit=st.sampled_from([0.2, 0.5]))
    def filter(self, label, limit):
        self.explorer.apply("filter", filter=f"label = {label} or loss > {limit}")

    @rule()
    def filter_selected(self):
        self.explorer.apply("filter", filter="selected")

    @rule()
    def clear_filter(self):
        self.explorer.apply("clear", filter="")

    @rule(column=st.sampled_from(["", "id", "label", "loss"]), descending=st.booleans())
    def sort(self, column, descending):
        self.explorer.apply("sort", sort=column, descending=descending)

    @rule(hidden=st.frozensets(st.sampled_from(["cat", "dog", ""])))
    def hide(self, hidden):
        self.explorer.apply("hide", hidden=hidden)

    @rule(rows=st.lists(st.integers(0, ROWS - 1)), how=st.sampled_from(["replace", "add", "subtract", "intersect"]))
    def select(self, rows, how):
        self.explorer.select(rows, how)

    @rule()
    def isolate(self):
        self.explorer.isolate()

    @rule()
    def undo(self):
        self.explorer.undo()

    @rule()
    def redo(self):
        self.explorer.redo()

    @invariant()
    def rows_ids_labels_and_pictures_stay_together(self):
        for sample in self.explorer.samples(self.explorer.listed_rows):
            assert sample.id == f"id {(sample.row * 17) % ROWS}"
            assert sample.label == (self.labels[sample.row] or "")
            assert sample.picture[1, 0, 2] == sample.row

    @invariant()
    def exactly_what_the_state_says_is_listed(self):
        expected = [row for row in range(ROWS) if self._is_shown(row)]
        assert sorted(self.explorer.listed_rows.tolist()) == expected
        assert np.flatnonzero(self.explorer.shown).tolist() == expected

    def _is_shown(self, row):
        state, label, loss = self.explorer.state, self.labels[row], self.losses[row]
        if state.filter == "selected":
            kept = row in state.selection
        elif state.filter:
            name, limit = state.filter.removeprefix("label = ").split(" or loss > ")
            kept = label == name.strip('"') or loss > float(limit)
        else:
            kept = True
        return kept and (label or "") not in state.hidden and (state.isolated is None or row in state.isolated)

    @invariant()
    def the_list_is_sorted(self):
        state, rows = self.explorer.state, self.explorer.listed_rows
        if state.sort == "loss":
            losses = self.losses[rows]
            steps = np.diff(-losses if state.descending else losses)
            assert np.all(steps >= 0)
            assert np.all(np.diff(rows)[steps == 0] > 0)

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()


class TestAnySequenceOfStepsKeepsRowsIdsAndPicturesTogether(Exploring.TestCase):
    settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
