"""Two players in one step: each one's parameters get the gradient of its own loss and of nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from objectives_batches import SIZE_PX, make_learner, make_views
from torch import Tensor, nn

from workbench.objectives.adversarial import (
    PictureCritic,
    deceiver_loss,
    discriminator_loss,
    through,
    told_apart,
    verdict,
)
from workbench.objectives.base import Facts, Objective
from workbench.objectives.vision.generative.bigan import BiGAN, BiGANConfig
from workbench.objectives.vision.generative.context_encoder import ContextEncoder, ContextEncoderConfig

Gradients = dict[str, Tensor]


def logits(seed: int) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(9, dtype=torch.float64, generator=g, requires_grad=True)


def naive_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """-mean log D(real) - mean log(1 - D(fake)), D the logistic function, one sample after the other."""
    taken = sum(-torch.log(1 / (1 + torch.exp(-s))) for s in real) / len(real)
    refused = sum(-torch.log(1 - 1 / (1 + torch.exp(-s))) for s in fake) / len(fake)
    return taken + refused


def test_the_discriminators_value_and_gradient_equal_a_loop_over_log_probabilities() -> None:
    real, fake = logits(0), logits(1)
    ours, naive = discriminator_loss(real, fake), naive_discriminator(real, fake)
    torch.testing.assert_close(ours, naive, rtol=1e-12, atol=1e-14)
    gradients = [torch.autograd.grad(value, (real, fake)) for value in (ours, naive)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-14)


def test_the_deceivers_value_and_gradient_equal_a_loop_over_log_probabilities() -> None:
    fake = logits(2)
    ours, naive = deceiver_loss(fake), sum(-torch.log(1 / (1 + torch.exp(-s))) for s in fake) / len(fake)
    torch.testing.assert_close(ours, naive, rtol=1e-12, atol=1e-14)
    gradients = [torch.autograd.grad(value, fake)[0] for value in (ours, naive)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-14)


def test_losses_of_huge_logits_are_finite() -> None:
    far = torch.tensor([1e4])
    assert discriminator_loss(-far, far) == 2e4
    assert deceiver_loss(-far) == 1e4
    assert discriminator_loss(far, -far) == 0


def test_knowing_nothing_costs_the_discriminator_two_ln_2_and_the_deceiver_one() -> None:
    nothing = torch.zeros(5, dtype=torch.float64)
    assert discriminator_loss(nothing, nothing).item() == pytest.approx(2 * math.log(2))
    assert deceiver_loss(nothing).item() == pytest.approx(math.log(2))


def test_a_sure_discriminator_still_leaves_the_deceiver_a_gradient() -> None:
    fake = torch.tensor([-20.0], requires_grad=True)
    deceiver_loss(fake).backward()
    assert fake.grad.item() == pytest.approx(-1, abs=1e-3)


def test_told_apart_counts_both_kinds_alike() -> None:
    assert told_apart(torch.tensor([1.0, 2.0]), torch.tensor([-1.0, 3.0, -2.0, 4.0])) == 0.75


def gradients_of(loss: Tensor, module: nn.Module) -> Gradients:
    named = dict(module.named_parameters())
    found = torch.autograd.grad(loss, list(named.values()), retain_graph=True, allow_unused=True)
    return {name: torch.zeros_like(p) if g is None else g for (name, p), g in zip(named.items(), found, strict=True)}


def assert_same(ours: Gradients, wanted: Gradients) -> None:
    assert ours.keys() == wanted.keys()
    for name, gradient in wanted.items():
        torch.testing.assert_close(ours[name], gradient, rtol=1e-9, atol=1e-13, msg=lambda text, n=name: f"{n}: {text}")


def test_a_call_through_detached_parameters_gives_the_same_value_and_a_gradient_to_its_input_alone() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    detached = through(net, x).sum()
    assert torch.equal(detached, net(x).sum())
    torch.testing.assert_close(
        torch.autograd.grad(detached, x, retain_graph=True), torch.autograd.grad(net(x).sum(), x)
    )
    assert all(not gradient.any() for gradient in gradients_of(detached, net).values())
    assert all(p.requires_grad for p in net.parameters())


def test_in_the_game_of_the_context_encoder_each_player_has_the_gradient_of_its_own_loss() -> None:
    torch.manual_seed(0)
    objective = ContextEncoder(ContextEncoderConfig(adversarial=0.25), Facts(4, 0, 100, 6, size=SIZE_PX)).double()
    critic, decoder = objective.critic, objective.decoder
    whole = torch.randn(6, 3, SIZE_PX, SIZE_PX, dtype=torch.float64)
    painted = decoder(torch.randn(6, 4, dtype=torch.float64))
    game, accuracy = objective._game(painted, whole)
    real, fake = critic(whole), critic(painted)
    assert_same(gradients_of(game, critic), gradients_of(naive_discriminator(real, fake), critic))
    deceiving = -torch.log(torch.sigmoid(fake)).mean()
    assert_same(gradients_of(game, decoder), gradients_of(deceiving, decoder))
    torch.testing.assert_close(game, naive_discriminator(real, fake) + deceiving)
    assert accuracy == told_apart(real, fake)


@pytest.mark.parametrize("unary", [False, True])
def test_in_bigan_encoder_generator_and_discriminator_have_the_gradients_of_their_own_losses(unary: bool) -> None:
    torch.manual_seed(0)
    objective = BiGAN(BiGANConfig(latent=5, unary=unary), Facts(4, 0, 100, 6, size=SIZE_PX)).double()
    x, features = torch.randn(6, 3, SIZE_PX, SIZE_PX).double(), torch.randn(6, 4).double()
    drawn = torch.randn(6, 5).double()
    read, painted = objective.code(features), objective.generator(drawn)
    deceiving = objective._deceive((x, read), (painted, drawn))
    real, fake = objective.critic(x, read), objective.critic(painted, drawn)
    wanted = sum(naive_discriminator(-r, -f) for r, f in zip(real.T, fake.T, strict=True)) / real.shape[1]
    torch.testing.assert_close(deceiving, wanted)
    assert_same(gradients_of(deceiving, objective.code), gradients_of(wanted, objective.code))
    assert_same(gradients_of(deceiving, objective.generator), gradients_of(wanted, objective.generator))
    assert all(not gradient.any() for gradient in gradients_of(deceiving, objective.critic).values())


@pytest.mark.parametrize("unary", [False, True])
def test_a_step_of_bigan_gives_each_side_the_gradient_of_its_own_loss(unary: bool) -> None:
    torch.manual_seed(0)
    _, backbone = make_learner(BiGAN, 6)
    objective = BiGAN(BiGANConfig(latent=5, unary=unary, noise=0.0), Facts(backbone.width, 0, 100, 6, size=SIZE_PX))
    views = make_views(BiGAN.spec.needs, 6)
    torch.manual_seed(3)
    ours = objective(views, backbone).loss
    torch.manual_seed(3)
    drawn = torch.randn(6, 5)
    (x,) = views.inputs
    real, fake = objective.critic(x, objective.code(backbone(x))), objective.critic(objective.generator(drawn), drawn)
    own = sum(naive_discriminator(r, f) for r, f in zip(real.T, fake.T, strict=True))
    swapped = sum(naive_discriminator(-r, -f) for r, f in zip(real.T, fake.T, strict=True))
    torch.testing.assert_close(ours, own + swapped)
    for module, loss in ((objective.critic, own), (objective.generator, swapped), (backbone, swapped)):
        mine, wanted = gradients_of(ours, module), gradients_of(loss, module)
        assert all(torch.allclose(mine[name], wanted[name], rtol=1e-3, atol=1e-6) for name in wanted)


def trained_alone(part: Callable[[Objective], nn.Module], steps: int = 40) -> list[dict[str, float]]:
    """The terms of BiGAN's steps while one player learns and the others stand still."""
    objective, backbone = make_learner(BiGAN, 32)
    views = make_views(BiGAN.spec.needs, 32, painted=True)
    optimiser = torch.optim.Adam(part(objective).parameters(), lr=2e-3)
    seen = []
    for _ in range(steps):
        optimiser.zero_grad()
        step = objective(views, backbone)
        step.loss.backward()
        optimiser.step()
        seen.append({name: value.item() for name, value in step.terms.items()})
    return seen


def test_a_discriminator_that_alone_learns_tells_the_pairs_apart() -> None:
    seen = trained_alone(lambda objective: objective.critic)
    assert seen[-1]["discriminator_loss"] < 0.2 * seen[0]["discriminator_loss"]
    assert seen[-1]["discriminator_accuracy"] == 1


@pytest.mark.parametrize("player", ["generator", "code"])
def test_a_player_that_alone_learns_deceives_a_discriminator_that_does_not(player: str) -> None:
    seen = trained_alone(lambda objective: getattr(objective, player))
    assert seen[-1]["players_loss"] < 0.95 * seen[0]["players_loss"]


def test_the_sum_of_the_game_is_least_in_a_draw() -> None:
    scores = torch.linspace(-3, 3, 13, dtype=torch.float64)
    sums = [discriminator_loss(s[None], s[None]) + deceiver_loss(-s[None]) + deceiver_loss(s[None]) for s in scores]
    assert min(sums) == sums[6]
    assert sums[6].item() == pytest.approx(BiGAN.spec.chance.value({"unary": 0}))


def test_unary_scores_make_three_games_of_one() -> None:
    _, backbone = make_learner(BiGAN, 16)
    torch.manual_seed(0)
    objective = BiGAN(BiGANConfig(unary=True), Facts(backbone.width, 0, 100, 16, size=SIZE_PX))
    loss = objective(make_views(BiGAN.spec.needs, 16), backbone).loss.item()
    assert loss == pytest.approx(BiGAN.spec.chance.value({"unary": 1}), rel=0.05)


@pytest.mark.parametrize("size", [1, 5, 16, 28, 33])
def test_the_critic_takes_pictures_of_any_side(size: int) -> None:
    critic = PictureCritic(3, size, width=4)
    assert critic(torch.randn(2, 3, size, size)).shape == (2, critic.width)


def test_the_critic_judges_each_picture_by_itself() -> None:
    torch.manual_seed(0)
    critic, x = PictureCritic(3, 16, width=4), torch.randn(4, 3, 16, 16)
    torch.testing.assert_close(critic(x)[:1], critic(x[:1]))


def test_an_untrained_verdict_is_nearly_a_draw() -> None:
    torch.manual_seed(0)
    critic = PictureCritic(3, 32, width=16)
    scores = verdict(critic.width)(critic(torch.randn(64, 3, 32, 32)))
    assert scores.abs().max() < 1
