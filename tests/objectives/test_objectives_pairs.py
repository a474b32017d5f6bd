"""SupCon and the triplet loss: double loops, labels that are missing, negatives that are chosen."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from objectives_batches import make_learner, make_views
from torch import Tensor

from workbench.core.errors import RecipeError
from workbench.objectives.base import Facts
from workbench.objectives.vision.baseline.supcon import SupCon, label_terms, same_label, supervised_contrast
from workbench.objectives.vision.contrastive.simclr import nt_xent, pairing
from workbench.objectives.vision.contrastive.triplet import (
    Mining,
    Triplet,
    energies,
    energy_spread,
    triplet_hinges,
)


def unit(rows: int, width: int = 4, seed: int = 0) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(rows, width, generator=g, dtype=torch.float64), dim=1)


def supcon(sim: Tensor, labels: list[int], temperature: float) -> Tensor:
    own, partner = pairing(len(labels), 0, len(labels), sim.device)
    both = torch.tensor(labels).repeat(2)
    return supervised_contrast(sim, own, same_label(both, both, own, partner), temperature).mean()


def loop_supcon(sim: Tensor, labels: list[int], temperature: float) -> Tensor:
    """Equation 2 of the paper, one pair after another."""
    samples, count = len(labels), 2 * len(labels)
    total = torch.zeros((), dtype=torch.float64)
    for i in range(count):
        label = labels[i % samples]
        positives = [
            p
            for p in range(count)
            if p != i and (p % samples == i % samples or (label >= 0 and labels[p % samples] == label))
        ]
        partition = sum(torch.exp(sim[i, a] / temperature) for a in range(count) if a != i)
        terms = [torch.log(torch.exp(sim[i, p] / temperature) / partition) for p in positives]
        total = total - sum(terms) / len(positives)
    return total / count


@pytest.mark.parametrize("labels", [[0, 1, 0, 2], [1, 1, 1], [-1, 0, -1, 0], [-1, -1]])
@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_supcon_equals_a_double_loop_in_value_and_gradient(labels: list[int], temperature: float) -> None:
    z = unit(2 * len(labels))
    sim = (z @ z.T).requires_grad_()
    ours, naive = supcon(sim, labels, temperature), loop_supcon(sim, labels, temperature)
    torch.testing.assert_close(ours, naive, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(*(torch.autograd.grad(v, sim)[0] for v in (ours, naive)), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [-1, -1, -1, -1]])
def test_supcon_without_shared_labels_is_the_loss_of_simclr(labels: list[int]) -> None:
    z = unit(8)
    own, partner = pairing(4, 0, 4, z.device)
    torch.testing.assert_close(supcon(z @ z.T, labels, 0.2), nt_xent(z @ z.T, own, partner, 0.2).mean())


def test_supcon_of_equal_similarities_is_its_chance_level() -> None:
    assert supcon(torch.ones(12, 12), [0, 1, 0, 1, 2, 2], 0.1).item() == pytest.approx(math.log(11), rel=1e-5)


def test_oneself_has_no_influence_on_supcon() -> None:
    z = unit(6)
    changed = z @ z.T + 3 * torch.eye(6, dtype=torch.float64)
    torch.testing.assert_close(supcon(changed, [0, 0, 1], 0.3), supcon(z @ z.T, [0, 0, 1], 0.3))


def test_supcon_terms_tell_classes_apart() -> None:
    sim = torch.tensor([[1.0, 0.1, 0.8, 0.2], [0.1, 1.0, 0.3, 0.2], [0.8, 0.3, 1.0, 0.4], [0.2, 0.2, 0.4, 1.0]])
    own, partner = pairing(2, 0, 2, sim.device)
    labels = torch.tensor([0, 1]).repeat(2)
    terms = label_terms(sim, own, same_label(labels, labels, own, partner))
    assert terms["positive_similarity"].item() == pytest.approx((0.8 + 0.2) / 2)
    assert terms["negative_similarity"].item() == pytest.approx((0.1 + 0.2 + 0.3 + 0.4) / 4)
    assert terms["contrastive_accuracy"].item() == pytest.approx(0.5)


def test_supcon_refuses_data_without_labels() -> None:
    with pytest.raises(RecipeError, match="labels"):
        SupCon(SupCon.Config(), Facts(8, 0, 100, 16))


def loop_triplet(energy: Tensor, margin: float, mining: Mining) -> Tensor:
    count = len(energy)
    half, total = count // 2, torch.zeros((), dtype=torch.float64)
    for a in range(count):
        p = (a + half) % count
        others = [n for n in range(count) if n not in (a, p)]
        farther = [n for n in others if energy[a, n] > energy[a, p]]
        chosen = others
        if mining == "hardest":
            chosen = [min(others, key=lambda n, a=a: float(energy[a, n].detach()))]
        if mining == "semi-hard":
            nearest = min(farther, key=lambda n, a=a: float(energy[a, n].detach())) if farther else None
            chosen = [max(others, key=lambda n, a=a: float(energy[a, n].detach())) if nearest is None else nearest]
        hinges = [torch.clamp(energy[a, p] - energy[a, n] + margin, min=0) for n in chosen]
        total = total + sum(hinges) / len(hinges)
    return total / count


@pytest.mark.parametrize("mining", ["hardest", "semi-hard", "all"])
@pytest.mark.parametrize("samples", [2, 3, 6])
def test_the_triplet_loss_equals_a_double_loop_in_value_and_gradient(mining: Mining, samples: int) -> None:
    z = unit(2 * samples, seed=samples)
    energy = (2 - 2 * z @ z.T).requires_grad_()
    own, partner = pairing(samples, 0, samples, z.device)
    ours = triplet_hinges(energy, own, partner, 0.5, mining).mean()
    naive = loop_triplet(energy, 0.5, mining)
    torch.testing.assert_close(ours, naive, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(*(torch.autograd.grad(v, energy)[0] for v in (ours, naive)), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("mining", ["hardest", "semi-hard", "all"])
def test_a_collapsed_space_costs_the_margin(mining: Mining) -> None:
    own, partner = pairing(4, 0, 4, torch.device("cpu"))
    assert triplet_hinges(torch.zeros(8, 8), own, partner, 0.7, mining).tolist() == pytest.approx([0.7] * 8)


@pytest.mark.parametrize("mining", ["hardest", "semi-hard", "all"])
def test_negatives_a_margin_away_cost_nothing(mining: Mining) -> None:
    z = torch.eye(4).repeat(2, 1)
    own, partner = pairing(4, 0, 4, z.device)
    assert triplet_hinges(energies(z, z), own, partner, 1.9, mining).tolist() == [0] * 8


def test_energies_are_squared_distances() -> None:
    a, b = unit(5).float(), unit(3, seed=1).float()
    torch.testing.assert_close(energies(a, b), torch.cdist(a, b) ** 2, rtol=1e-4, atol=1e-5)


def test_the_spread_of_energies_is_a_share_in_every_step() -> None:
    spread = energy_spread(np.array([0.0, 0.05, 3.99, 4.0]))
    assert spread[0] == pytest.approx(0.5)
    assert spread[-1] == pytest.approx(0.5)
    assert len(spread) == 40


def test_figures_show_at_most_32_samples() -> None:
    objective, backbone = make_learner(Triplet, 48)
    figures = objective.figures(make_views(Triplet.spec.needs, 48), backbone)
    assert figures["energy"].shape == (32, 32)
    assert figures["energies"].sum(axis=1) == pytest.approx([1, 1])


def test_the_figure_of_supcon_puts_samples_in_the_order_of_labels() -> None:
    objective, backbone = make_learner(SupCon, 12)
    views = make_views(SupCon.spec.needs, 12)
    given = objective.figures(views, backbone)["similarity"]
    order = views.labels.argsort(stable=True)
    arranged = type(views)({"A": tuple(view[order] for view in views.inputs)}, views.index[order], views.labels[order])
    np.testing.assert_allclose(given, objective.figures(arranged, backbone)["similarity"], atol=1e-5)
