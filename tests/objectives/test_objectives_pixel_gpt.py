"""Autoregressive pixels: the order of reading, the likelihood, and completions."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from objectives_batches import SIZE_PX, make_learner, make_views
from torch import Tensor

from workbench.core.errors import RunFailed
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts
from workbench.objectives.vision.generative.pixel_gpt import (
    PatchPixels,
    PixelGPT,
    PixelGPTConfig,
    palette_colours,
    rounded,
)
from workbench.objectives.vision.masked.patches import patchify, unpatchify
from workbench.recipes.models import Choice
from workbench.views.base import Views

PATCH = 4
PATCHES = (SIZE_PX // PATCH) ** 2
PIXELS = PATCH**2


def lively(objective: PixelGPT) -> PixelGPT:
    """The first weights are near 0 and hide what depends on what: larger ones."""
    torch.manual_seed(1)
    for parameter in objective.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return objective


def logits_of(objective: PixelGPT, x: Tensor, backbone: torch.nn.Module) -> Tensor:
    """Logits of every pixel in the order of reading, (T, K)."""
    return objective._predict(x, backbone)[1][0].flatten(0, 1)


@pytest.mark.parametrize("levels", [2, 3, 4, 8])
def test_palette_colours_are_rounded_to_themselves(levels: int) -> None:
    places = torch.arange(levels**3)
    colours = palette_colours(places, levels)
    assert torch.equal(rounded(colours, levels), places)
    assert len(torch.unique(colours, dim=0)) == levels**3


def test_a_colour_is_rounded_to_the_nearest_of_the_palette() -> None:
    colours = torch.rand(200, 3)
    palette = palette_colours(torch.arange(64), 4)
    assert torch.equal(rounded(colours, 4), torch.cdist(colours, palette).argmin(dim=1))


def test_values_outside_the_unit_range_are_taken_to_its_edge() -> None:
    assert rounded(torch.tensor([[-3.0, -0.1, 0.0], [1.0, 1.1, 9.0]]), 4).tolist() == [0, 63]


@pytest.mark.parametrize("patch", [0, 1, 6, PATCHES - 1])
@pytest.mark.parametrize("pixel", [0, 1, 9, PIXELS - 1])
def test_a_pixel_changes_the_prediction_of_later_pixels_and_of_no_other(patch: int, pixel: int) -> None:
    objective, backbone = make_learner(PixelGPT, 1)
    lively(objective)
    x = torch.rand(1, 3, SIZE_PX, SIZE_PX)
    patches = patchify(x, PATCH)
    at = slice(3 * pixel, 3 * pixel + 3)
    patches[0, patch, at] = (patches[0, patch, at] + 0.5) % 1
    with torch.no_grad():
        change = logits_of(objective, x, backbone) - logits_of(objective, unpatchify(patches, PATCH), backbone)
    changed = change.abs().amax(dim=1) > 0
    place = patch * PIXELS + pixel
    assert not changed[: place + 1].any()
    assert changed[place + 1 :].all()


def test_the_gradient_of_a_pixels_cost_reaches_no_later_pixel() -> None:
    objective, backbone = make_learner(PixelGPT, 1)
    lively(objective)
    x = torch.rand(1, 3, SIZE_PX, SIZE_PX, requires_grad=True)
    place = 5 * PIXELS + 3
    logits_of(objective, x, backbone)[place].sum().backward()
    reached = patchify(x.grad, PATCH)[0].abs().sum(dim=1) > 0
    assert reached.tolist() == [number < 5 for number in range(PATCHES)]


def test_the_loss_equals_a_loop_over_all_pixels_in_value_and_gradient() -> None:
    objective, backbone = make_learner(PixelGPT, 2)
    objective, backbone = lively(objective).double(), backbone.double()
    x = torch.rand(2, 3, SIZE_PX, SIZE_PX, dtype=torch.float64)
    views = Views({"A": (x,)}, torch.arange(2))
    ours = objective(views, backbone)
    naive = torch.zeros((), dtype=torch.float64)
    for n in range(2):
        logits = objective._predict(x, backbone)[1].double()
        for place in range(PATCHES * PIXELS):
            patch, pixel = divmod(place, PIXELS)
            row, column = patch // 4 * PATCH + pixel // PATCH, patch % 4 * PATCH + pixel % PATCH
            red, green, blue = (min(int(value * 4), 3) for value in x[n, :, row, column].tolist())
            row_K = logits[n, patch, pixel]
            naive = naive - (row_K.exp()[red * 16 + green * 4 + blue] / row_K.exp().sum()).log()
    naive = naive / (2 * PATCHES * PIXELS)
    torch.testing.assert_close(ours.loss.double(), naive, rtol=1e-5, atol=1e-6)
    gradients = [torch.autograd.grad(value, objective.start)[0] for value in (ours.loss, naive)]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-7)
    assert ours.terms["bits_per_pixel"].item() == pytest.approx(naive.item() / math.log(2), rel=1e-5)


def test_probabilities_of_all_patches_of_two_pixels_sum_to_one() -> None:
    torch.manual_seed(0)
    head = PatchPixels(8, 16, 2, 5).double()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    context = torch.randn(8, dtype=torch.float64)
    total = 0.0
    for first, second in product(range(5), repeat=2):
        with torch.no_grad():
            p = torch.softmax(head(context, torch.tensor([first, second])), dim=-1)
        total += float(p[0, first] * p[1, second])
    assert total == pytest.approx(1)


def test_completions_keep_what_was_seen_and_are_the_same_every_time() -> None:
    objective, backbone = make_learner(PixelGPT, 2)
    views = make_views(PixelGPT.spec.needs, 2)
    figures, again = (objective.figures(views, backbone)["completions"] for _ in range(2))
    picture, seen, first, second = figures.swapaxes(0, 1)
    half = SIZE_PX // 2
    assert np.array_equal(figures, again)
    assert all(np.array_equal(column[:, :half], picture[:, :half]) for column in (seen, first, second))
    assert not np.array_equal(first[:, half:], second[:, half:])


def test_a_learned_stripe_is_continued() -> None:
    objective, backbone = make_learner(PixelGPT, 8)
    stripes = (torch.arange(SIZE_PX) % 4 < 2).float().expand(3, SIZE_PX, SIZE_PX)
    x = torch.stack([stripes if number % 2 else 1 - stripes for number in range(8)]) * 0.7 + 0.15
    views = Views({"A": (x,)}, torch.arange(8))
    optimiser = torch.optim.Adam([*backbone.parameters(), *objective.parameters()], lr=3e-3)
    for _ in range(60):
        optimiser.zero_grad()
        objective(views, backbone).loss.backward()
        optimiser.step()
    picture, _, completed, _ = objective.figures(views, backbone)["completions"].swapaxes(0, 1)
    assert np.isclose(picture, completed).mean() > 0.95


def test_an_encoder_that_sees_the_whole_picture_is_refused() -> None:
    backbone = build_backbone(Choice(id="small_vit", patch=4, width=32, depth=1, heads=2), SIZE_PX)
    with pytest.raises(RunFailed, match="see only those before them") as caught:
        PixelGPT(PixelGPTConfig(), Facts(32, 0, 100, 8)).attach(backbone)
    assert "backbone.causal = true" in str(caught.value.hint)


@pytest.mark.parametrize("levels", [2, 8])
def test_the_first_loss_is_the_logarithm_of_the_palette(levels: int) -> None:
    _, backbone = make_learner(PixelGPT, 4)
    objective = PixelGPT(PixelGPTConfig(levels=levels), Facts(backbone.width, 0, 100, 4))
    objective.attach(backbone)
    loss = objective(make_views(PixelGPT.spec.needs, 4), backbone).loss.item()
    assert loss == pytest.approx(PixelGPT.spec.chance.value({"levels": levels}), rel=0.05)
    assert loss == pytest.approx(math.log(levels**3), rel=0.05)
