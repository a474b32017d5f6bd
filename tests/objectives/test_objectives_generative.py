"""Autoencoder, VAE, context encoder and BiGAN: their losses against loops, integrals and samples, and what they see."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from objectives_batches import SIZE_PX, make_learner, make_views
from scipy import integrate, stats
from torch import Tensor

from workbench.data.base import Samples
from workbench.engine.catalogue import full_catalogue
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.pictures import grid_of, rows_of, span_of_all, span_of_each, stretched
from workbench.objectives.samples import masked_mean
from workbench.objectives.vision.generative.autoencoder import (
    Autoencoder,
    corrupted,
    kl_penalty,
    l1_penalty,
    sparseness,
)
from workbench.objectives.vision.generative.bigan import BiGAN
from workbench.objectives.vision.generative.context_encoder import ContextEncoder, pixel_error
from workbench.objectives.vision.generative.vae import (
    VAE,
    active_units,
    distortion,
    kl_to_prior,
    reparameterised,
    walks,
)
from workbench.recipes.check import check
from workbench.recipes.models import Choice
from workbench.views.base import Views
from workbench.views.pipeline import compile_views
from workbench.views.presets import PRESETS

KINDS = [Autoencoder, VAE, ContextEncoder, BiGAN]
each = pytest.mark.parametrize("kind", KINDS, ids=[kind.spec.id for kind in KINDS])


def random(*shape: int, seed: int = 0) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=g, requires_grad=True)


def assert_equal_to_loop(ours: Tensor, naive: Any, inputs: tuple[Tensor, ...]) -> None:
    torch.testing.assert_close(ours, naive, rtol=1e-12, atol=1e-14)
    gradients = [torch.autograd.grad(value, inputs, retain_graph=True) for value in (ours, naive)]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-13)


def learner(objective: type[Objective], samples: int = 6, /, **settings: Any) -> tuple[Any, Any]:
    """An objective with these settings and a narrow encoder."""
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    facts = Facts(backbone.width, 0, 1000, samples, size=SIZE_PX)
    return objective(objective.Config(**settings), facts), backbone


# -- autoencoder -------------------------------------------------------------------------------------------------------


def test_the_l1_penalty_equals_a_loop() -> None:
    code = random(4, 3)
    naive = sum(abs(number) for row in code for number in row) / 12
    assert_equal_to_loop(l1_penalty(code).mean(), naive, (code,))


@pytest.mark.parametrize("activity", [0.05, 0.5, 0.9])
def test_the_kl_penalty_equals_a_loop_over_units_of_a_coins_relative_entropy(activity: float) -> None:
    raw = random(5, 3)
    code = raw.sigmoid()
    naive = torch.zeros((), dtype=torch.float64)
    for unit in range(3):
        mean = sum(code[n, unit] for n in range(5)) / 5
        naive = naive + activity * torch.log(activity / mean)
        naive = naive + (1 - activity) * torch.log((1 - activity) / (1 - mean))
    assert_equal_to_loop(kl_penalty(code, activity), naive / 3, (raw,))


def test_the_kl_penalty_is_0_at_the_wanted_activity_and_finite_where_a_unit_never_or_always_fires() -> None:
    assert kl_penalty(torch.full((4, 2), 0.25, dtype=torch.float64), 0.25).item() == pytest.approx(0, abs=1e-12)
    assert kl_penalty(torch.tensor([[0.0, 1.0]]), 0.05).isfinite()


def test_sparseness_is_1_for_one_active_unit_and_0_for_equal_ones() -> None:
    assert sparseness(torch.tensor([[0.0, -3.0, 0.0, 0.0]])).item() == pytest.approx(1)
    assert sparseness(torch.tensor([[2.0, -2.0, 2.0, 2.0]])).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("penalty", ["l1", "kl"])
def test_scaling_the_weights_before_a_sparse_code_does_not_make_it_cheaper(penalty: str) -> None:
    objective, backbone = learner(Autoencoder, kind="sparse", penalty=penalty)
    h = backbone(make_views(Autoencoder.spec.needs, 6).inputs[0]).detach()
    before = objective._penalty(objective.bottleneck(h)).mean()
    with torch.no_grad():
        objective.bottleneck.squeeze.weight.mul_(100)
    scaled = objective._penalty(objective.bottleneck(h)).mean()
    with torch.no_grad():
        objective.bottleneck.squeeze.weight.mul_(1e-4)
    assert scaled.item() == pytest.approx(before.item(), rel=0.02)
    assert objective._penalty(objective.bottleneck(h)).mean().item() > 0.5 * before.item()


@pytest.mark.parametrize("penalty", ["l1", "kl"])
def test_a_sparse_loss_is_the_error_and_the_weighted_penalty(penalty: str) -> None:
    views = make_views(Autoencoder.spec.needs, 6)
    losses = []
    for weight in (0.0, 1.0, 3.0):
        objective, backbone = learner(Autoencoder, kind="sparse", penalty=penalty, weight=weight)
        losses.append(objective(views, backbone).loss.item())
    assert losses[2] - losses[0] == pytest.approx(3 * (losses[1] - losses[0]), rel=1e-4)
    assert losses[1] > losses[0]


def trained(objective: Any, backbone: Any, views: Views, steps: int = 25) -> dict[str, float]:
    """The terms of the last of a few steps on one batch."""
    optimiser = torch.optim.Adam([*backbone.parameters(), *objective.parameters()], lr=4e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        step = objective(views, backbone)
        step.loss.backward()
        optimiser.step()
    return {name: value.item() for name, value in step.terms.items()}


@pytest.mark.parametrize("penalty", ["l1", "kl"])
def test_training_with_a_penalty_lowers_it_below_training_without(penalty: str) -> None:
    views, found = make_views(Autoencoder.spec.needs, 16, painted=True), []
    for weight in (0.0, 10.0):
        objective, backbone = learner(Autoencoder, 16, kind="sparse", penalty=penalty, weight=weight, activity=0.3)
        trained(objective, backbone, views)
        found.append(objective._penalty(objective.bottleneck(backbone(views.inputs[0]))).mean().item())
    assert found[1] < 0.9 * found[0]


def test_a_lower_l1_penalty_is_a_sparser_code() -> None:
    views, found = make_views(Autoencoder.spec.needs, 16, painted=True), []
    for weight in (0.0, 10.0):
        objective, backbone = learner(Autoencoder, 16, kind="sparse", weight=weight)
        found.append(trained(objective, backbone, views)["code_sparseness"])
    assert found[1] > found[0] + 0.05


def test_masking_hides_whole_pixels_of_the_asked_share_and_leaves_the_others() -> None:
    x = torch.randn(8, 3, 64, 64) + 10
    noisy = corrupted(x, torch.rand(8, 1, 64, 64), "masking", 0.3)
    hidden = (noisy == 0).all(dim=1)
    assert torch.equal(hidden, (noisy == 0).any(dim=1))
    assert hidden.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert torch.equal(noisy.movedim(1, 3)[~hidden], x.movedim(1, 3)[~hidden])


def test_gaussian_corruption_adds_noise_of_the_asked_deviation() -> None:
    x = torch.randn(8, 3, 64, 64)
    noise = corrupted(x, torch.randn(8, 3, 64, 64), "gaussian", 0.4) - x
    assert noise.std().item() == pytest.approx(0.4, rel=0.02)


@pytest.mark.parametrize("corruption", ["masking", "gaussian"])
def test_noise_is_on_the_input_only_and_the_target_is_clean(corruption: str) -> None:
    objective, backbone = learner(Autoencoder, kind="denoising", corruption=corruption, noise=0.8)
    views = make_views(Autoencoder.spec.needs, 6)
    given = []
    backbone.register_forward_pre_hook(lambda module, inputs: given.append(inputs[0]))
    painted = []
    objective.decoder.register_forward_hook(lambda module, inputs, out: painted.append(out))
    loss = objective(views, backbone).loss
    assert not torch.allclose(given[0], views.inputs[0])
    torch.testing.assert_close(loss, (painted[0] - views.inputs[0]).square().mean())


def test_a_denoising_autoencoder_draws_new_noise_every_step_and_a_plain_one_none() -> None:
    views = make_views(Autoencoder.spec.needs, 6)
    for kind, same in (("plain", True), ("denoising", False)):
        objective, backbone = learner(Autoencoder, kind=kind)
        losses = [objective(views, backbone).loss.item() for _ in range(2)]
        assert (losses[0] == losses[1]) is same


def test_without_noise_a_denoising_autoencoder_is_a_plain_one() -> None:
    views = make_views(Autoencoder.spec.needs, 6)
    losses = []
    for settings in ({"kind": "plain"}, {"kind": "denoising", "noise": 0.0}):
        objective, backbone = learner(Autoencoder, **settings)
        losses.append(objective(views, backbone).loss)
    assert torch.equal(*losses)


@pytest.mark.parametrize("settings", [{"kind": "sparse"}, {"kind": "sparse", "penalty": "kl"}, {"kind": "denoising"}])
def test_every_kind_has_gradients_to_all_its_weights_and_figures_in_range(settings: dict[str, str]) -> None:
    objective, backbone = learner(Autoencoder, **settings)
    views = make_views(Autoencoder.spec.needs, 6)
    objective(views, backbone).loss.backward()
    named = [*backbone.named_parameters(), *objective.named_parameters()]
    assert [name for name, p in named if not p.grad.abs().sum() > 0] == []
    state = torch.get_rng_state()
    shown = objective.figures(views, backbone)["reconstructions"]
    assert torch.equal(state, torch.get_rng_state())
    assert np.array_equal(shown[:, 0], shown[:, 1]) is (settings["kind"] != "denoising")


def test_a_code_as_long_as_the_picture_is_a_problem_of_the_recipe() -> None:
    document = {"data": {"id": "cifar10"}, "views": {"preset": "reconstruction-cifar"}}
    (problem,) = check({**document, "objective": {"id": "autoencoder", "bottleneck": 3072}}, full_catalogue())
    assert problem.key == "objective.bottleneck"
    assert "at most 3071" in problem.message


# -- VAE ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "log_variance"), [(0.0, 0.0), (1.5, 0.7), (-0.3, -3.0), (4.0, 1.0)])
def test_the_kl_equals_its_integral(mean: float, log_variance: float) -> None:
    q, p = stats.norm(mean, math.exp(log_variance / 2)), stats.norm()
    wanted, _ = integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), *q.interval(1 - 1e-14), epsabs=1e-12)
    ours = kl_to_prior(*(torch.tensor([[value]], dtype=torch.float64) for value in (mean, log_variance)))
    assert ours.item() == pytest.approx(wanted, abs=1e-9)


def test_the_kl_equals_the_mean_log_ratio_of_samples_from_the_reparameterised_posterior() -> None:
    mean, log_variance = random(1, 3, seed=1).detach(), random(1, 3, seed=2).detach()
    g = torch.Generator().manual_seed(0)
    epsilon = torch.randn(400_000, 3, dtype=torch.float64, generator=g)
    z = reparameterised(mean, log_variance, epsilon)
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    ratio = (q.log_prob(z) - torch.distributions.Normal(0.0, 1.0).log_prob(z)).sum(dim=1)
    error = ratio.std() / len(ratio) ** 0.5
    assert abs(kl_to_prior(mean, log_variance).item() - ratio.mean()) < 4 * error


def test_the_kl_and_its_gradient_equal_a_loop_and_torchs_own() -> None:
    mean, log_variance = random(4, 3, seed=1), random(4, 3, seed=2)
    naive = torch.zeros((), dtype=torch.float64)
    for n in range(4):
        for j in range(3):
            m, v = mean[n, j], torch.exp(log_variance[n, j])
            naive = naive + (m * m + v - torch.log(v) - 1) / 2
    assert_equal_to_loop(kl_to_prior(mean, log_variance).sum(), naive, (mean, log_variance))
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    torch_kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(kl_to_prior(mean, log_variance), torch_kl)


def test_the_distortion_is_the_negative_log_density_without_its_constant() -> None:
    predicted, x = random(3, 2, 4, 4, seed=1), random(3, 2, 4, 4, seed=2)
    density = torch.distributions.Normal(predicted, 1.0).log_prob(x).flatten(1).sum(dim=1)
    torch.testing.assert_close(distortion(predicted, x), -density - 32 / 2 * math.log(2 * math.pi))
    naive = sum((a - b) ** 2 / 2 for a, b in zip(predicted.flatten(), x.flatten(), strict=True))
    assert_equal_to_loop(distortion(predicted, x).sum(), naive, (predicted, x))


def test_the_loss_is_the_negative_bound_a_number_and_its_terms_add_up() -> None:
    for beta in (0.0, 1.0, 4.0):
        objective, backbone = learner(VAE, beta=beta)
        step = objective(make_views(VAE.spec.needs, 6), backbone)
        numbers = 3 * SIZE_PX**2
        wanted = (step.terms["distortion"] + beta * step.terms["rate"]) / numbers
        assert step.loss.item() == pytest.approx(wanted.item(), rel=1e-5)
        bound = -step.terms["distortion"] - step.terms["rate"] - numbers / 2 * math.log(2 * math.pi)
        assert step.terms["elbo"].item() == pytest.approx(bound.item(), rel=1e-5)


def test_the_bound_lies_below_the_log_density_of_a_model_that_can_be_integrated() -> None:
    """x = z + noise with z ~ N(0, 1): log p(x) = log N(x; 0, 2), which the bound reaches with the true posterior."""
    x, g = torch.tensor([[[[1.3]]]], dtype=torch.float64), torch.Generator().manual_seed(0)
    truth = stats.norm(0, math.sqrt(2)).logpdf(1.3)
    for mean, variance, tight in ((0.65, 0.5, True), (0.0, 1.0, False), (1.3, 0.1, False)):
        parameters = [torch.tensor([[value]], dtype=torch.float64) for value in (mean, math.log(variance))]
        z = reparameterised(*parameters, torch.randn(400_000, 1, dtype=torch.float64, generator=g))
        spent = distortion(z[:, :, None, None], x).mean() + kl_to_prior(*parameters).mean()
        bound = -spent.item() - 0.5 * math.log(2 * math.pi)
        assert bound <= truth + 0.005
        assert (bound > truth - 0.005) == tight


def test_the_gradient_of_a_draw_reaches_mean_and_variance_as_in_a_finite_difference() -> None:
    mean, log_variance, epsilon = random(2, 3, seed=1), random(2, 3, seed=2), random(2, 3, seed=3).detach()
    assert torch.autograd.gradcheck(reparameterised, (mean, log_variance, epsilon))


def test_a_seed_decides_the_noise_of_the_code() -> None:
    objective, backbone = learner(VAE)
    with torch.no_grad():  # an untrained decoder hardly looks at the code
        objective.decoder.colours.weight.mul_(100)
    views, losses = make_views(VAE.spec.needs, 6), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        losses.append(objective(views, backbone).loss.item())
    assert losses[0] == losses[1] != losses[2]


def test_units_whose_mean_does_not_move_are_not_active() -> None:
    mean = torch.stack([torch.linspace(-1, 1, 9), torch.full((9,), 3.0), torch.linspace(0, 0.2, 9)], dim=1)
    assert active_units(mean) == 1


def test_a_large_beta_empties_the_code_and_beta_0_fills_it() -> None:
    views, rates = make_views(VAE.spec.needs, 16, painted=True), []
    for beta in (0.0, 50.0):
        objective, backbone = learner(VAE, 16, beta=beta)
        rates.append(trained(objective, backbone, views)["rate"])
    assert rates[0] > 2
    assert rates[1] < 0.2


def test_a_walk_begins_at_one_code_and_ends_at_the_next() -> None:
    code = torch.randn(3, 5)
    way = walks(code).reshape(3, -1, 5)
    torch.testing.assert_close(way[:, 0], code)
    torch.testing.assert_close(way[:, -1], code.roll(-1, dims=0))
    torch.testing.assert_close(way.diff(dim=1), way.diff(dim=1)[:, :1].expand_as(way.diff(dim=1)))


# -- context encoder ---------------------------------------------------------------------------------------------------


def test_the_region_error_and_its_gradient_equal_a_loop_over_hidden_pixels() -> None:
    predicted, x = random(2, 3, 4, 4, seed=1), random(2, 3, 4, 4, seed=2)
    region = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(0)) < 0.4
    squares = [(predicted[n, c, i, j] - x[n, c, i, j]) ** 2 for n, i, j in region.nonzero().tolist() for c in range(3)]
    assert_equal_to_loop(masked_mean(pixel_error(predicted, x), region), sum(squares) / len(squares), (predicted, x))


def test_a_batch_in_which_nothing_is_hidden_costs_nothing() -> None:
    nowhere = torch.zeros(2, 4, 4, dtype=torch.bool)
    assert masked_mean(pixel_error(torch.ones(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)), nowhere) == 0


def hidden_changed(views: Views) -> Views:
    """The same pictures with other pixels where they are hidden."""
    region = views.targets["region"][:, :, None]
    picture = torch.where(region, views.targets["picture"] + 2, views.targets["picture"])
    return Views(views.branches, views.index, None, {**views.targets, "picture": picture})


@pytest.mark.parametrize("weight", [0.0, 0.01])
def test_hidden_pixels_change_the_loss_and_not_what_the_encoder_gives(weight: float) -> None:
    objective, backbone = learner(ContextEncoder, adversarial=weight)
    views = make_views(ContextEncoder.spec.needs, 6)
    before, after = (objective(given, backbone) for given in (views, hidden_changed(views)))
    assert torch.equal(before.embedding, after.embedding)
    assert not torch.equal(before.loss, after.loss)
    torch.testing.assert_close(before.terms["visible_error"], after.terms["visible_error"])


def test_without_a_weight_there_is_no_discriminator_and_with_one_the_loss_is_the_weighted_sum() -> None:
    views = make_views(ContextEncoder.spec.needs, 6)
    plain, backbone = learner(ContextEncoder)
    error = plain(views, backbone).loss.item()
    assert plain.critic is None
    game, backbone = learner(ContextEncoder, adversarial=0.25)
    step = game(views, backbone)
    assert any(name.startswith("critic") for name, _ in game.named_parameters())
    assert step.terms["region_error"].item() == pytest.approx(error)
    assert step.loss.item() == pytest.approx(0.75 * error + 0.25 * 3 * math.log(2), rel=0.05)
    assert ContextEncoder.spec.chance.value({"adversarial": 0.25}) == pytest.approx(0.75 + 0.75 * math.log(2))


def test_with_a_discriminator_all_weights_have_gradients() -> None:
    objective, backbone = learner(ContextEncoder, adversarial=0.01)
    objective(make_views(ContextEncoder.spec.needs, 6), backbone).loss.backward()
    named = [*backbone.named_parameters(), *objective.named_parameters()]
    assert [name for name, p in named if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_the_discriminator_sees_the_true_picture_around_what_is_painted() -> None:
    objective, backbone = learner(ContextEncoder, adversarial=0.01)
    views, judged = make_views(ContextEncoder.spec.needs, 6), []
    objective.critic.register_forward_pre_hook(lambda module, inputs: judged.append(inputs[0]))
    objective(views, backbone)
    whole, region = views.targets["picture"][0], views.targets["region"][0][:, None].expand(-1, 3, -1, -1)
    real, *painted = judged
    assert len(painted) == 2
    assert torch.equal(real, whole)
    for picture in painted:
        assert torch.equal(picture[~region], whole[~region])
        assert not (picture[region] == whole[region]).any()


def test_figures_of_a_hole_show_it_grey_and_paste_the_painting_into_it() -> None:
    objective, backbone = make_learner(ContextEncoder, 11)
    views = make_views(ContextEncoder.spec.needs, 11)
    picture, seen, guess, pasted = objective.figures(views, backbone)["inpaintings"].transpose(1, 0, 2, 3, 4)
    hidden = views.targets["region"][0][:8].numpy()
    assert (seen[hidden] == 0.5).all()
    assert np.array_equal(seen[~hidden], picture[~hidden])
    assert np.array_equal(pasted[hidden], guess[hidden])
    assert np.array_equal(pasted[~hidden], picture[~hidden])


def test_the_preset_hides_rectangles_of_at_most_a_quarter() -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 32, 32), dtype=np.uint8)
    pipeline = compile_views(PRESETS["context-encoder-cifar"], 3, 32, 32, (0.5,) * 3, (0.25,) * 3)
    views = pipeline(Samples({"image": images}, None, np.arange(40)), (0, 0), torch.device("cpu"))
    share = views.targets["region"][0].float().mean(dim=(1, 2))
    assert share.max() <= 0.25
    assert share.mean() > 0.15
    hidden = views.targets["region"][0][:, None].expand(-1, 3, -1, -1)
    assert (views.inputs[0][hidden] == 0).all()
    assert torch.equal(views.inputs[0][~hidden], views.targets["picture"][0][~hidden])


def test_a_recipe_without_a_hole_says_which_operation_makes_one() -> None:
    document = {"objective": {"id": "context_encoder"}, "views": {"preset": "supervised-cifar"}}
    problems = check({**document, "data": {"id": "cifar10"}}, full_catalogue())
    assert any("region_mask" in problem.message for problem in problems)


# -- all of them -------------------------------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("samples", [2, 3, 11])
def test_pictures_are_in_range_and_at_most_eight_rows(kind: type[Objective], samples: int) -> None:
    objective, backbone = make_learner(kind, samples)
    figures = objective.figures(make_views(kind.spec.needs, samples), backbone)
    assert set(figures) == {figure.name for figure in kind.spec.figures}
    for figure in kind.spec.figures:
        rows = figures[figure.name]
        assert rows.shape[2:] == (SIZE_PX, SIZE_PX, 3)
        assert len(rows) == (8 if figure.name == "samples" else min(samples, 8))
        assert rows.shape[1] == (len(figure.columns) or 8)
        assert 0 <= rows.min() <= rows.max() <= 1


@each
def test_figures_are_the_same_every_time(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, 6)
    views = make_views(kind.spec.needs, 6)
    first = objective.figures(views, backbone)
    torch.rand(5)
    second = objective.figures(views, backbone)
    assert all(np.array_equal(first[name], second[name]) for name in first)


@each
def test_views_of_an_odd_side_are_painted_in_that_size(kind: type[Objective]) -> None:
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), 21)
    objective = kind(kind.Config(), Facts(backbone.width, 0, 1000, 4, size=21))
    x, region = torch.randn(4, 3, 21, 21), torch.zeros(1, 4, 21, 21, dtype=torch.bool)
    region[:, :, 5:12, 3:9] = True
    views = Views({"A": (x,)}, torch.arange(4), None, {"region": region, "picture": x[None]})
    assert objective(views, backbone).loss.isfinite()
    assert all(rows.shape[2] == 21 for rows in objective.figures(views, backbone).values())


@each
def test_a_recipe_with_its_preset_is_sound(kind: type[Objective]) -> None:
    document = {"objective": {"id": kind.spec.id}, "views": {"preset": kind.spec.views_preset}}
    assert check({**document, "data": {"id": "cifar10"}}, full_catalogue()) == ()


def test_stretching_moves_the_span_of_the_real_picture_to_0_and_1_and_cuts_off_the_rest() -> None:
    x = torch.tensor([[[[-2.0, 2.0]]], [[[5.0, 5.0]]]])
    wanted = torch.tensor([[[[0.0, 1.0]]], [[[0.0, 0.0]]]])
    assert torch.equal(stretched(x, span_of_each(x)), wanted)
    assert torch.equal(stretched(x[:1] * 3, span_of_each(x[:1])), wanted[:1])
    assert [part.item() for part in span_of_all(x)] == [1.5, 3.5]


def test_rows_and_grids_put_pictures_where_they_belong() -> None:
    a, b = torch.zeros(3, 3, 2, 2), torch.ones(3, 3, 2, 2)
    rows = rows_of([a, b])
    assert rows.shape == (3, 2, 2, 2, 3)
    assert (rows[:, 0] == 0).all()
    assert (rows[:, 1] == 1).all()
    grid = grid_of(torch.arange(6.0)[:, None, None, None].expand(6, 3, 2, 2), 3)
    assert np.array_equal(grid[:, :, 0, 0, 0], [[0, 1, 2], [3, 4, 5]])
