"""What the objectives of redundancy reduction do with a network: collapse or not, state, views, processes, figures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from gloo import together
from objectives_batches import make_learner, make_views
from redundancy_gloo import KINDS, SAMPLES, gradients

from workbench.core.errors import RecipeError
from workbench.objectives.base import Facts, Objective
from workbench.objectives.multi_crop import largest
from workbench.objectives.vision.redundancy.barlow_twins import BarlowTwins
from workbench.objectives.vision.redundancy.sigreg import SIGReg
from workbench.objectives.vision.redundancy.vicreg import VICReg, VICRegConfig
from workbench.objectives.vision.redundancy.w_mse import WMSE
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.views.base import Views

each = pytest.mark.parametrize("kind", KINDS, ids=[kind.spec.id for kind in KINDS])


def spread_after_training(config: VICRegConfig, samples: int = 16, steps: int = 100) -> float:
    """The standard deviation of the projections after a short run on fresh pictures."""
    _, backbone = make_learner(VICReg, samples)
    objective = VICReg(config, Facts(backbone.width, 0, 1000, samples))
    optimiser = torch.optim.Adam([*backbone.parameters(), *objective.parameters()], lr=1e-2)
    for number in range(steps):
        optimiser.zero_grad()
        step = objective(make_views(VICReg.spec.needs, samples, seed=number), backbone)
        step.loss.backward()
        optimiser.step()
    return step.terms["projection_std"].item()


def test_vicreg_without_its_variance_term_collapses_and_with_it_does_not() -> None:
    sound = VICRegConfig(hidden=32, output=16, layers=2)
    assert spread_after_training(sound.model_copy(update={"variance_weight": 0.0})) < 0.05
    assert spread_after_training(sound) > 0.5


def test_averaged_gradients_of_two_processes_equal_those_of_one(tmp_path: Path) -> None:
    spread = together("redundancy_gloo.py", tmp_path)
    alone = {kind.spec.id: gradients(kind, slice(None)) for kind in KINDS}
    torch.testing.assert_close(spread, alone, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", [BarlowTwins, WMSE], ids=["barlow_twins", "w_mse"])
def test_statistics_are_the_batch_s_own_also_in_evaluation_mode(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    views = make_views(kind.spec.needs, SAMPLES)
    losses = []
    for scale in (100.0, 50.0):
        with torch.no_grad():
            objective.projector[-1].weight *= scale
        losses.append(objective.eval()(views, backbone.eval()).loss.item())
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_directions_change_after_a_step_and_not_in_it() -> None:
    objective, backbone = make_learner(SIGReg, SAMPLES)
    before = objective.directions.clone()
    objective(make_views(SIGReg.spec.needs, SAMPLES), backbone)
    assert torch.equal(objective.directions, before)
    objective.after_step(backbone, 0.5)
    assert not torch.equal(objective.directions, before)
    torch.testing.assert_close(objective.directions.norm(dim=0), torch.ones(before.shape[1]))
    assert "directions" in objective.state_dict()


def several_sizes() -> Views:
    g = torch.Generator().manual_seed(0)
    large, small = (tuple(torch.randn(SAMPLES, 3, side, side, generator=g) for _ in range(2)) for side in (16, 8))
    return Views({"global": large, "local": small}, torch.arange(SAMPLES))


@pytest.mark.parametrize("kind", [WMSE, SIGReg], ids=["w_mse", "sigreg"])
def test_every_view_of_a_multi_crop_moves_the_loss(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    views = several_sizes()
    for view in views.inputs:
        view.requires_grad_()
    step = objective(views, backbone)
    step.loss.backward()
    assert all(view.grad is not None and view.grad.abs().sum() > 0 for view in views.inputs)
    assert step.embedding is not None
    assert len(step.embedding) == 4 * SAMPLES


def test_the_global_views_are_the_largest() -> None:
    assert largest(several_sizes().inputs) == [0, 1]
    assert largest(several_sizes().inputs[2:]) == [0, 1]


@each
def test_matrices_show_at_most_64_dimensions(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    figures = objective.figures(make_views(kind.spec.needs, SAMPLES), backbone)
    side = min(objective.config.output, 64)
    assert figures[kind.spec.figures[0].name].shape == (side, side)


def test_densities_along_directions_hold_at_most_all_samples() -> None:
    objective, backbone = make_learner(SIGReg, SAMPLES)
    lines = objective.figures(make_views(SIGReg.spec.needs, SAMPLES), backbone)["marginals"]
    mass = lines.sum(axis=1) * 8 / lines.shape[1]
    assert len(lines) == 5
    assert (mass <= 1 + 1e-6).all()
    assert mass[-1] == pytest.approx(1, abs=1e-3)


def test_a_projection_wider_than_half_of_what_is_whitened_is_refused() -> None:
    recipe = {"objective": {"id": "w_mse", "output": 65}, "training": {"batch_size": 512}}
    with pytest.raises(RecipeError, match=r"objective\.output.*65.*at most 64"):
        build(recipe, builtin_catalogue())
