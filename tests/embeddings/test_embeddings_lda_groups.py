"""LDA by groups that the user put together, and by any column of classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.core.errors import DataError, RunError
from workbench.data.base import no_progress
from workbench.embeddings.projections.base import Drawn, Given
from workbench.embeddings.projections.lda import Lda, LdaConfig
from workbench.embeddings.projections.projecting import project_set
from workbench.recipes.models import Choice
from workbench.recipes.overrides import apply_overrides
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

ROWS = 60
WORDS = [f"w{row}" for row in range(ROWS)]


def vectors() -> np.ndarray:
    """Three clusters in 6 dimensions, in turn, and one row that is not finite."""
    found = np.random.default_rng(0).normal(size=(ROWS, 6)).astype(np.float32)
    found[np.arange(ROWS), np.arange(ROWS) % 3] += 6
    found[59] = np.nan
    return found


def draw(groups: str, rest: bool = False, labels: np.ndarray | None = None) -> Drawn:
    config = LdaConfig(groups=groups, rest=rest)
    return Lda().project(Given(vectors(), labels=labels, ids=WORDS), config, no_progress)


def by_codes(codes: np.ndarray) -> Drawn:
    return Lda().project(Given(vectors(), labels=codes.astype(np.int32)), LdaConfig(), no_progress)


def test_groups_are_told_apart_as_labels_of_the_same_points_would_be() -> None:
    codes = np.full(ROWS, -1)
    codes[[0, 3, 6, 9, 12]], codes[20:29] = 0, 1
    drawn, same = draw("first: w0, w3, #6, 9, w12; second: #20-28"), by_codes(codes)
    np.testing.assert_array_equal(drawn.places, same.places)
    assert drawn.axes == same.axes


def test_the_rest_is_one_group_more() -> None:
    codes = np.where(np.arange(ROWS) < 20, 0, 1)
    np.testing.assert_array_equal(draw("#0-19", rest=True).places, by_codes(codes).places)


def test_groups_take_the_place_of_labels() -> None:
    labels = (np.arange(ROWS) % 3).astype(np.int32)
    np.testing.assert_array_equal(draw("#0-9; #10-19", labels=labels).places, draw("#0-9; #10-19").places)


@pytest.mark.parametrize(
    ("groups", "rest", "words"),
    [
        ("#0-9", False, "One group has nothing to be told apart from. Add another"),
        ("bees: #0-9; cats:", False, "The group 'cats' has no points. Add"),
        ("bees: #0-9; cats: #59", False, "The group 'cats' has no points that can be placed"),
        ("bees: #0-9; #8-12", False, "'bees' and 'group 2' share 2 points, the first in row 8. Take them out"),
        ("#0-59", True, "All points are in one group, so there is no rest"),
        ("#0-4; w77", False, "There is no point 'w77'"),
    ],
)
def test_groups_that_do_not_do_are_refused_with_the_way_out(groups: str, rest: bool, words: str) -> None:
    with pytest.raises(DataError, match=words):
        draw(groups, rest)


@pytest.mark.parametrize("typed", ["#0-9; #10-19", "first: #0-9; second: w10, w11"])
def test_groups_are_typed_on_a_command_line_as_they_are(typed: str) -> None:
    assert apply_overrides({}, [f"groups={typed}"]) == {"groups": typed}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    side = ["left" if row < 30 else "right" for row in range(ROWS)]
    table = pa.table({"id": WORDS, "side": side, "weight": np.linspace(0, 1, ROWS)})
    write_embedding_set(tmp_path / "set", vectors(), table)
    return tmp_path / "set"


def test_any_column_of_classes_will_do(folder: Path) -> None:
    name = project_set(folder, Choice(id="lda", column="side"))
    expected = by_codes(np.where(np.arange(ROWS) < 30, 0, 1)).places
    np.testing.assert_array_equal(EmbeddingSet.open(folder).layout(name).xy, expected)


@pytest.mark.parametrize(
    ("column", "error", "words"),
    [
        ("weight", DataError, "The column 'weight' holds measurements, not classes"),
        ("sides", RunError, "'sides'.*'side'"),
        ("label", DataError, "no labels to tell apart. Choose PCA, another column, or groups"),
    ],
)
def test_columns_that_are_no_classes_are_refused(folder: Path, column: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        project_set(folder, Choice(id="lda", column=column))


def test_groups_are_found_by_the_ids_of_a_stored_set_and_recorded(folder: Path) -> None:
    groups = "a: w0, w1, w2, w3; b: #30-40"
    name = project_set(folder, Choice(id="lda", groups=groups))
    layout = EmbeddingSet.open(folder).layout(name)
    np.testing.assert_array_equal(layout.xy, draw(groups).places)
    assert layout.info is not None
    assert layout.info.params["groups"] == groups
