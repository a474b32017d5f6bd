"""Figures along a run: on the same pictures, at their pace, without a trace in the training; and from the lab."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from engine_runs import SMALL, Engine, history_of
from lab_asking import asking
from safetensors.torch import load_file

from workbench.core.errors import WorkbenchError
from workbench.engine.figures import LEAST_WAIT_S, SHARE, FigureWriter, Pace, figures_of
from workbench.objectives.table import OBJECTIVES
from workbench.plugins.catalogue import builtin_catalogue
from workbench.plugins.specs import FigureSpec
from workbench.recipes.check import build
from workbench.recipes.overrides import apply_overrides
from workbench.recipes.presets import find_document, load
from workbench.recipes.toml_io import write_toml
from workbench.runs.figures import figure_sets, read_figures
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter

BRIEF = ["data.id=fashion-mnist-10k", "budget.amount=6", "evaluation.every_epochs=0.024", "evaluation.k=5"]
"""Six steps of 64 of 8,000 samples, measured after the third and the sixth."""
PRESETS = {"simclr": "simclr-fashion-mnist", "mae": "mae-cifar10", "swav": "swav-cifar10"}


def trained(parent: Path, preset: str, *overrides: str) -> RunFolder:
    recipe = build(apply_overrides(find_document(preset), [*SMALL, *BRIEF, *overrides]), builtin_catalogue())
    folder, engine = RunFolder.create(parent, preset, write_toml(recipe)), Engine()
    assert engine.run(folder) == 0, folder.console.read_text()
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(home))
        yield home


@pytest.fixture(scope="module")
def runs(home: Path) -> dict[str, RunFolder]:
    return {id_: trained(home / "runs", preset) for id_, preset in PRESETS.items()}


@pytest.fixture(scope="module")
def ask(home: Path) -> Iterator[Any]:
    with asking(home / "lab.log", 60) as ask:
        yield partial(ask, "objective_figures")


def specs_of(id_: str) -> tuple[FigureSpec, ...]:
    return next(kind.spec.figures for kind in OBJECTIVES if kind.spec.id == id_)


@pytest.mark.parametrize("id_", PRESETS)
def test_a_run_keeps_figures_of_its_start_of_each_evaluation_and_of_its_end(runs, id_):
    sets, history = figure_sets(runs[id_]), history_of(runs[id_])
    assert [one.step for one in sets] == [0, 3, 6]
    assert history.figures == {one.step: one.path.name for one in sets}
    assert not [notice for notice in history.notices if "figures" in notice.message]
    for one in sets:
        arrays = read_figures(one.path)
        assert {name: str(array.dtype) for name, array in arrays.items()} == {
            spec.name: "uint8" if spec.kind == "pictures" else "float32" for spec in specs_of(id_)
        }


def test_a_run_with_figures_ends_with_the_same_bits_as_one_without(home, runs):
    without = trained(home / "runs", PRESETS["simclr"], "checkpoints.figures=false")
    assert figure_sets(without) == []
    first, second = (load_file(one.latest_checkpoint().path / "model.safetensors") for one in (runs["simclr"], without))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_pictures_are_the_same_all_along_a_run_and_what_is_made_of_them_is_not(runs):
    first, *_, last = (read_figures(one.path)["reconstructions"] for one in figure_sets(runs["mae"]))
    np.testing.assert_array_equal(first[:, 0], last[:, 0])
    assert (first[:, 2] != last[:, 2]).any()


def test_sets_between_evaluations_wait_a_hundred_times_their_cost_but_for_the_first():
    pace = Pace()
    assert not pace.due(100.0)
    pace.made(100.0, 103.0)
    assert pace.due_at == 103.0 + LEAST_WAIT_S
    pace.made(200.0, 201.0)
    assert pace.due_at == pytest.approx(201.0 + 1 / SHARE)
    assert not pace.due(300.0)
    assert pace.due(301.0)


class Broken(torch.nn.Module):
    """An objective whose figures raise, after they have drawn a random number and left their mode."""

    spec = next(kind.spec for kind in OBJECTIVES if kind.spec.id == "simclr")

    def figures(self, views: Any, backbone: Any) -> dict[str, Any]:
        self.eval()
        torch.rand(1)
        raise RuntimeError("no figure today")


class LearnerOf(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.objective, self.backbone = Broken(), torch.nn.Identity()


def test_figures_that_raise_leave_mode_and_generators_as_they_were():
    learner, before = LearnerOf(), torch.get_rng_state()
    with pytest.raises(RuntimeError):
        figures_of(learner, None)
    assert torch.equal(torch.get_rng_state(), before)
    assert learner.objective.training


def test_figures_that_raise_are_told_once_and_then_left_alone(tmp_path, capsys):
    class Empty:
        def batch(self, step: int) -> list[int]:
            return []

        def at(self, index: object) -> None: ...

    folder = RunFolder.create(tmp_path, "broken", "")
    with JournalWriter(folder.events) as journal:
        recipe = load("simclr-fashion-mnist", builtin_catalogue())
        parts = {"sampler": Empty(), "pipeline": lambda *_: None, "learner": LearnerOf(), "device": torch.device("cpu")}
        writer = FigureWriter(folder=folder, journal=journal, recipe=recipe, **parts)
        writer.begin(0)
        writer.write(1)
    notices = history_of(folder).notices
    assert ["no figure today" in notice.message for notice in notices] == [True]
    assert not writer.due


def test_the_lab_shows_an_untrained_network_at_work_on_the_samples_that_were_asked_for(ask, runs):
    recipe = build(find_document(str(runs["mae"].recipe)), builtin_catalogue())
    result, arrays = ask({"recipe": recipe.document(), "index": [17, 4]})
    assert arrays["index"][:2].tolist() == [17, 4]
    assert len(set(arrays["index"].tolist())) == 64
    assert (result["title"], result["step"]) == ("untrained", None)
    assert [figure["name"] for figure in result["figures"]] == ["reconstructions"]
    shown, other = arrays["figure_reconstructions"], ask({"recipe": recipe.document(), "index": [17, 9]})[1]
    np.testing.assert_array_equal(shown[0], other["figure_reconstructions"][0])
    assert (shown[1, 0] != other["figure_reconstructions"][1, 0]).any()


def test_the_lab_repeats_what_a_run_kept_from_its_newest_checkpoint(ask, runs):
    result, arrays = ask({"run": str(runs["simclr"].path)})
    kept = read_figures(figure_sets(runs["simclr"])[-1].path)
    assert result["step"] == 6
    np.testing.assert_allclose(arrays["figure_similarity"], kept["similarity"], atol=1e-5)


@pytest.mark.parametrize(
    ("change", "words"), [({"step": 5}, "no whole checkpoint at step 5"), ({"index": [9000]}, "no sample 9000")]
)
def test_the_lab_names_a_step_or_a_sample_that_is_not_there(ask, runs, change, words):
    error = ask({"run": str(runs["simclr"].path), **change})
    assert isinstance(error, WorkbenchError)
    assert words in str(error)
