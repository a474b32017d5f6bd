"""MAE and SimMIM: what their losses see, what their encoders see, and recipes that cannot work."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from objectives_batches import SIZE_PX, make_learner, make_views, mask_of
from torch import Tensor

from workbench.core.errors import RecipeError, RunFailed
from workbench.data.base import Samples
from workbench.engine.catalogue import full_catalogue
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts
from workbench.objectives.build import build_objective
from workbench.objectives.samples import masked_mean
from workbench.objectives.vision.masked.mae import MAE, MAEConfig, mae_error, mae_target
from workbench.objectives.vision.masked.patches import patchify, spread_mask, spread_positions, unpatchify
from workbench.objectives.vision.masked.simmim import SimMIM, simmim_error
from workbench.recipes.check import check
from workbench.recipes.models import Choice
from workbench.views.base import Views
from workbench.views.pipeline import compile_views
from workbench.views.presets import PRESETS

PATCH = 4
both = pytest.mark.parametrize("kind", [MAE, SimMIM], ids=["mae", "simmim"])


def predictions(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Predictions and targets (2, 4, 12) in float64, and a mask that hides another number in each sample."""
    g = torch.Generator().manual_seed(seed)
    predicted = torch.randn(2, 4, 12, dtype=torch.float64, generator=g, requires_grad=True)
    target = torch.randn(2, 4, 12, dtype=torch.float64, generator=g)
    return predicted, target, torch.tensor([[True, False, True, True], [False, False, True, False]])


def hidden_numbers(predicted: Tensor, target: Tensor, hidden: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    for n in range(predicted.shape[0]):
        for patch in range(predicted.shape[1]):
            if hidden[n, patch]:
                yield from zip(predicted[n, patch], target[n, patch], strict=True)


def hidden_pixels(mask_NL: Tensor) -> Tensor:
    """The mask of a view on its pixels, (N, 1, S, S)."""
    rows = SIZE_PX // PATCH
    return mask_NL.view(-1, 1, rows, rows).repeat_interleave(PATCH, 2).repeat_interleave(PATCH, 3)


def with_pixels(views: Views, x: Tensor) -> Views:
    return Views({"A": (x,)}, views.index, views.labels, views.targets)


@pytest.mark.parametrize("patch", [1, 2, 4, 8])
def test_unpatchify_gives_back_what_patchify_cut_up(patch: int) -> None:
    x = torch.randn(3, 3, 16, 16)
    assert torch.equal(unpatchify(patchify(x, patch), patch), x)


def test_a_patch_holds_its_pixels_row_by_row_with_the_colours_side_by_side() -> None:
    x, patch = torch.randn(1, 3, 4, 4), 2
    wanted = [
        [float(x[0, colour, 2 * row + y, 2 * column + z]) for y in range(2) for z in range(2) for colour in range(3)]
        for row in range(2)
        for column in range(2)
    ]
    torch.testing.assert_close(patchify(x, patch)[0], torch.tensor(wanted))


def test_patches_equal_those_of_lightly() -> None:
    peer = pytest.importorskip("lightly.models.utils")
    x = torch.randn(2, 3, 16, 16)
    assert torch.equal(patchify(x, 4), peer.patchify(x, 4))


@pytest.mark.parametrize("error", [mae_error, simmim_error])
def test_value_and_gradient_equal_a_loop_over_the_hidden_pixels(error) -> None:
    predicted, target, hidden = predictions()
    pairs = list(hidden_numbers(predicted, target, hidden))
    naive = sum((y - t) ** 2 if error is mae_error else abs(y - t) for y, t in pairs) / len(pairs)
    ours = masked_mean(error(predicted, target), hidden)
    torch.testing.assert_close(ours, naive, rtol=1e-12, atol=1e-14)
    gradients = [torch.autograd.grad(value, predicted, retain_graph=True)[0] for value in (ours, naive)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("error", [mae_error, simmim_error])
def test_what_is_seen_has_no_gradient_even_where_its_prediction_is_not_finite(error) -> None:
    predicted, target, hidden = predictions()
    (gradient,) = torch.autograd.grad(masked_mean(error(predicted, target), hidden), predicted)
    assert torch.equal(gradient.abs().sum(dim=2) > 0, hidden)
    broken = torch.where(hidden[:, :, None], predicted.detach(), torch.inf)
    found, wanted = (masked_mean(error(x, target), hidden) for x in (broken, predicted.detach()))
    assert torch.equal(found, wanted)


@pytest.mark.parametrize("error", [mae_error, simmim_error])
def test_a_perfect_prediction_costs_nothing_and_so_does_an_empty_mask(error) -> None:
    _, target, hidden = predictions()
    assert masked_mean(error(target, target), hidden) == 0
    assert masked_mean(error(target + 1, target), torch.zeros_like(hidden)) == 0


def test_normalised_patches_have_the_unbiased_variance_of_numpy() -> None:
    pixels = torch.randn(2, 4, 12, dtype=torch.float64) * 3 + 5
    wanted = pixels.numpy() - pixels.numpy().mean(axis=2, keepdims=True)
    wanted /= np.sqrt(pixels.numpy().var(axis=2, ddof=1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(mae_target(pixels, norm_pix=True).numpy(), wanted, rtol=1e-12, atol=1e-12)


def test_predicting_nothing_of_normalised_patches_costs_all_but_one_part_in_their_numbers() -> None:
    pixels = torch.randn(5, 16, 48, dtype=torch.float64) * 100
    hidden = mask_of(1, 5)[0]
    loss = masked_mean(mae_error(torch.zeros_like(pixels), mae_target(pixels, norm_pix=True)), hidden)
    assert loss.item() == pytest.approx(47 / 48, rel=1e-6)


def test_a_flat_patch_has_a_finite_target() -> None:
    assert torch.equal(mae_target(torch.full((1, 1, 12), 3.0), norm_pix=True), torch.zeros(1, 1, 12))


def test_a_visible_pixel_has_no_part_in_the_targets_of_hidden_patches() -> None:
    x, hidden = torch.randn(3, 3, SIZE_PX, SIZE_PX), mask_of(1, 3)[0]
    changed = torch.where(hidden_pixels(hidden), x, x + 5)
    before, after = (mae_target(patchify(given, PATCH), norm_pix=True)[hidden] for given in (x, changed))
    assert torch.equal(before, after)


@both
def test_hidden_pixels_change_the_target_and_not_what_the_encoder_gives(kind: type[MAE | SimMIM]) -> None:
    objective, backbone = make_learner(kind, 6)
    views = make_views(kind.spec.needs, 6)
    hidden = hidden_pixels(views.targets["mask"][0])
    noisy = views.inputs[0] + torch.where(hidden, torch.randn_like(views.inputs[0]), 0)
    before, after = objective(views, backbone), objective(with_pixels(views, noisy), backbone)
    assert torch.equal(before.embedding, after.embedding)
    assert not torch.equal(before.loss, after.loss)


@both
def test_the_encoder_does_read_what_is_seen(kind: type[MAE | SimMIM]) -> None:
    objective, backbone = make_learner(kind, 6)
    views = make_views(kind.spec.needs, 6)
    hidden = hidden_pixels(views.targets["mask"][0])
    changed = with_pixels(views, torch.where(hidden, views.inputs[0], 0))
    assert not torch.equal(objective(views, backbone).embedding, objective(changed, backbone).embedding)


def test_the_decoder_puts_tokens_where_their_patches_were() -> None:
    objective, backbone = make_learner(MAE, 4)
    views = make_views(MAE.spec.needs, 4)
    turned = Views(views.branches, views.index, None, {**views.targets, "visible": views.targets["visible"].flip(2)})
    torch.testing.assert_close(objective(views, backbone).loss, objective(turned, backbone).loss)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_positions_and_masks_spread_over_finer_patches_alike(scale: int) -> None:
    mask = mask_of(1, 5)[0]
    seen = mask.int().argsort(dim=1, stable=True)[:, :4]
    fine = spread_positions(seen, 16, scale)
    wanted = torch.ones(5, 16 * scale**2, dtype=torch.bool).scatter(1, fine, False)
    assert torch.equal(spread_mask(mask, scale), wanted)
    assert fine.shape == (5, 4 * scale**2)


@both
def test_a_mask_of_larger_patches_hides_all_patches_under_it(kind: type[MAE | SimMIM]) -> None:
    objective, backbone = make_learner(kind, 3)
    views = make_views(kind.spec.needs, 3)
    mask = torch.tensor([[[True, True, False, True]] * 3])
    targets = {"mask": mask, "visible": torch.full((1, 3, 1), 2)}
    coarse = Views(views.branches, views.index, None, targets)
    x = views.inputs[0].clone().requires_grad_()
    backbone.eval()
    loss = objective(with_pixels(coarse, x), backbone)
    loss.loss.backward()
    assert loss.loss.isfinite()
    shown = objective.figures(coarse, backbone)["reconstructions"]
    assert (shown[:, 1, :8] == 0.5).all()
    assert not (shown[:, 1, 8:, :8] == 0.5).all()


@both
def test_a_mask_of_smaller_patches_is_refused_with_both_sizes(kind: type[MAE | SimMIM]) -> None:
    objective, backbone = make_learner(kind, 3)
    views = make_views(kind.spec.needs, 3)
    fine = {"mask": torch.ones(1, 3, 64, dtype=torch.bool), "visible": torch.zeros(1, 3, 4, dtype=torch.int64)}
    with pytest.raises(RunFailed, match=r"patches of 2 px.*4 px"):
        objective(Views(views.branches, views.index, None, fine), backbone)


@both
def test_an_encoder_without_patches_is_refused_when_it_is_attached(kind: type[MAE | SimMIM]) -> None:
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    with pytest.raises(RunFailed, match="Tiny CNN takes whole pictures only"):
        kind(kind.Config(), Facts(backbone.width, 0, 100, 8)).attach(backbone)


@both
@pytest.mark.parametrize("samples", [3, 11])
def test_figures_show_the_picture_what_is_seen_and_both_predictions(kind: type[MAE | SimMIM], samples: int) -> None:
    objective, backbone = make_learner(kind, samples)
    views = make_views(kind.spec.needs, samples)
    rows = objective.figures(views, backbone)["reconstructions"]
    count = min(samples, 8)
    assert rows.shape == (count, 4, SIZE_PX, SIZE_PX, 3)
    assert rows.min() >= 0
    assert rows.max() <= 1
    hidden = hidden_pixels(views.targets["mask"][0])[:count, 0].numpy()
    picture, seen, guess, pasted = rows.transpose(1, 0, 2, 3, 4)
    assert (seen[hidden] == 0.5).all()
    assert np.array_equal(seen[~hidden], picture[~hidden])
    assert np.array_equal(pasted[hidden], guess[hidden])
    assert np.array_equal(pasted[~hidden], picture[~hidden])


def test_a_perfect_prediction_of_normalised_patches_is_shown_as_the_picture() -> None:
    objective, _ = make_learner(MAE, 4)
    x = make_views(MAE.spec.needs, 4).inputs[0]
    pixels = patchify(x, PATCH)
    torch.testing.assert_close(objective._painted(mae_target(pixels, norm_pix=True), pixels), pixels)


def test_plain_pixels_are_normalised_by_nothing() -> None:
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id="small_vit", width=32, depth=1, heads=2), SIZE_PX)
    objective = MAE(MAEConfig(norm_pix=False), Facts(32, 0, 100, 4))
    objective.attach(backbone)
    views = make_views(MAE.spec.needs, 4)
    far = with_pixels(views, views.inputs[0] + 10)
    assert objective(far, backbone).loss.item() == pytest.approx(objective(views, backbone).loss.item() + 100, rel=0.2)


@pytest.mark.parametrize(
    ("settings", "key", "words"),
    [
        ({"decoder_width": 30, "decoder_heads": 2}, "objective.decoder_width", "30 is not a multiple of 4"),
        ({"decoder_width": 32, "decoder_heads": 3}, "objective.decoder_heads", "3 heads do not divide a width of 32"),
    ],
)
def test_a_decoder_that_cannot_be_built_is_refused_at_its_key(settings: dict[str, int], key: str, words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        build_objective(Choice(id="mae", **settings), Facts(32, 0, 100, 8))
    (problem,) = caught.value.problems
    assert problem.key == key
    assert words in problem.message


@pytest.mark.parametrize(("preset", "seen"), [("mae-cifar", 16), ("simmim-cifar", 6)])
def test_the_presets_show_an_exact_number_of_patches_that_are_not_hidden(preset: str, seen: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 3, 32, 32), dtype=np.uint8)
    pipeline = compile_views(PRESETS[preset], 3, 32, 32, (0.5,) * 3, (0.25,) * 3)
    views = pipeline(Samples({"image": images}, None, np.arange(20)), (0, 0), torch.device("cpu"))
    mask, visible = views.targets["mask"][0], views.targets["visible"][0]
    assert visible.shape == (20, seen)
    assert torch.equal(torch.ones_like(mask).scatter(1, visible, False), mask)
    assert (visible.diff(dim=1) > 0).all()


def problems_of(objective: str, backbone: dict[str, object], **views: object) -> list[tuple[str, str]]:
    document = {"objective": {"id": objective}, "backbone": backbone, "views": views, "data": {"id": "cifar10"}}
    return [(problem.key, problem.message) for problem in check(document, full_catalogue())]


@both
def test_a_recipe_for_patches_and_a_small_vit_is_sound(kind: type[MAE | SimMIM]) -> None:
    assert problems_of(kind.spec.id, {"id": "small_vit"}) == []


@both
def test_a_recipe_with_a_cnn_says_that_it_has_no_tokens(kind: type[MAE | SimMIM]) -> None:
    ((key, message),) = problems_of(kind.spec.id, {"id": "tiny_cnn"})
    assert key == "backbone.id"
    assert "tokens, one vector a patch, which Tiny CNN does not give" in message
    assert "small_vit" in message


@both
def test_a_recipe_with_an_encoder_of_whole_pictures_says_which_one_hides_patches(kind: type[MAE | SimMIM]) -> None:
    ((key, message),) = problems_of(kind.spec.id, {"id": "timm"})
    assert key == "backbone.id"
    assert "takes whole pictures only. Backbones that can do without some: small_vit" in message


@both
def test_a_mask_that_cuts_through_the_encoders_patches_is_a_problem_of_the_recipe(kind: type[MAE | SimMIM]) -> None:
    ((key, message),) = problems_of(kind.spec.id, {"id": "small_vit", "patch": 16})
    assert key.startswith("views.branches.0.ops.")
    assert key.endswith(".patch")
    assert "multiple of 16" in message


def test_patches_that_do_not_divide_the_views_are_a_problem_of_every_objective() -> None:
    ((key, message),) = problems_of("simclr", {"id": "small_vit", "patch": 5})
    assert key == "backbone.patch"
    assert "views of 32 px into patches of 5 px" in message


def test_the_chance_level_of_simmim_is_the_mean_distance_of_a_normal_number() -> None:
    assert SimMIM.spec.chance.value({}) == pytest.approx(math.sqrt(2 / math.pi))
    assert torch.randn(100_000).abs().mean().item() == pytest.approx(SimMIM.spec.chance.value({}), rel=0.02)
