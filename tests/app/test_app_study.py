"""Studies without their runs: what is planned, what is read back, and what is told of it."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from workbench.app.studies.composition.plan import make_plan
from workbench.app.studies.composition.report import as_csv, as_document, as_text, draw_table, titles
from workbench.app.studies.composition.table import Table
from workbench.app.studies.desk import StudyDesk
from workbench.app.studies.estimate import Estimate
from workbench.app.studies.folder import Study, create_study, new_study_path, open_study, studies_in
from workbench.app.studies.plan import Cell, check_plan, parse_budget
from workbench.app.studies.results import FAILURE, CellState, StudyReader
from workbench.core.errors import RecipeError, RunError, WorkbenchError
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Budget, Recipe
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document, load
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder, step_name
from workbench.runs.journal import JournalWriter
from workbench.runs.state import this_process

CATALOGUE = builtin_catalogue()
SEVEN = ("crop", "cutout", "color", "sobel", "noise", "blur", "rotate")
STEPS = Budget(unit="steps", amount=20)


@pytest.fixture(scope="module")
def base() -> Recipe:
    return load("simclr-fashion-mnist", CATALOGUE)


@pytest.fixture
def study(tmp_path: Path, base: Recipe) -> Study:
    plan = make_plan(["crop", "blur"], STEPS, CATALOGUE)
    return create_study(tmp_path / "study", plan, base, CATALOGUE)


def write_run(study: Study, first: str, second: str, accuracy: float | None = None, **more: object) -> RunFolder:
    """A run folder as an engine leaves it behind: `state` how it ended, None for one that is dead without a word."""
    cell = Cell((first, second), int(more.get("seed", 0)))
    folder = RunFolder.create(study.runs_dir, cell.folder, write_toml(study.base))
    state, loss = more.get("state", "completed"), more.get("loss", 1.5)
    process = {**asdict(this_process()), "pid": 2**22 + 1} if state is None else asdict(this_process())
    clock = iter([100.0, 110.0, 115.0, 130.0, 130.0]).__next__
    with JournalWriter(folder.events, wall=clock) as journal:
        journal.emit("starting", 0, **process, version="", schema=1)
        journal.emit("running", 0, steps_total=20, resumed_from=None, budget_s=None)
        journal.metrics([10], {"loss": [loss]})
        journal.flush()
        if state is not None:
            journal.emit("ended", 20, state=state, reason=str(more.get("reason", "")), hint="")
    folder.evaluation.mkdir()
    if accuracy is not None:
        record = {"probe": accuracy, "took_s": 2.5}
        (folder.evaluation / f"probe_{step_name(20)}.json").write_text(json.dumps(record))
    return folder


# -- the plan ------------------------------------------------------------------------------------------------------


def test_every_ordered_pair_and_every_single_operation_is_a_run() -> None:
    plan = make_plan(SEVEN, STEPS, CATALOGUE)
    pairs = {cell.names for cell in plan.cells()}
    assert pairs == {(a, b) for a in SEVEN for b in SEVEN}
    assert len(plan.cells()) == 49


def test_a_symmetric_study_runs_each_pair_once_and_every_seed_is_a_run_of_its_own() -> None:
    plan = make_plan(SEVEN, STEPS, CATALOGUE, symmetric=True, seeds=3)
    assert len(plan.cells()) == 3 * 28
    assert len({cell.folder for cell in plan.cells()}) == 3 * 28
    assert [cell.seed for cell in plan.cells()] == [0] * 28 + [1] * 28 + [2] * 28


def test_one_branch_is_plain_and_the_other_goes_through_the_pair_in_order(base: Recipe) -> None:
    plan = make_plan(["blur", "color"], STEPS, CATALOGUE, samples=500)
    made = plan.recipe_of(Cell(("blur", "color"), 2), base, CATALOGUE)
    plain, distorted = made.views.branches
    assert [op.id for op in plain.ops] == ["normalize"]
    assert [op.id for op in distorted.ops] == ["gaussian_blur", "colour_jitter", "greyscale", "normalize"]
    assert (plain.count, distorted.count) == (1, 1)
    assert made.seed == base.seed + 2
    assert (made.budget, made.training.samples) == (STEPS, 500)
    assert (made.objective, made.backbone, made.data) == (base.objective, base.backbone, base.data)


def test_on_the_diagonal_an_operation_stands_alone(base: Recipe) -> None:
    plan = make_plan(["crop"], STEPS, CATALOGUE)
    made = plan.recipe_of(plan.cells()[0], base, CATALOGUE)
    assert [op.id for op in made.views.branches[1].ops] == ["random_resized_crop", "normalize"]


def test_all_seven_of_the_paper_can_be_trained_in_every_pair(base: Recipe) -> None:
    check_plan(make_plan(SEVEN, STEPS, CATALOGUE), base, CATALOGUE)


def test_any_view_operation_may_be_studied_by_its_id_and_is_always_applied(base: Recipe) -> None:
    plan = make_plan(["horizontal_flip"], STEPS, CATALOGUE)
    made = plan.recipe_of(plan.cells()[0], base, CATALOGUE)
    assert made.views.branches[1].ops[0].params["p"] == 1.0


@pytest.mark.parametrize(
    ("ops", "words"),
    [(["crop", "blurr"], "Did you mean 'blur'"), (["normalize"], "normalize"), (["crop", "crop"], "named twice")],
)
def test_an_operation_that_cannot_be_studied_is_named(ops: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        make_plan(ops, STEPS, CATALOGUE)


@pytest.mark.parametrize(
    ("preset", "words"),
    [("rotation-fashion-mnist", "predicts rotation"), ("supervised-fashion-mnist", "learns from labels")],
)
def test_an_objective_that_does_not_compare_two_views_is_refused_by_name(preset: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        check_plan(make_plan(["crop"], STEPS, CATALOGUE), load(preset, CATALOGUE), CATALOGUE)


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [("30s", "seconds", 30), ("2m", "seconds", 120), ("2epochs", "epochs", 2), ("0.5 epoch", "epochs", 0.5),
     ("200steps", "steps", 200)],
)  # fmt: skip
def test_budgets_are_read_as_people_write_them(text: str, unit: str, amount: float) -> None:
    assert parse_budget(text) == Budget(unit=unit, amount=amount)


@pytest.mark.parametrize("text", ["soon", "", "-3steps", "0s", "3 fortnights"])
def test_a_text_that_is_no_budget_is_refused_with_examples(text: str) -> None:
    with pytest.raises(WorkbenchError, match="200steps"):
        parse_budget(text)


# -- the folder ----------------------------------------------------------------------------------------------------


def test_a_study_is_read_back_as_it_was_made(study: Study, base: Recipe) -> None:
    study.keep_estimate(Estimate(start_s=4, data_s=1, step_s=0.1, measure_s=2, train_samples=8000))
    again = open_study(study.path, CATALOGUE)
    assert (again.plan, again.base, again.estimate()) == (study.plan, base, study.estimate())


def test_the_same_study_in_the_same_folder_goes_on_and_another_one_is_refused(study: Study, base: Recipe) -> None:
    assert create_study(study.path, study.plan, base, CATALOGUE) == study
    with pytest.raises(RunError, match="holds another study"):
        create_study(study.path, study.plan.replace(seeds=2), base, CATALOGUE)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, base: Recipe) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(RunError, match="holds no study"):
        create_study(tmp_path, make_plan(["crop"], STEPS, CATALOGUE), base, CATALOGUE)
    with pytest.raises(RunError, match=r"no study\.toml"):
        open_study(tmp_path, CATALOGUE)


def test_the_studies_of_a_workspace_are_listed_newest_first(tmp_path: Path, base: Recipe) -> None:
    plan = make_plan(["crop"], STEPS, CATALOGUE)
    made = [create_study(new_study_path(tmp_path, base), plan, base, CATALOGUE).path for _ in range(3)]
    for age, path in enumerate(made):
        os.utime(path / "study.toml", (1000 - age, 1000 - age))
    assert list(studies_in(tmp_path, plan.kind)) == made


# -- results -------------------------------------------------------------------------------------------------------


def test_a_study_without_runs_waits(study: Study) -> None:
    table = Table.of(study, StudyReader(study).read())
    assert table.results.count(CellState.WAITING) == 4
    assert table.best() is None
    assert table.average("crop") is None


def test_cells_averages_and_the_best_come_from_the_run_folders(study: Study) -> None:
    for pair, accuracy in {("crop", "crop"): 0.5, ("crop", "blur"): 0.8, ("blur", "crop"): 0.6}.items():
        write_run(study, *pair, accuracy)
    table = Table.of(study, StudyReader(study).read())
    assert table.score("crop", "blur").mean == 0.8
    assert table.average("crop") == pytest.approx((0.5 + 0.8) / 2)
    assert table.average("blur") == 0.6
    assert table.best() == ("crop", "blur")
    assert not table.results.complete


def test_seeds_give_mean_and_sample_deviation(tmp_path: Path, base: Recipe) -> None:
    study = create_study(tmp_path / "s", make_plan(["crop"], STEPS, CATALOGUE, seeds=3), base, CATALOGUE)
    for seed, accuracy in enumerate((0.5, 0.6, 0.8)):
        write_run(study, "crop", "crop", accuracy, seed=seed)
    score = Table.of(study, StudyReader(study).read()).score("crop", "crop")
    mean = (0.5 + 0.6 + 0.8) / 3
    expected = math.sqrt(sum((value - mean) ** 2 for value in (0.5, 0.6, 0.8)) / 2)
    assert (score.mean, score.std, score.count) == (pytest.approx(mean), pytest.approx(expected), 3)


def test_a_symmetric_table_shows_a_pair_on_both_sides(tmp_path: Path, base: Recipe) -> None:
    plan = make_plan(["crop", "blur"], STEPS, CATALOGUE, symmetric=True)
    study = create_study(tmp_path / "s", plan, base, CATALOGUE)
    write_run(study, "crop", "blur", 0.7)
    table = Table.of(study, StudyReader(study).read())
    assert table.score("blur", "crop") == table.score("crop", "blur")
    assert len(table.results.runs) == 3


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"state": "failed", "reason": "Out of memory with a batch of 256."}, "Out of memory"),
        ({"state": None}, "The engine died"),
        ({"state": "completed", "loss": math.nan}, "The loss became nan"),
    ],
)
def test_a_run_that_failed_says_why_and_counts_as_ended(study: Study, how: dict, words: str) -> None:
    write_run(study, "crop", "blur", **how)
    table = Table.of(study, StudyReader(study).read())
    (failed,) = table.results.failures
    assert failed.reason.startswith(words)
    assert table.score("crop", "blur") is None
    assert f"crop+blur-seed0 failed: {words}" in as_text(table, titles(study.plan, CATALOGUE))


def test_an_engine_that_died_before_its_first_word_has_failed(study: Study) -> None:
    folder = write_run(study, "crop", "blur")
    folder.events.write_text("")
    assert Table.of(study, StudyReader(study).read()).runs("crop", "blur")[0].state is CellState.WAITING
    (folder.evaluation / FAILURE).write_text(json.dumps({"reason": "The engine was ended by SIGKILL."}))
    (failed,) = StudyReader(study).read().failures
    assert failed.reason == "The engine was ended by SIGKILL."


def test_a_measurement_that_failed_is_told_and_a_completed_run_without_one_waits_for_it(study: Study) -> None:
    folder = write_run(study, "crop", "blur")
    reader = StudyReader(study)
    assert Table.of(study, reader.read()).runs("crop", "blur")[0].state is CellState.MEASURING
    (folder.evaluation / FAILURE).write_text(json.dumps({"reason": "The features are not finite."}))
    assert Table.of(study, reader.read()).runs("crop", "blur")[0].reason == "The features are not finite."


def test_a_stopped_run_waits_and_a_live_one_runs(study: Study) -> None:
    write_run(study, "crop", "crop", state="stopped")
    folder = write_run(study, "blur", "blur", state=None)
    events = folder.events.read_text().replace(str(2**22 + 1), str(os.getpid()))
    folder.events.write_text(events)
    table = Table.of(study, StudyReader(study).read())
    assert table.runs("crop", "crop")[0].state is CellState.WAITING
    assert table.runs("blur", "blur")[0].state is CellState.RUNNING
    assert table.runs("blur", "blur")[0].share == 0.5


def test_a_result_that_changes_on_disk_is_read_again(study: Study) -> None:
    reader, folder = StudyReader(study), write_run(study, "crop", "crop", 0.5)
    assert Table.of(study, reader.read()).score("crop", "crop").mean == 0.5
    record = json.dumps({"probe": 0.75, "took_s": 1.0})
    (folder.evaluation / "new.json").write_text(record)
    os.replace(folder.evaluation / "new.json", folder.evaluation / f"probe_{step_name(20)}.json")
    assert Table.of(study, reader.read()).score("crop", "crop").mean == 0.75


def test_the_time_left_follows_the_runs_that_are_done_and_before_them_the_estimate(study: Study, base: Recipe) -> None:
    estimate = Estimate(start_s=4, data_s=1, step_s=0.1, measure_s=3, train_samples=8000)
    reader = StudyReader(study)
    assert reader.left_s(reader.read(), estimate) == pytest.approx(4 * (4 + 1 + 20 * 0.1 + 3))
    write_run(study, "crop", "crop", 0.5)
    assert reader.left_s(reader.read(), estimate) == pytest.approx(3 * (130 - 100 + 2.5))


def test_the_estimate_counts_epochs_of_the_samples_that_are_learned_from(base: Recipe) -> None:
    estimate = Estimate(start_s=4, data_s=1, step_s=0.1, measure_s=3, train_samples=8000)
    epochs = make_plan(["crop"], Budget(unit="epochs", amount=2), CATALOGUE, samples=1000)
    assert estimate.training_s(epochs, base) == pytest.approx(2 * (1000 // base.training.batch_size) * 0.1)
    seconds = make_plan(["crop"], Budget(unit="seconds", amount=30), CATALOGUE, seeds=2)
    assert estimate.study_s(seconds, base) == pytest.approx(2 * 38)


# -- reports -------------------------------------------------------------------------------------------------------


def test_csv_and_json_hold_every_cell_and_the_averages(study: Study) -> None:
    write_run(study, "crop", "blur", 0.8125)
    write_run(study, "blur", "blur", state="failed", reason="NaN, at last")
    table = Table.of(study, StudyReader(study).read())
    rows = list(csv.DictReader(io.StringIO(as_csv(table))))
    assert [(row["first"], row["second"]) for row in rows] == [
        *(("crop", "crop"), ("crop", "blur"), ("blur", "crop"), ("blur", "blur")),
        *(("crop", "average"), ("blur", "average")),
    ]
    assert float(rows[1]["accuracy_percent"]) == 81.25
    assert rows[3]["reason"] == "NaN, at last"
    document = json.loads(json.dumps(as_document(table)))
    assert (document["done"], document["failed"], document["runs"]) == (1, 1, 4)
    assert document["average"] == {"crop": 0.8125, "blur": None}


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_figure_is_drawn_whatever_is_missing(study: Study, tmp_path: Path, suffix: str) -> None:
    headings, path = titles(study.plan, CATALOGUE), tmp_path / f"table.{suffix}"
    draw_table(Table.of(study, StudyReader(study).read()), headings, "Study", path)
    empty = path.stat().st_size
    write_run(study, "crop", "blur", 0.8)
    draw_table(Table.of(study, StudyReader(study).read()), headings, "Study", path)
    assert path.stat().st_size > 1000
    assert empty > 1000
    if suffix == "svg":
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


# -- the window's side ---------------------------------------------------------------------------------------------


def test_a_study_nobody_works_on_can_be_read_but_not_stopped(study: Study) -> None:
    desk = StudyDesk(study)
    seen = desk.read()
    assert (seen.working, seen.paused) == (False, False)
    with pytest.raises(RunError, match="Nothing works on"):
        desk.stop()


def test_a_recipe_override_changes_what_a_study_is(study: Study, tmp_path: Path) -> None:
    document = override_recipe(find_document("simclr-fashion-mnist"), ["objective.temperature=0.5"], CATALOGUE)
    other = create_study(tmp_path / "other", study.plan, build(document, CATALOGUE), CATALOGUE)
    assert study.plan.recipe_of(Cell(("crop", "blur"), 0), other.base, CATALOGUE).objective.params["temperature"] == 0.5
