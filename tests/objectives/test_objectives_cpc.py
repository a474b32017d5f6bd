"""CPC: its loss against a loop over candidates, contexts that do not see ahead, and grids that do not fit."""

from __future__ import annotations

import math

import pytest
import torch
from objectives_batches import grid_of, make_learner, make_views
from torch import Tensor

from workbench.core.errors import RecipeError, RunFailed
from workbench.engine.catalogue import full_catalogue
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts
from workbench.objectives.build import build_objective
from workbench.objectives.vision.contrastive.cpc import CPC, CPCConfig, MaskedConvolutions, RowGRU, cpc_loss, scores
from workbench.recipes.check import check
from workbench.recipes.models import Choice
from workbench.views.base import Views

SAMPLES, SIDE = 6, 16


def learner(**settings: object) -> tuple[CPC, torch.nn.Module]:
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIDE)
    return CPC(CPCConfig(**settings), Facts(backbone.width, 0, 1000, SAMPLES)), backbone


def loop(predicted: Tensor, tiles: Tensor, everyone: Tensor, below: Tensor, own: Tensor) -> Tensor:
    """Prediction by prediction: the tile at its place in every picture, and all other tiles of its own picture."""
    losses, root = [], math.sqrt(predicted.shape[2])
    for n in range(len(predicted)):
        for m, place in enumerate(below.tolist()):
            candidates = [everyone[b, place] for b in range(len(everyone))]
            candidates += [tiles[n, t] for t in range(tiles.shape[1]) if t != place]
            scored = [torch.exp(sum(predicted[n, m] * one) / root) for one in candidates]
            losses.append(-torch.log(scored[int(own[n])] / sum(scored)))
    return sum(losses) / len(losses)


def test_value_and_gradient_equal_a_loop_over_candidates() -> None:
    g = torch.Generator().manual_seed(0)
    predicted = torch.randn(2, 3, 4, dtype=torch.float64, generator=g, requires_grad=True)
    everyone = torch.randn(3, 9, 4, dtype=torch.float64, generator=g, requires_grad=True)
    below, own = torch.tensor([5, 6, 8]), torch.tensor([1, 2])
    ours = cpc_loss(scores(predicted, everyone[1:], everyone, below), own).mean()
    naive = loop(predicted, everyone[1:], everyone, below, own)
    torch.testing.assert_close(ours, naive, rtol=1e-12, atol=1e-14)
    given = (predicted, everyone)
    for a, b in zip(torch.autograd.grad(ours, given), torch.autograd.grad(naive, given), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-14)


def test_equal_tiles_cost_the_logarithm_of_the_number_of_candidates() -> None:
    tiles = torch.ones(5, 9, 4)
    loss = cpc_loss(scores(torch.randn(5, 6, 4), tiles, tiles, torch.arange(3, 9)), torch.arange(5)).mean()
    chance = CPC.spec.chance.value({"batch_size": 5, "rows": 3})
    assert chance == pytest.approx(math.log(13))
    assert loss.item() == pytest.approx(chance, rel=1e-6)


def test_a_prediction_that_is_its_tile_and_far_from_others_costs_nothing() -> None:
    tiles = torch.eye(45).view(5, 9, 45)
    loss = cpc_loss(scores(1000 * tiles[:, 3:], tiles, tiles, torch.arange(3, 9)), torch.arange(5)).mean()
    assert loss.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("network", [RowGRU, MaskedConvolutions])
def test_a_context_knows_the_rows_down_to_its_own_and_none_below(network: type[torch.nn.Module]) -> None:
    torch.manual_seed(0)
    read, z = network(6, 10), torch.randn(1, 5, 5, 6)
    before = read(z)
    for row in range(5):
        changed = z.clone()
        changed[:, row] += 1
        differs = (read(changed) - before).abs().amax(dim=(0, 2, 3)) > 1e-7
        assert not differs[:row].any()
        assert differs[row]


def test_the_context_of_a_gru_knows_every_row_above() -> None:
    torch.manual_seed(0)
    read, z = RowGRU(6, 10), torch.randn(1, 5, 5, 6)
    changed = z.clone()
    changed[:, 0] += 1
    assert ((read(changed) - read(z)).abs().amax(dim=(0, 2, 3)) > 1e-7).all()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_each_prediction_is_of_the_tile_so_many_rows_on_in_its_column(version: str) -> None:
    objective, _ = learner(version=version, rows=4, skip=0, steps=2)
    for reader in objective.readers:
        for ahead in reader.ahead:
            torch.nn.init.zeros_(ahead.weight)
            torch.nn.init.ones_(ahead.bias)
    h = torch.zeros(2, 16, objective.facts.width)
    z = objective.project(objective.norm(torch.randn(2, 16, objective.facts.width)))
    objective.norm = torch.nn.Identity()
    objective.project = torch.nn.Identity()
    with torch.no_grad():
        h = z.detach()
        for reader in objective.readers:
            reader.context = Zeros()
        found = list(objective._scores(*objective._grids(h)))
    grid = h.sum(dim=2).view(2, 4, 4) / math.sqrt(h.shape[2])
    for number, score in enumerate(found):
        turns, gap = divmod(number, 2)
        wanted = torch.rot90(grid, turns, (1, 2))[:, gap + 1 :].flatten(1)
        torch.testing.assert_close(score[0, :, :2].T, wanted, rtol=1e-4, atol=1e-5)
    assert len(found) == (2 if version == "v1" else 8)


class Zeros(torch.nn.Module):
    """A context that says nothing."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.zeros(*z.shape[:3], 128)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_both_versions_begin_at_chance_and_reach_every_weight(version: str) -> None:
    objective, backbone = learner(version=version)
    views = make_views(CPC.spec.needs, SAMPLES)
    step = objective(views, backbone)
    step.loss.backward()
    assert step.loss.item() == pytest.approx(math.log(SAMPLES + 48), rel=0.15)
    named = [*objective.named_parameters(), *backbone.named_parameters()]
    assert [name for name, p in named if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_a_tile_passes_the_encoder_without_a_look_at_the_others() -> None:
    objective, backbone = learner()
    backbone.eval()
    views = make_views(CPC.spec.needs, SAMPLES)
    changed = views.inputs[0].clone()
    changed[:, 10] += 1
    before, after = (
        objective._encode(Views({"A": (tiles,)}, views.index), backbone) for tiles in (views.inputs[0], changed)
    )
    differs = (before - after).abs().amax(dim=(0, 2)) > 1e-6
    assert differs.nonzero().flatten().tolist() == [10]


def test_the_dimensions_of_tiles_are_those_of_their_projections() -> None:
    objective, backbone = learner()
    views = make_views(CPC.spec.needs, SAMPLES)
    z_MP = objective.project(objective._encode(views, backbone)).detach().flatten(0, 1).double()
    centred = torch.nn.functional.normalize(z_MP, dim=1)
    centred = centred - centred.mean(dim=0)
    variances = torch.linalg.svdvals(centred).square()
    expected = variances.sum() ** 2 / variances.square().sum()
    measured = objective(views, backbone).terms["output_dimensions"]
    assert measured.item() == pytest.approx(expected.item(), rel=1e-3)


def test_figures_have_a_bar_for_each_row_ahead_and_a_square_of_scores() -> None:
    objective, backbone = make_learner(CPC, SAMPLES)
    figures = objective.figures(make_views(CPC.spec.needs, SAMPLES), backbone)
    assert figures["accuracy"].shape == (3,)
    assert (figures["accuracy"] >= 0).all()
    assert (figures["accuracy"] <= 1).all()
    assert figures["similarity"].shape == (SAMPLES, SAMPLES)


def test_whole_pictures_and_other_grids_are_refused_with_the_way_out() -> None:
    objective, backbone = learner()
    x = torch.randn(SAMPLES, 3, SIDE, SIDE)
    with pytest.raises(RunFailed, match="cpc-cifar"):
        objective(Views({"A": (x,)}, torch.arange(SAMPLES)), backbone)
    with pytest.raises(RunFailed, match="set for 49 tiles; the views are cut into 9"):
        objective(Views({"A": (grid_of(x, 3, 8),)}, torch.arange(SAMPLES)), backbone)


def test_more_steps_than_rows_are_refused_at_their_key() -> None:
    with pytest.raises(RecipeError, match=r"objective\.steps: 3 is too much: at most 2"):
        build_objective(Choice(id="cpc", rows=4, skip=1, steps=3), Facts(8, 0, 100, 16))


def problems_of(objective: dict[str, object], backbone: str = "tiny_cnn", **views: object) -> list[tuple[str, str]]:
    document = {
        "objective": {"id": "cpc", **objective},
        "backbone": {"id": backbone},
        "views": views,
        "data": {"id": "cifar10"},
    }
    return [(problem.key, problem.message) for problem in check(document, full_catalogue())]


@pytest.mark.parametrize("backbone", ["tiny_cnn", "small_vit"])
def test_the_recipe_of_the_preset_is_sound(backbone: str) -> None:
    assert problems_of({}, backbone) == []


def test_rows_that_the_views_do_not_have_are_named_with_those_they_have() -> None:
    ((key, message),) = problems_of({"rows": 6})
    assert key == "objective.rows"
    assert "set for 6 rows of tiles, and the views of branch 'A' have 7" in message


def test_a_recipe_with_more_steps_than_rows_names_the_bound() -> None:
    ((key, message),) = problems_of({"steps": 6})
    assert key == "objective.steps"
    assert "at most 5" in message


def test_a_recipe_whose_views_are_not_cut_names_the_operation_that_cuts() -> None:
    ((key, message),) = problems_of({}, preset="mae-cifar")
    assert key == "views.branches.0.ops"
    assert "Add patch_grid" in message


def test_a_batch_of_one_is_a_problem_of_the_recipe() -> None:
    document = {"objective": {"id": "cpc"}, "data": {"id": "cifar10"}, "training": {"batch_size": 1}}
    keys = [problem.key for problem in check(document, full_catalogue())]
    assert "training.batch_size" in keys
