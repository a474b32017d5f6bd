"""The objectives study without its runs: what is planned, and the table that is told."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest

from workbench.app.studies.composition.plan import CompositionPlan
from workbench.app.studies.folder import Study, create_study, open_study, studies_in
from workbench.app.studies.objectives.plan import ObjectivesPlan, make_plan
from workbench.app.studies.objectives.report import RANDOM, RAW, as_csv, as_document, as_markdown, as_text, draw, rows
from workbench.app.studies.plan import Cell
from workbench.app.studies.results import StudyReader
from workbench.core.errors import RecipeError
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.models import Budget, Recipe
from workbench.recipes.presets import load
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder, step_name
from workbench.runs.journal import JournalWriter
from workbench.runs.state import this_process

CATALOGUE = builtin_catalogue()
STEPS = Budget(unit="steps", amount=20)


@pytest.fixture(scope="module")
def base() -> Recipe:
    return load("simclr-cifar10", CATALOGUE)


@pytest.fixture
def study(tmp_path: Path, base: Recipe) -> Study:
    plan = make_plan(["simclr", "mae"], STEPS, base, CATALOGUE, seeds=2)
    return create_study(tmp_path / "study", plan, base, CATALOGUE)


def write_run(study: Study, id_: str, seed: int, knn: float, probe: float) -> None:
    """A completed run whose pixels give 0.3, and whose untrained encoder 0.4."""
    folder = RunFolder.create(study.runs_dir, Cell((id_,), seed).folder, write_toml(study.base))
    floors = {RAW: 0.3, RANDOM: 0.4}
    with JournalWriter(folder.events) as journal:
        journal.emit("starting", 0, **asdict(this_process()), version="", schema=1)
        journal.emit("running", 0, steps_total=20, resumed_from=None, budget_s=None)
        journal.emit("evaluation", 20, values={"knn": knn}, floors=floors, settings={}, epoch=1.0, elapsed_s=1.0)
        journal.emit("ended", 20, state="completed", reason="", hint="")
    folder.evaluation.mkdir()
    record = {"probe": probe, "took_s": 1.0, "floors": floors}
    (folder.evaluation / f"probe_{step_name(20)}.json").write_text(json.dumps(record))


def test_without_names_every_objective_that_can_learn_from_the_data_runs(base: Recipe) -> None:
    colour = make_plan([], STEPS, base, CATALOGUE)
    assert set(CATALOGUE.ids("objective")) == set(colour.objectives)
    unlabelled = base.replace(data={"id": "image-folder", "path": "/pictures"})
    assert "simclr" in make_plan([], STEPS, unlabelled, CATALOGUE).objectives


def test_each_objective_trains_as_its_preset_says_on_the_data_and_the_seed_of_the_base(base: Recipe) -> None:
    plan = make_plan(["simclr", "mae"], STEPS, base, CATALOGUE, seeds=2, samples=700)
    there = base.replace(data={"id": "fashion-mnist"}, seed=5)
    made = plan.recipe_of(Cell(("mae",), 1), there, CATALOGUE)
    preset = load("mae-cifar10", CATALOGUE)
    assert (made.objective, made.backbone, made.optimiser) == (preset.objective, preset.backbone, preset.optimiser)
    assert made.views == preset.views
    assert (made.data.id, made.seed, made.budget, made.training.samples) == ("fashion-mnist", 6, STEPS, 700)
    assert made.evaluation.every_epochs == 0
    assert made.evaluation.k == base.evaluation.k
    assert [cell.folder for cell in plan.cells()] == ["simclr-seed0", "mae-seed0", "simclr-seed1", "mae-seed1"]


def test_an_objective_that_learns_from_a_part_of_the_pictures_does_so_unless_the_study_says_otherwise(
    base: Recipe,
) -> None:
    preset = load("exemplar-cifar10", CATALOGUE)
    for samples, expected in ((0, preset.training.samples), (9000, 9000)):
        plan = make_plan(["exemplar"], STEPS, base, CATALOGUE, samples=samples)
        assert plan.recipe_of(Cell(("exemplar",), 0), base, CATALOGUE).training.samples == expected
    assert preset.training.samples == preset.objective.params["exemplars"]


def test_an_unknown_objective_is_named_with_the_nearest(base: Recipe) -> None:
    with pytest.raises(RecipeError, match=r"--objectives.*'simclr'"):
        make_plan(["simclir"], STEPS, base, CATALOGUE)


def test_a_study_is_read_back_as_what_it_was_and_listed_by_its_kind(study: Study, tmp_path: Path) -> None:
    assert open_study(study.path, CATALOGUE).plan == study.plan
    assert list(studies_in(tmp_path, ObjectivesPlan.kind)) == [study.path]
    assert list(studies_in(tmp_path, CompositionPlan.kind)) == []


def test_a_row_is_the_mean_over_seeds_beside_its_floors(study: Study) -> None:
    write_run(study, "simclr", 0, knn=0.5, probe=0.6)
    write_run(study, "simclr", 1, knn=0.52, probe=0.64)
    simclr, mae = rows(study.plan, StudyReader(study).read(), CATALOGUE)
    assert simclr.values == {"knn": pytest.approx(0.51), "probe": pytest.approx(0.62)}
    assert simclr.floors["probe"] == {RAW: pytest.approx(0.3), RANDOM: pytest.approx(0.4)}
    assert simclr.deviation == pytest.approx(0.02 * 2**0.5)
    assert (simclr.note, mae.values, mae.note) == ("", {}, "waiting")


def test_the_table_is_told_as_words_markdown_csv_and_json(study: Study) -> None:
    for seed in (0, 1):
        write_run(study, "mae", seed, knn=0.5, probe=0.6)
    results = StudyReader(study).read()
    table = rows(study.plan, results, CATALOGUE)
    told = as_text(study.plan, table).splitlines()
    assert told[0] == "Accuracy (%), 20 steps a run, mean of 2 seeds"
    assert told[3].split() == ["MAE", "20", "50.0", "30.0", "40.0", "60.0", "30.0", "40.0"]
    assert told[2].split() == ["SimCLR", "-", "-", "-", "-", "-", "-", "-", "waiting"]
    assert "| Masked | MAE | 20 | 50.0 | 30.0 | 40.0 | 60.0 | 30.0 | 40.0 |  |" in as_markdown(study.plan, table)
    lines = list(csv.DictReader(io.StringIO(as_csv(table))))
    assert (lines[1]["objective"], lines[1]["probe"], lines[1]["probe_random_init"]) == ("mae", "60.0000", "40.0000")
    document = as_document(study.plan, results, table)
    assert document["objectives"][1]["probe"] == pytest.approx(0.6)
    assert (document["objectives"][1]["steps"], document["objectives"][0]["steps"]) == (20, None)
    assert (document["done"], document["runs"]) == (2, 4)


def test_the_figure_names_every_objective_that_has_a_result(study: Study, tmp_path: Path) -> None:
    write_run(study, "mae", 0, knn=0.5, probe=0.6)
    table = rows(study.plan, StudyReader(study).read(), CATALOGUE)
    with matplotlib.rc_context({"svg.fonttype": "none"}):  # words stay words
        draw(study.plan, table, "Study", tmp_path / "table.svg")
    words = ElementTree.tostring(ElementTree.parse(tmp_path / "table.svg").getroot(), encoding="unicode")
    assert "MAE" in words
    assert "SimCLR" not in words
