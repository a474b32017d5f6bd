"""Optimisers: who decays, what LARS computes, and states that anyone may open."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from torch import nn

from workbench.core.errors import RecipeError
from workbench.models.build import build_backbone
from workbench.models.heads import mlp
from workbench.models.lars import LARS
from workbench.models.optimisers import OPTIMISERS, build_optimiser
from workbench.recipes.models import Choice

IDS = [entry.spec.id for entry in OPTIMISERS]
each = pytest.mark.parametrize("id_", IDS)


def small_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 5))


def step(net: nn.Module, optimiser: torch.optim.Optimizer, seed: int) -> None:
    x = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    optimiser.zero_grad()
    net(x).square().mean().backward()
    optimiser.step()


@each
def test_biases_and_norms_are_never_decayed(id_: str) -> None:
    net = build_backbone(Choice(id="small_resnet"), 32)
    optimiser = build_optimiser(Choice(id=id_, weight_decay=0.5), net)
    decay = {id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    normalisations = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    exempt = {id(p) for m in normalisations for p in m.parameters()}
    assert exempt
    assert all(decay[id(p)] == (0.0 if id(p) in exempt else 0.5) for p in net.parameters())


@each
def test_every_trainable_parameter_is_in_one_group_and_frozen_ones_in_none(id_: str) -> None:
    net = small_net()
    net[0].weight.requires_grad_(False)
    optimiser = build_optimiser(Choice(id=id_), net)
    members = [id(p) for group in optimiser.param_groups for p in group["params"]]
    assert sorted(members) == sorted(id(p) for p in net.parameters() if p.requires_grad)


def test_lars_leaves_biases_and_norms_unscaled() -> None:
    optimiser = build_optimiser(Choice(id="lars"), small_net())
    assert {group["name"]: group["adapt"] for group in optimiser.param_groups} == {
        "weights": True,
        "biases and norms": False,
    }


def lars_by_hand(w: np.ndarray, gradients: list[np.ndarray], lr: float, m: float, wd: float, trust: float):
    velocity = np.zeros_like(w)
    for g in gradients:
        ratio = trust * np.sqrt((w**2).sum()) / (np.sqrt((g**2).sum()) + wd * np.sqrt((w**2).sum()))
        velocity = m * velocity + ratio * (g + wd * w)
        w = w - lr * velocity
    return w


def test_lars_equals_a_straight_computation() -> None:
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(4, 3)), [rng.normal(size=(4, 3)) for _ in range(5)]
    weight = nn.Parameter(torch.tensor(start))
    optimiser = LARS([weight], lr=0.3, momentum=0.9, weight_decay=0.01, trust=0.02)
    for gradient in gradients:
        weight.grad = torch.tensor(gradient)
        optimiser.step()
    wanted = lars_by_hand(start, gradients, 0.3, 0.9, 0.01, 0.02)
    np.testing.assert_allclose(weight.detach().numpy(), wanted, rtol=1e-12)


def test_lars_without_scaling_is_sgd() -> None:
    nets = small_net(), small_net()
    plain = torch.optim.SGD(nets[0].parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    lars = LARS([{"params": list(nets[1].parameters()), "adapt": False}], lr=0.1, momentum=0.9, weight_decay=0.01)
    for seed in range(4):
        step(nets[0], plain, seed)
        step(nets[1], lars, seed)
    for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_lars_steps_do_not_depend_on_the_scale_of_the_loss() -> None:
    def after(scale: float) -> torch.Tensor:
        weight = nn.Parameter(torch.arange(1.0, 7.0).reshape(2, 3))
        (scale * weight.square().sum()).backward()
        LARS([weight], lr=1.0, trust=0.01).step()
        return weight.detach()

    torch.testing.assert_close(after(1.0), after(1000.0))


def test_lars_moves_a_weight_that_is_all_zero() -> None:
    weight = nn.Parameter(torch.zeros(2, 2))
    weight.grad = torch.ones(2, 2)
    LARS([weight], lr=0.5).step()
    torch.testing.assert_close(weight.detach(), torch.full((2, 2), -0.5))


@each
def test_a_state_loads_with_weights_only_and_goes_on_bit_equal(id_: str) -> None:
    through, resumed = small_net(), small_net()
    first, second = (build_optimiser(Choice(id=id_), net) for net in (through, resumed))
    for seed in range(3):
        step(through, first, seed)
        step(resumed, second, seed)
    buffer = io.BytesIO()
    torch.save(second.state_dict(), buffer)
    buffer.seek(0)
    third = build_optimiser(Choice(id=id_), resumed)
    third.load_state_dict(torch.load(buffer, weights_only=True))
    for seed in range(3, 6):
        step(through, first, seed)
        step(resumed, third, seed)
    assert all(torch.equal(a, b) for a, b in zip(through.parameters(), resumed.parameters(), strict=True))


@each
def test_fifty_steps_lower_a_loss(id_: str) -> None:
    net = small_net()
    x, y = torch.randn(32, 3, 4, 4), torch.randn(32, 5)
    optimiser = build_optimiser(Choice(id=id_), net)
    losses = []
    for _ in range(50):
        optimiser.zero_grad()
        loss = (net(x) - y).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_nesterov_without_momentum_falls_back_to_plain_descent() -> None:
    optimiser = build_optimiser(Choice(id="sgd", nesterov=True, momentum=0.0), small_net())
    assert not optimiser.param_groups[0]["nesterov"]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"lr": 0}, "optimiser.lr"),
        ({"momentum": 1.0}, "optimiser.momentum"),
        ({"learning_rate": 1}, "optimiser.learning_rate"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, float], key: str) -> None:
    with pytest.raises(RecipeError) as caught:
        build_optimiser(Choice(id="sgd", **settings), small_net())
    assert [problem.key for problem in caught.value.problems] == [key]


def test_an_unknown_optimiser_names_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"optimiser\.id.*'adamw'"):
        build_optimiser(Choice(id="adam"), small_net())


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_projector_has_the_layers_and_widths_asked_for(layers: int) -> None:
    head = mlp(8, 16, 4, layers)
    linear = [part for part in head if isinstance(part, nn.Linear)]
    assert len(linear) == layers
    assert head(torch.randn(5, 8)).shape == (5, 4)
    assert all(part.out_features == 16 and part.bias is None for part in linear[:-1])
