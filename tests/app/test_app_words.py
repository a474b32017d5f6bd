"""A recipe in words, its chance level, jobs, and figures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench.app.background import Background
from workbench.app.chance import chance_of
from workbench.app.figures import draw_curve
from workbench.app.jobs import Jobs
from workbench.app.smooth import smooth
from workbench.app.words import CHIPS, chip_problem
from workbench.core.errors import Problem, WorkbenchError
from workbench.plugins.catalogue import builtin_catalogue
from workbench.plugins.specs import evaluate
from workbench.recipes.presets import load
from workbench.runs.history import RunHistory

CATALOGUE = builtin_catalogue()


def document(preset="simclr-fashion-mnist"):
    return load(preset, CATALOGUE).document()


def test_the_chips_say_the_experiment_in_words():
    words = {id_: word(document(), CATALOGUE) for id_, (_, word) in CHIPS.items()}
    assert "10k" in words["data"]
    assert words["views"].startswith("2 × crop · flip · jitter")
    assert words["objective"] == "SimCLR τ = 0.2"
    assert words["backbone"] == "Tiny CNN"
    assert words["training"].startswith("20 epochs · batch 256")


def test_the_chips_say_what_they_can_of_a_wrong_recipe():
    broken = {**document(), "data": {"id": "nowhere"}, "objective": {}, "budget": {"unit": "steps", "amount": 1}}
    words = {id_: word(broken, CATALOGUE) for id_, (_, word) in CHIPS.items()}
    assert words["data"] == "nowhere"
    assert words["training"].startswith("1 step ")


def test_a_problem_belongs_to_the_chip_of_its_section():
    problems = (Problem("optimiser.lr", "-1 is too small."), Problem("views.size", "is odd."))
    assert chip_problem("training", problems) == "optimiser.lr: -1 is too small."
    assert chip_problem("views", problems) == "views.size: is odd."
    assert chip_problem("data", problems) == ""


@pytest.mark.parametrize(
    ("preset", "level"),
    [
        ("simclr-fashion-mnist", math.log(511)),
        ("rotation-fashion-mnist", math.log(4)),
        ("supervised-fashion-mnist", math.log(10)),
    ],
)
def test_the_chance_level_follows_from_the_recipe(preset, level):
    assert chance_of(document(preset), CATALOGUE) == pytest.approx(level)


def test_a_chance_level_that_needs_unknown_classes_is_not_told():
    unread = {**document("supervised-fashion-mnist"), "data": {"id": "image-folder", "path": "/x"}}
    assert chance_of(unread, CATALOGUE) is None


@pytest.mark.parametrize("expression", ["__import__('os')", "x.y", "[1]", "open('f')", "log(x, base=2)"])
def test_a_chance_expression_can_do_nothing_but_arithmetic(expression):
    with pytest.raises(ValueError, match="not arithmetic"):
        evaluate(expression, {"x": 1})


def test_the_moving_average_equals_its_definition():
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    weights = 0.8 ** np.arange(5)
    expected = [np.average(values[: n + 1], weights=weights[: n + 1][::-1]) for n in range(5)]
    np.testing.assert_allclose(smooth(values, 0.8), expected)


def test_the_curve_is_written_as_a_picture_and_as_svg_with_its_legend(tmp_path):
    history = RunHistory()
    rows = {"steps": [1, 2, 3], "values": {"loss": [3.0, 2.0, 1.5]}}
    history.fold([{"seq": 0, "t": 1.0, "step": 3, "kind": "metrics", **rows}])
    draw_curve(history, "A run", 3.5, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    draw_curve(history, "A run", 3.5, tmp_path / "curve.svg")
    assert "chance 3.500" in (tmp_path / "curve.svg").read_text()


def test_a_job_goes_from_running_to_its_end_and_a_failed_one_stays():
    changes = []
    jobs = Jobs(lambda: changes.append(1))
    pressed = []
    good, bad = jobs.begin("good", lambda: pressed.append(1)), jobs.begin("bad")
    jobs.progress(good, 0.5, "half")
    jobs.cancel(good.id)
    assert pressed == [1]
    assert good.state == "stopping"
    jobs.end(good, "cancelled")
    jobs.end(bad, "failed", "no disk")
    good.ended_at -= 60
    bad.ended_at -= 60
    assert [job.title for job in jobs.visible()] == ["bad"]
    jobs.cancel(bad.id)
    assert jobs.visible() == []
    assert len(changes) >= 6


def test_background_work_hands_over_results_and_errors_in_poll_alone():
    background = Background()
    heard = []

    def refuse():
        raise WorkbenchError("no")

    background.run(lambda: 6 * 7, heard.append, heard.append)
    background.run(refuse, heard.append, heard.append)
    while len(heard) < 2:
        background.poll()
    assert heard[0] == 42
    assert str(heard[1]) == "no"
    background.close()
