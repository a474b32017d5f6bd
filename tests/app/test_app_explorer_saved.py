"""Selections kept by name, and rows as CSV."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pyarrow as pa
import pytest

from workbench.app.explorer.columns import Columns
from workbench.app.explorer.points import PointSet
from workbench.app.explorer.saved import FILE, SavedSelections, write_csv
from workbench.core.errors import RunError


@pytest.fixture
def stored(stored_set):
    return stored_set({"id": ["a", "b", "c", "d"], "label": ["x", "y", None, 'say "hi", twice']})


def test_a_saved_selection_comes_back_in_another_opening(stored):
    SavedSelections(stored).save(" odd ones ", PointSet.of_rows([1, 3], 4))
    again = SavedSelections(stored)
    assert [(entry.name, entry.count) for entry in again.entries()] == [("odd ones", 2)]
    recalled = again.recall("odd ones")
    assert (recalled.points.rows.tolist(), recalled.gone) == ([1, 3], 0)


def test_points_are_found_by_id_when_the_set_was_written_anew_and_gone_ones_are_counted(stored, stored_set):
    SavedSelections(stored).save("all", PointSet.all(4))
    anew = stored_set({"id": ["d", "new", "a"]}, name="anew")
    shutil.copy(stored.folder / FILE, anew.folder / FILE)
    recalled = SavedSelections(anew).recall("all")
    assert (recalled.points.rows.tolist(), recalled.gone) == ([0, 2], 2)


def test_the_row_tells_which_of_several_points_of_one_id_is_meant(stored_set):
    saved = SavedSelections(stored_set({"id": ["a", "a", None, None, "a"]}))
    saved.save("some", PointSet.of_rows([1, 3, 4], 5))
    assert saved.recall("some").points.rows.tolist() == [1, 3, 4]


def test_a_set_without_a_table_keeps_selections_by_row(tmp_path, stored):
    folder = tmp_path / "bare"
    folder.mkdir()
    shutil.copy(stored.folder / "vectors.npy", folder)
    saved = SavedSelections(type(stored).open(folder))
    saved.save("one", PointSet.of_rows([2], 4))
    assert saved.recall("one").points.rows.tolist() == [2]


def test_selections_are_renamed_replaced_and_deleted(stored):
    saved = SavedSelections(stored)
    saved.save("a", PointSet.of_rows([0], 4))
    saved.save("b", PointSet.of_rows([1], 4))
    saved.save("a", PointSet.of_rows([2], 4))
    saved.rename("b", "c")
    assert [entry.name for entry in saved.entries()] == ["c", "a"]
    assert saved.recall("a").points.rows.tolist() == [2]
    with pytest.raises(RunError, match="already a selection 'a'"):
        saved.rename("c", "a")
    saved.delete("a")
    with pytest.raises(RunError, match="no saved selection 'a'"):
        saved.recall("a")
    assert [entry.name for entry in saved.entries()] == ["c"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_name_that_is_blank_or_long_is_refused(name, stored):
    with pytest.raises(RunError, match="is no name for a selection"):
        SavedSelections(stored).save(name, PointSet.none(4))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff\xfe", b'{"selections": 3}', b"[" * 100_000])
def test_a_damaged_file_is_told_of_and_kept_when_something_is_saved(content, stored):
    path = stored.folder / FILE
    path.write_bytes(content)
    saved = SavedSelections(stored)
    assert saved.entries() == ()
    assert saved.problems
    saved.save("new", PointSet.of_rows([0], 4))
    assert [entry.name for entry in saved.entries()] == ["new"]
    assert saved.problems == ()
    assert (stored.folder / "selections-damaged.json").read_bytes() == content


def test_entries_that_are_not_whole_are_left_out_and_counted(stored):
    saved = SavedSelections(stored)
    saved.save("good", PointSet.of_rows([0], 4))
    (good,) = json.loads((stored.folder / FILE).read_text())["selections"]
    bad = [3, {}, {**good, "rows": [0, 1]}, {**good, "rows": [-1]}, {**good, "rows": [2**70]}, {**good, "ids": [5]}]
    (stored.folder / FILE).write_text(json.dumps({"selections": [*bad, good]}))
    assert [entry.name for entry in saved.entries()] == ["good"]
    assert saved.problems == (f"{FILE} is damaged: 6 saved selections are not shown.",)


def test_a_folder_that_has_gone_is_told_of(stored):
    saved = SavedSelections(stored)
    stored.samples  # noqa: B018  (read while it is there)
    shutil.rmtree(stored.folder)
    with pytest.raises(RunError, match="cannot be written"):
        saved.save("a", PointSet.none(4))


def test_rows_are_written_as_csv_with_the_chosen_columns_in_order(stored, tmp_path):
    columns = Columns(stored)
    columns.add("loss", np.array([0.5, np.nan, 2.0, 3.0]))
    columns.add("boxes", pa.array([[1], [2], None, [4]]))
    columns.add("kind", pa.array(["k", "l", "k", None]).dictionary_encode())
    path = tmp_path / "rows.csv"
    write_csv(path, columns, ["label", "id", "loss", "boxes", "kind"], [3, 1, 2])
    with open(path, newline="", encoding="utf-8") as file:
        told = list(csv.reader(file))
    assert told == [
        ["label", "id", "loss", "boxes", "kind"],
        ['say "hi", twice', "d", "3", "[4]", ""],
        ["y", "b", "", "[2]", "l"],
        ["", "c", "2", "", "k"],
    ]


def test_csv_of_no_rows_is_a_header(stored, tmp_path):
    write_csv(tmp_path / "rows.csv", Columns(stored), ["id"], [])
    assert (tmp_path / "rows.csv").read_text().strip() == '"id"'


def test_csv_into_a_folder_that_does_not_exist_is_refused(stored, tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        write_csv(tmp_path / "no" / "rows.csv", Columns(stored), ["id"], [0])
