"""Colourisation and the split-brain autoencoder: bins, their losses and read-outs, and what each half may see."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from objectives_batches import SIZE_PX, make_learner, make_views
from torch import Tensor

from workbench.core.errors import RecipeError
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.build import build_objective
from workbench.objectives.vision.generative.ab_bins import (
    BINS,
    BinPrior,
    annealed_mean,
    bin_cross_entropy,
    bins_used,
    gamut_bins,
    importance,
    soft_labels,
)
from workbench.objectives.vision.generative.colour_maps import half_square, painted, resized
from workbench.objectives.vision.generative.colourisation import Colourisation
from workbench.objectives.vision.generative.split_brain import SplitBrain, lightness_class, lightness_read_out
from workbench.recipes.models import Choice
from workbench.views.base import Views
from workbench.views.lab import COLOUR_SCALE, lab_of

both = pytest.mark.parametrize("kind", [Colourisation, SplitBrain], ids=["colourisation", "split_brain"])


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def some_colours(count: int) -> Tensor:
    """ab of random sRGB colours, (count, 2) float64 in units of Lab."""
    rgb = torch.rand(count, 3, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return lab_of(rgb)[:, 1:, 0, 0] * COLOUR_SCALE


def plain_soft_label(colour: list[float], bins: list[list[float]]) -> list[float]:
    """Shares of all bins, by the definition: the five nearest, a normal density of deviation 5, scaled to sum 1."""
    squares = [(colour[0] - a) ** 2 + (colour[1] - b) ** 2 for a, b in bins]
    fifth = sorted(squares)[4]
    density = [math.exp(-square / 50) if square <= fifth else 0.0 for square in squares]
    return [value / sum(density) for value in density]


def with_input(views: Views, x: Tensor) -> Views:
    return Views({"A": (x,)}, views.index, views.labels, views.targets)


def test_every_colour_of_srgb_has_a_bin_within_half_a_square_of_it() -> None:
    distance = (some_colours(5000)[:, None] - gamut_bins().double()).abs().amax(dim=2).amin(dim=1)
    assert distance.max() <= 5


def test_there_are_as_many_bins_as_the_chance_level_says() -> None:
    assert gamut_bins().shape == (BINS, 2)
    assert Colourisation.spec.chance.value({"quantised": True}) == pytest.approx(math.log(BINS))


def test_regression_has_no_chance_level() -> None:
    assert Colourisation.spec.chance.value({"quantised": False}) is None
    assert SplitBrain.spec.chance.value({"quantised": False, "levels": 50}) is None


def test_grey_is_a_bin() -> None:
    nearest, share = soft_labels(torch.zeros(1, 2), gamut_bins())
    assert gamut_bins()[nearest[0, 0]].tolist() == [0, 0]
    assert share[0, 0] > share[0, 1]


def test_soft_labels_equal_those_of_a_loop_over_all_bins() -> None:
    colours, bins = some_colours(60), gamut_bins().double()
    nearest, share = soft_labels(colours, bins)
    wanted = torch.tensor([plain_soft_label(colour, bins.tolist()) for colour in colours.tolist()], dtype=torch.float64)
    torch.testing.assert_close(torch.zeros_like(wanted).scatter(1, nearest, share), wanted, rtol=1e-10, atol=1e-12)


def test_the_loss_of_bins_equals_a_loop_in_value_and_gradient() -> None:
    colours, bins = some_colours(12), gamut_bins().double()
    logits, weight = draw(12, BINS).requires_grad_(), draw(BINS, seed=3).exp()
    ours = bin_cross_entropy(logits, *soft_labels(colours, bins), weight).mean()
    naive = torch.zeros((), dtype=torch.float64)
    for m, colour in enumerate(colours.tolist()):
        label = plain_soft_label(colour, bins.tolist())
        total = sum(logits[m, q].exp() for q in range(BINS))
        cost = sum(-label[q] * (logits[m, q].exp() / total).log() for q in range(BINS) if label[q])
        naive = naive + weight[label.index(max(label))] * cost / len(colours)
    torch.testing.assert_close(ours, naive, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad(value, logits)[0] for value in (ours, naive)]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-13)


def test_equal_logits_cost_the_logarithm_of_the_bins() -> None:
    loss = bin_cross_entropy(
        torch.zeros(20, BINS), *soft_labels(some_colours(20).float(), gamut_bins()), torch.ones(BINS)
    ).mean()
    assert loss.item() == pytest.approx(math.log(BINS), rel=1e-5)


def test_the_soft_label_itself_is_the_cheapest_answer() -> None:
    nearest, share = soft_labels(some_colours(1), gamut_bins().double())
    best = torch.full((1, BINS), -40.0, dtype=torch.float64).scatter(1, nearest, share.log())
    entropy = -(share * share.log()).sum()
    loss = bin_cross_entropy(best, nearest, share, torch.ones(BINS, dtype=torch.float64)).mean()
    assert loss.item() == pytest.approx(entropy.item(), rel=1e-9)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_importance_is_the_inverse_of_the_mixed_prior_with_a_mean_of_one(strength: float) -> None:
    prior = [0.7, 0.2, 0.1]
    inverse = [1 / (strength * p + (1 - strength) / 3) for p in prior]
    mean = sum(p * w for p, w in zip(prior, inverse, strict=True))
    ours = importance(torch.tensor(prior, dtype=torch.float64), strength)
    torch.testing.assert_close(ours, torch.tensor([w / mean for w in inverse], dtype=torch.float64))


def test_a_bin_that_was_never_seen_has_a_finite_importance() -> None:
    assert importance(torch.tensor([1.0, 0.0]), 1.0).isfinite().all()


def test_the_annealed_mean_equals_a_loop_and_goes_from_the_mean_to_the_mode() -> None:
    bins, logits = gamut_bins().double(), draw(1, BINS, 1, 2) * 3
    for place, temperature in product(range(2), (1.0, 0.38)):
        p = [math.exp(float(value)) ** (1 / temperature) for value in logits[0, :, 0, place]]
        wanted = [sum(p[q] * float(bins[q, axis]) for q in range(BINS)) / sum(p) for axis in range(2)]
        ours = annealed_mean(logits, bins, temperature)[0, :, 0, place].tolist()
        assert ours == pytest.approx(wanted, rel=1e-9)
    mode = bins[logits[0, :, 0, 0].argmax()]
    torch.testing.assert_close(annealed_mean(logits, bins, 1e-3)[0, :, 0, 0], mode)


def test_one_colour_uses_one_bin_and_all_bins_use_all() -> None:
    assert bins_used(torch.zeros(50, 2)).item() == pytest.approx(1 / BINS)
    assert bins_used(gamut_bins()).item() == pytest.approx(1)


def test_the_first_update_replaces_the_prior_and_later_ones_average() -> None:
    prior, bins = BinPrior(), gamut_bins()
    red, blue = (soft_labels(colour.expand(4, 2), bins) for colour in (bins[200], bins[20]))
    shares = []
    for colour in (red, blue):
        prior.note(*colour)
        prior.update()
        shares.append(prior.share.clone())
    assert shares[0][200] == pytest.approx(float(red[1][0, 0]))
    assert shares[1][200] == pytest.approx(float(red[1][0, 0]) / 2)
    assert shares[1].sum().item() == pytest.approx(1, rel=1e-5)


def test_the_prior_changes_after_the_step_and_not_in_forward() -> None:
    objective, backbone = make_learner(Colourisation, 8)
    before = objective.prior.share.clone()
    objective(make_views(Colourisation.spec.needs, 8), backbone)
    assert torch.equal(objective.prior.share, before)
    objective.after_step(backbone, 0.1)
    assert not torch.equal(objective.prior.share, before)


def test_rare_colours_count_more_after_a_step() -> None:
    objective, backbone = make_learner(Colourisation, 8)
    objective(make_views(Colourisation.spec.needs, 8), backbone)
    objective.after_step(backbone, 0.1)
    weight = importance(objective.prior.share, 0.5)
    assert weight[objective.prior.share.argmax()] == weight.min() < 1 < weight.max()


def test_regression_costs_half_the_squared_distance() -> None:
    guess, true = draw(2, 2, 3, 3).requires_grad_(), draw(2, 2, 3, 3, seed=5)
    places = list(product(range(2), range(3), range(3)))
    naive = sum(0.5 * sum((guess[n, c, y, x] - true[n, c, y, x]) ** 2 for c in range(2)) for n, y, x in places) / len(
        places
    )
    ours = half_square(guess, true).mean()
    torch.testing.assert_close(ours, naive)
    gradients = [torch.autograd.grad(value, guess)[0] for value in (ours, naive)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize(("value", "place"), [(0.0, 0), (0.019, 0), (0.021, 1), (0.5, 25), (1.0, 49), (1.2, 49)])
def test_lightness_is_cut_into_equal_classes(value: float, place: int) -> None:
    assert lightness_class(torch.tensor(value), 50).item() == place


def test_a_sure_class_of_lightness_is_read_out_as_its_middle() -> None:
    logits = torch.zeros(1, 10, 1, 1).index_fill(1, torch.tensor([3]), 100.0)
    assert lightness_read_out(logits).item() == pytest.approx(0.35)


def learner_of(kind: type[Objective], backbone_id: str, **settings: object) -> tuple[Objective, torch.nn.Module]:
    torch.manual_seed(0)
    small = {"patch": 4, "width": 32, "depth": 1, "heads": 2} if backbone_id == "small_vit" else {"width": 8}
    backbone = build_backbone(Choice(id=backbone_id, **small), SIZE_PX)
    objective = kind(kind.Config(**settings), Facts(backbone.width, 0, 1000, 8))
    objective.attach(backbone)
    return objective, backbone


@both
@pytest.mark.parametrize("backbone_id", ["tiny_cnn", "small_vit"])
@pytest.mark.parametrize("quantised", [True, False])
@pytest.mark.parametrize("side", [3, 4, 8, 16])
def test_maps_of_any_side_come_from_features_and_from_tokens(
    kind: type[Objective], backbone_id: str, quantised: bool, side: int
) -> None:
    objective, backbone = learner_of(kind, backbone_id, quantised=quantised, side=side)
    views = make_views(kind.spec.needs, 8)
    step = objective(views, backbone)
    step.loss.backward()
    assert step.loss.isfinite()
    assert set(step.terms) == {metric.name for metric in kind.spec.metrics}
    assert all(p.grad is not None for p in backbone.parameters() if p.requires_grad)
    (pictures,) = objective.figures(views, backbone).values()
    assert pictures.shape == (8, len(kind.spec.figures[0].columns), SIZE_PX, SIZE_PX, 3)
    assert pictures.min() >= 0
    assert pictures.max() <= 1


@both
def test_pictures_that_turn_out_to_be_grey_are_refused_before_training(kind: type[Objective]) -> None:
    with pytest.raises(RecipeError, match=r"data\.id: .* needs colour pictures; these have one channel"):
        build_objective(Choice(id=kind.spec.id), Facts(8, 0, 100, 16, channels=1))


def test_the_prediction_of_each_half_does_not_see_what_it_predicts() -> None:
    objective, backbone = make_learner(SplitBrain, 4)
    x = torch.rand(4, 3, SIZE_PX, SIZE_PX)
    other_colour = torch.cat([x[:, :1], torch.rand(4, 2, SIZE_PX, SIZE_PX)], dim=1)
    other_light = torch.cat([torch.rand(4, 1, SIZE_PX, SIZE_PX), x[:, 1:]], dim=1)
    backbone.eval()
    colour, lightness, _ = objective._predict(x, backbone)
    assert torch.equal(colour, objective._predict(other_colour, backbone)[0])
    assert torch.equal(lightness, objective._predict(other_light, backbone)[1])
    assert not torch.equal(lightness, objective._predict(other_colour, backbone)[1])


def test_the_two_halves_count_alike() -> None:
    objective, backbone = make_learner(SplitBrain, 6)
    step = objective(make_views(SplitBrain.spec.needs, 6), backbone)
    wanted = (step.terms["colour_loss"] + step.terms["lightness_loss"]) / 2
    torch.testing.assert_close(step.loss.detach(), wanted)


def test_true_colours_laid_over_the_lightness_give_back_the_picture() -> None:
    rgb = torch.rand(2, 3, 8, 8)
    lab = lab_of(rgb)
    torch.testing.assert_close(painted(lab[:, :1], lab[:, 1:] * COLOUR_SCALE), rgb, rtol=1e-4, atol=1e-4)


def test_a_grey_target_shown_in_figures_has_no_colour() -> None:
    objective, backbone = make_learner(Colourisation, 4)
    seen = objective.figures(make_views(Colourisation.spec.needs, 4), backbone)["colours"][:, 0]
    assert abs(seen - seen.mean(axis=-1, keepdims=True)).max() < 1e-3


@pytest.mark.parametrize("side", [1, 3, 4, 8, 11])
def test_resized_maps_keep_a_constant(side: int) -> None:
    maps = torch.full((2, 2, 8, 8), 0.25)
    torch.testing.assert_close(resized(maps, side), torch.full((2, 2, side, side), 0.25))


def test_the_encoder_of_colourisation_is_given_no_colour() -> None:
    objective, backbone = make_learner(Colourisation, 4)
    views = make_views(Colourisation.spec.needs, 4)
    changed = Views(views.branches, views.index, None, {"lab": views.targets["lab"].roll(1, dims=1)})
    backbone.eval()
    objective.eval()
    guesses = [objective.head(given.inputs[0], backbone)[0] for given in (views, changed)]
    assert torch.equal(*guesses)
    assert not torch.equal(objective(views, backbone).loss, objective(changed, backbone).loss)
