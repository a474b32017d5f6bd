"""`workbench structure` on small stored sets."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.cli.main import main
from workbench.runs.embedding_set import write_embedding_set

ROWS = 60


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two clusters of 30, row 4 with a wrong label, rows 10 and 11 equal; and the same samples with row 50 moved."""
    folder, rng = tmp_path_factory.mktemp("sets"), np.random.default_rng(0)
    codes = np.repeat([0, 1], 30)
    vectors = rng.normal(size=(ROWS, 5)) * 0.2 + 3 * np.eye(5)[codes]
    vectors[11] = vectors[10]
    labels = [("cat", "dog")[code] for code in codes]
    labels[4] = "dog"
    table = pa.table({"id": [f"photo, {row}" for row in range(ROWS)], "label": labels})
    write_embedding_set(folder / "one", vectors, table)
    vectors[50] = 3 * np.eye(5)[0]
    write_embedding_set(folder / "two", vectors, table)
    return folder / "one", folder / "two"


Command = Callable[..., tuple[str, str]]


@pytest.fixture
def structure(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command; standard output and standard error. Only the lab is a process of its own."""

    def run(*words: object, check: int = 0) -> tuple[str, str]:
        code = main(["structure", *map(str, words)])
        told = capsys.readouterr()
        assert code == check, told.err
        return told.out, told.err

    return run


def test_suspects_are_a_table_and_a_csv_file(sets, structure: Command, tmp_path: Path) -> None:
    out, _ = structure(sets[0], "suspects", "--k", 8, "--csv", tmp_path / "suspects.csv")
    assert out.startswith("1 of 60 labelled points have neighbours with another label.")
    heads, first = out.splitlines()[2:4]
    assert heads.split() == ["row", "id", "label", "suggested", "agreement", "share"]
    assert first.split()[-4:-1] == ["dog", "cat", "0"]
    with (tmp_path / "suspects.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["id"], row["suggested"]) for row in rows] == [("4", "photo, 4", "cat")]


def test_json_holds_the_first_rows_and_the_csv_file_all(sets, structure: Command, tmp_path: Path) -> None:
    out, _ = structure(sets[0], "outliers", "--top", 3, "--json", "--csv", tmp_path / "all.csv")
    told = json.loads(out)
    assert told["count"] == ROWS
    assert [set(row) for row in told["rows"]] == [{"row", "id", "label", "distance", "lof"}] * 3
    assert len((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()) == ROWS + 1


def test_clusters_are_named_and_the_rest_of_a_long_list_is_counted(sets, structure: Command) -> None:
    out, _ = structure(sets[0], "clusters", "--method", "kmeans", "--clusters", 2, "--top", 1)
    assert "mostly" in out
    assert out.splitlines()[-1] == "... and 1 more"


def test_comparison_lists_the_moved_sample_first(sets, structure: Command) -> None:
    told = json.loads(structure(sets[0], "compare", sets[1], "--k", 5, "--json")[0])
    assert told["rows"][0]["row"] == told["rows"][0]["row_b"] == 50
    assert 0 < told["mean_overlap"] < 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["compare"], "needs a second embedding"),
        (["outliers", "elsewhere"], "takes one embedding"),
        (["outliers", "--top", "-1"], "--top -1 rows cannot be shown"),
        (["outliers", "--csv", "/nowhere/at/all.csv"], "no folder /nowhere/at"),
        (["suspects", "--column", "breed"], "no column 'breed'"),
    ],
)
def test_a_wrong_wish_exits_2_with_a_message(sets, structure: Command, words: list[str], told: str) -> None:
    assert told in structure(sets[0], *words, check=2)[1]
