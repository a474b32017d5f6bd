"""`workbench study objectives` with real runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.app.studies.estimate import Estimate
from workbench.app.studies.folder import create_study
from workbench.app.studies.objectives.plan import make_plan
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Budget
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document

SETTINGS = [
    "hardware.threads=1",
    "evaluation.bank=200",
    "evaluation.test=100",
    "hardware.device=cpu",
]


def study(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workbench", "study", "objectives", *map(str, words)]
    environment = {**os.environ, "WORKBENCH_HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


def test_an_unknown_objective_exits_2_with_one_message(tmp_path: Path) -> None:
    done = study(tmp_path, "--objectives", "simclr,rotaton", "--yes")
    assert done.returncode == 2
    assert "'rotation'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_study_of_another_kind_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text('schema = 1\nkind = "augmentations"\nops = ["crop"]\n')
    (tmp_path / "recipe.toml").write_text("schema = 1\n")
    done = study(tmp_path, "--resume", tmp_path)
    assert done.returncode == 2
    assert f"workbench study augmentations --resume {tmp_path}" in done.stderr


@pytest.mark.slow
def test_objectives_are_trained_and_probed_beside_their_floors(tmp_path: Path) -> None:
    catalogue = builtin_catalogue()
    base = build(override_recipe(find_document("simclr-fashion-mnist"), SETTINGS, catalogue), catalogue)
    budget = Budget(unit="steps", amount=6)
    plan = make_plan(["rotation", "supervised"], budget, base, catalogue, samples=400)
    made = create_study(tmp_path / "s", plan, base, catalogue)
    made.keep_estimate(Estimate(start_s=4, data_s=0.1, step_s=0.05, measure_s=1, train_samples=8000))
    done = study(tmp_path, "--resume", made.path, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [row["id"] for row in told["objectives"]] == ["rotation", "supervised"]
    for row in told["objectives"]:
        assert 0 < row["knn"] < 1
        assert 0 < row["probe"] < 1
        assert set(row["floors"]) == {"knn", "probe"}
        assert all(set(floors) == {"raw pixels", "random init"} for floors in row["floors"].values())
    rotation, supervised = told["objectives"]
    assert rotation["floors"]["probe"]["raw pixels"] == supervised["floors"]["probe"]["raw pixels"]
    assert all(Path(file).stat().st_size for file in told["files"])
    assert "| Pretext task |" in (made.path / "objectives.md").read_text()
