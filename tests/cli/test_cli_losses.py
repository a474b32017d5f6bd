"""`workbench structure SET losses` on a run's checkpoint."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from loss_runs import digits_recipe, untrained_run, write_digits

from workbench.cli.main import main


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("digits")
    write_digits(place / "digits.npz")
    return untrained_run(place, digits_recipe(place / "digits.npz")).embedding_sets()[0][1]


def test_losses_are_json_with_their_unit_and_a_csv_file_of_all_rows(
    embedded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["structure", str(embedded), "losses", "--top", "4", "--json", "--csv", str(tmp_path / "all.csv")]) == 0
    told = json.loads(capsys.readouterr().out)
    losses = [row["loss"] for row in told["rows"]]
    assert len(losses) == 4
    assert losses == sorted(losses, reverse=True)
    assert told["count"] == 397
    assert 1 < told["mean"] < 5
    assert "nat on average" in told["words"]
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 397
    assert sum(float(row["loss"]) for row in rows) / 397 == pytest.approx(told["mean"], rel=1e-4)
