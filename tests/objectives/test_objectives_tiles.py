"""Jigsaw and relative position: what their losses see, what the encoder sees, and what their figures show."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from objectives_batches import make_learner, make_views
from torch import Tensor

from workbench.core.errors import RecipeError, RunFailed
from workbench.data.base import Samples
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.build import build_objective
from workbench.objectives.samples import masked_mean
from workbench.objectives.vision.pretext.jigsaw import Jigsaw, permutation_loss, right_places
from workbench.objectives.vision.pretext.relative_position import (
    DIRECTIONS,
    RelativePosition,
    cells_of,
    pair_pictures,
    position_accuracy,
    position_loss,
)
from workbench.objectives.vision.pretext.tiles import EMPTY, assembled, encode_tiles, visible
from workbench.recipes.models import Branch, Choice
from workbench.recipes.models import Views as ViewsRecipe
from workbench.views.base import Views
from workbench.views.operations.permutations import permutation_set
from workbench.views.pipeline import compile_views
from workbench.views.presets import PRESETS

both = pytest.mark.parametrize("kind", [Jigsaw, RelativePosition], ids=["jigsaw", "relative_position"])
CPU = torch.device("cpu")


def loop_cross_entropy(logits: Tensor, truth: list[int]) -> Tensor:
    """One sample after another; those below 0 are left out of the mean."""
    terms = []
    for row, label in zip(logits, truth, strict=True):
        if label >= 0:
            terms.append(torch.log(sum(torch.exp(value) for value in row)) - row[label])
    return sum(terms) / len(terms)


def logits_of(samples: int, classes: int) -> Tensor:
    g = torch.Generator().manual_seed(3)
    return (2 * torch.randn(samples, classes, generator=g, dtype=torch.float64)).requires_grad_()


def stairs(samples: int, side: int = 30) -> Samples:
    """Pictures whose nine cells are flat, each brighter than the one before it in reading order."""
    cell = np.arange(9).reshape(3, 3).repeat(side // 3, axis=0).repeat(side // 3, axis=1)
    images = np.broadcast_to(20 + 25 * cell, (samples, 3, side, side)).astype(np.uint8)
    return Samples({"image": images}, None, np.arange(samples))


def posed(samples: int, operation: str, **settings: object) -> Views:
    """What the view operation makes of these pictures."""
    recipe = ViewsRecipe(branches=(Branch(ops=(Choice(id=operation, jitter=0, **settings),)),))
    return compile_views(recipe, 3, 30, 30, (0.5,), (0.25,))(stairs(samples), (0, 0), CPU)


def cell_levels(picture: Tensor) -> Tensor:
    """The value in the middle of each of nine cells with seams, reading order."""
    side = (picture.shape[0] + 2) // 3
    middles = torch.arange(3) * side + side // 2 - 1
    return picture[middles][:, middles, 0].flatten()


@pytest.mark.parametrize("truth", [[4, 0, 5, 2], [1, 1, 1, 1]])
def test_the_loss_of_the_jigsaw_equals_a_loop_in_value_and_gradient(truth: list[int]) -> None:
    logits = logits_of(4, 6)
    ours, naive = permutation_loss(logits, torch.tensor(truth)).mean().double(), loop_cross_entropy(logits, truth)
    torch.testing.assert_close(ours, naive, rtol=1e-6, atol=1e-7)
    gradients = [torch.autograd.grad(value, logits, retain_graph=True)[0] for value in (ours, naive)]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("truth", [[7, 0, 3, 2, 5], [-1, 0, -1, 6, 1], [-1, -1, -1, -1, 4]])
def test_the_loss_of_positions_equals_a_loop_over_the_known_ones(truth: list[int]) -> None:
    logits = logits_of(5, 8)
    wanted = torch.tensor(truth)
    ours, naive = masked_mean(position_loss(logits, wanted), wanted >= 0).double(), loop_cross_entropy(logits, truth)
    torch.testing.assert_close(ours, naive, rtol=1e-6, atol=1e-7)
    gradients = [torch.autograd.grad(value, logits, retain_graph=True)[0] for value in (ours, naive)]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-7)


def test_pairs_without_a_position_have_no_loss_no_gradient_and_no_accuracy() -> None:
    logits, nowhere = logits_of(3, 8), torch.full((3,), -1)
    loss = masked_mean(position_loss(logits, nowhere), nowhere >= 0)
    loss.backward()
    assert loss == 0
    assert not logits.grad.any()
    assert position_accuracy(logits.argmax(dim=1), nowhere) == 0


def test_a_guess_costs_the_chance_level() -> None:
    assert permutation_loss(torch.zeros(5, 100), torch.arange(5)).mean().item() == pytest.approx(math.log(100))
    assert Jigsaw.spec.chance.value({"permutations": 100}) == pytest.approx(math.log(100))
    assert position_loss(torch.zeros(5, 8), torch.arange(5)).mean().item() == pytest.approx(math.log(8))
    assert RelativePosition.spec.chance.value({}) == pytest.approx(math.log(8))


def test_a_sure_right_answer_costs_nothing() -> None:
    assert position_loss(100 * torch.eye(8), torch.arange(8)).mean().item() == pytest.approx(0, abs=1e-6)


def test_the_accuracy_of_positions_is_that_of_a_count() -> None:
    guess, truth = torch.tensor([0, 1, 2, 3, 4]), torch.tensor([0, 1, -1, 7, -1])
    assert position_accuracy(guess, truth).item() == pytest.approx(2 / 3)


def test_tiles_in_their_places_are_counted_one_by_one() -> None:
    orders = torch.from_numpy(permutation_set(4, 24).copy())
    counted = sum(int(orders[n, tile] == orders[n + 2, tile]) for n in range(5) for tile in range(4))
    assert right_places(orders[:5], orders[2:7]).item() == pytest.approx(counted / 20)


@pytest.mark.parametrize("name", ["tiny_cnn", "small_resnet", "small_vit"])
def test_a_tile_is_encoded_without_a_look_at_the_others(name: str) -> None:
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id=name), 32).eval()
    tiles = torch.randn(2, 9, 3, 8, 8)
    changed = tiles.clone()
    changed[:, 4] = 0
    with torch.no_grad():
        before, after = encode_tiles(tiles, backbone), encode_tiles(changed, backbone)
    same = torch.arange(9) != 4
    torch.testing.assert_close(before[:, same], after[:, same])
    assert not torch.allclose(before[:, 4], after[:, 4])


@pytest.mark.parametrize("preset", ["jigsaw-cifar", "relative-position-cifar", "pirl-cifar"])
@pytest.mark.parametrize("name", ["tiny_cnn", "small_resnet", "small_vit", "resnet18"])
def test_an_encoder_of_whole_views_takes_the_tiles_of_the_presets(name: str, preset: str) -> None:
    backbone = build_backbone(Choice(id=name), 32)
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    views = compile_views(PRESETS[preset], 3, 32, 32, (0.5,), (0.25,))(
        Samples({"image": images}, None, np.arange(2)), (0, 0), CPU
    )
    tiles = views.inputs[-1]
    assert tiles.shape[2:] == (3, 8, 8)
    assert encode_tiles(tiles, backbone).shape == (2, tiles.shape[1], backbone.width)
    assert encode_tiles(tiles, backbone).isfinite().all()
    assert backbone(torch.randn(2, 3, 32, 32)).isfinite().all()


def test_an_encoder_of_one_size_is_refused_with_what_to_choose() -> None:
    backbone = build_backbone(Choice(id="timm", name="vit_tiny_patch16_224"), 32)
    with pytest.raises(
        RunFailed, match=r"timm cannot take tiles of 16 px.*Choose a convolutional backbone, or small_vit"
    ):
        encode_tiles(torch.randn(1, 9, 3, 16, 16), backbone)


@pytest.mark.parametrize("preset", ["jigsaw-cifar", "relative-position-cifar", "pirl-cifar"])
def test_the_presets_guard_against_edges_that_run_from_tile_to_tile(preset: str) -> None:
    ops = [op for branch in PRESETS[preset].branches for op in branch.ops]
    (puzzle,) = [op for op in ops if op.id in {"jigsaw", "relative_position"}]
    assert puzzle.params["gap"] > 0
    assert puzzle.params["jitter"] > 0


def test_the_objective_and_the_operation_deal_from_one_set_of_orders() -> None:
    objective, _ = make_learner(Jigsaw, 4)
    assert np.array_equal(objective.orders.numpy(), permutation_set(9, 100))


def test_the_right_answer_of_a_puzzle_is_the_picture() -> None:
    views, orders = posed(12, "jigsaw"), torch.tensor(permutation_set(9, 100))
    truth = orders[views.targets["permutation"][0]]
    shown = assembled(visible(views.inputs[0]), truth, 9)
    assert len({tuple(row.tolist()) for row in truth}) > 5
    for picture in shown:
        assert (cell_levels(picture).diff() > 0.1).all()


def test_the_puzzle_is_shown_as_it_was_dealt() -> None:
    views, orders = posed(12, "jigsaw"), torch.tensor(permutation_set(9, 100))
    shown = assembled(visible(views.inputs[0]), torch.arange(9).expand(12, -1), 9)
    for picture, row in zip(shown, views.targets["permutation"][0], strict=True):
        assert torch.equal(cell_levels(picture).argsort().argsort(), orders[row])


def test_a_pair_is_put_where_its_tiles_lay() -> None:
    views = posed(40, "relative_position")
    position = views.targets["position"][0]
    cells = cells_of(position)
    assert set(position.tolist()) == set(range(8))
    assert (cells[:, 0] == 4).all()
    level = views.inputs[0][:, :, 0, 0, 0]
    step = (25 / 255) / 1.0
    torch.testing.assert_close((level[:, 1] - level[:, 0]) / step, (cells[:, 1] - 4).float(), rtol=1e-3, atol=1e-3)


def test_directions_are_named_as_they_lie_on_the_grid() -> None:
    cells = cells_of(torch.arange(8))[:, 1].tolist()
    rows, columns = ("top", "", "bottom"), ("left", "", "right")
    assert [f"{rows[cell // 3]} {columns[cell % 3]}".strip() for cell in cells] == list(DIRECTIONS)


def test_a_pair_stands_side_by_side_then_as_answered_then_as_it_was() -> None:
    tiles = torch.zeros(1, 2, 3, 4, 4)
    tiles[:, 1] = 1
    seen, answer, right = pair_pictures(tiles, torch.tensor([0]), torch.tensor([7]))[0]
    for picture, first, second in ((seen, 3, 5), (answer, 4, 0), (right, 4, 8)):
        wanted = torch.full((9,), EMPTY)
        wanted[first], wanted[second] = 0, 1
        torch.testing.assert_close(cell_levels(picture), wanted)


@both
@pytest.mark.parametrize("samples", [3, 11])
def test_figures_show_at_most_eight_puzzles_in_colours_that_can_be_shown(kind: type[Objective], samples: int) -> None:
    objective, backbone = make_learner(kind, samples)
    views = make_views(kind.spec.needs, samples, seed=1)
    figures = objective.figures(views, backbone)
    rows = figures["puzzles" if kind is Jigsaw else "pairs"]
    known = int((next(iter(views.targets.values()))[0] >= 0).sum())
    assert rows.shape[:2] == (min(known, 8), 3)
    assert rows.shape[-1] == 3
    assert 0 <= rows.min() < rows.max() <= 1


def test_pairs_without_a_position_are_not_shown() -> None:
    objective, backbone = make_learner(RelativePosition, 4)
    views = make_views(RelativePosition.spec.needs, 4)
    nowhere = Views(views.branches, views.index, None, {"position": torch.full((1, 4), -1)})
    figures = objective.figures(nowhere, backbone)
    assert len(figures["pairs"]) == 0
    assert not figures["confusion"].any()


def test_a_solved_puzzle_puts_every_place_on_the_diagonal() -> None:
    objective, backbone = make_learner(Jigsaw, 6)
    views = make_views(Jigsaw.spec.needs, 6)
    with torch.no_grad():
        objective.head[-1].weight.zero_()
        objective.head[-1].bias.zero_()
        objective.head[-1].bias[31] = 5
    solved = Views(views.branches, views.index, None, {"permutation": torch.full((1, 6), 31)})
    figures = objective.figures(solved, backbone)
    np.testing.assert_array_equal(figures["places"], np.eye(9))
    np.testing.assert_array_equal(figures["puzzles"][:, 1], figures["puzzles"][:, 2])
    assert objective(solved, backbone).terms["tile_accuracy"] == 1


@both
def test_whole_pictures_are_refused_with_the_preset_to_choose(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, 3)
    views = make_views(kind.spec.needs, 3)
    whole = Views({"A": (torch.randn(3, 3, 16, 16),)}, views.index, None, views.targets)
    with pytest.raises(RunFailed, match=f"whole pictures.*{kind.spec.views_preset}"):
        objective(whole, backbone)


@both
def test_another_number_of_tiles_is_refused_with_both_numbers(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, 3)
    views = make_views(kind.spec.needs, 3)
    four = Views({"A": (torch.randn(3, 4, 3, 8, 8),)}, views.index, None, views.targets)
    with pytest.raises(RunFailed, match=r"set for (9|2) tiles; the views are cut into 4"):
        objective(four, backbone)


def test_more_orders_than_there_are_are_refused_at_their_key() -> None:
    with pytest.raises(RecipeError, match=r"objective\.permutations: 4 tiles have 24 orders; 100 were asked for"):
        build_objective(Choice(id="jigsaw", rows=2, permutations=100), Facts(8, 0, 100, 8))
