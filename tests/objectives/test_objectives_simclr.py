"""NT-Xent against a double loop, and what it must not do."""

from __future__ import annotations

import math

import pytest
import torch
from objectives_batches import make_learner, make_views
from torch import Tensor

from workbench.objectives.vision.contrastive.simclr import SimCLR, normalised, nt_xent, pairing, similarity_terms


def loop_nt_xent(z1: list[list[Tensor]], z2: list[list[Tensor]], temperature: float) -> Tensor:
    """Equation 1 of the paper, one pair of scalars after another, in float64."""
    rows = z1 + z2
    count, half = len(rows), len(z1)

    def cosine(i: int, j: int) -> Tensor:
        dot = sum(a * b for a, b in zip(rows[i], rows[j], strict=True))
        lengths = [sum(a * a for a in rows[r]) ** 0.5 for r in (i, j)]
        return dot / (lengths[0] * lengths[1])

    total = torch.zeros((), dtype=torch.float64)
    for i in range(count):
        denominator = sum(torch.exp(cosine(i, k) / temperature) for k in range(count) if k != i)
        total = total - torch.log(torch.exp(cosine(i, (i + half) % count) / temperature) / denominator)
    return total / count


def loss_of(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    z = torch.nn.functional.normalize(torch.cat([z1, z2]), dim=1)
    own, partner = pairing(len(z1), 0, len(z1), z.device)
    return nt_xent(z @ z.T, own, partner, temperature).mean()


@pytest.mark.parametrize("samples", [2, 3, 5])
@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_value_and_gradient_equal_a_double_loop(samples: int, temperature: float) -> None:
    torch.manual_seed(samples)
    z1, z2 = (torch.randn(samples, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    loss = loss_of(z1, z2, temperature)
    naive = loop_nt_xent([list(row) for row in z1], [list(row) for row in z2], temperature)
    torch.testing.assert_close(loss, naive, rtol=1e-10, atol=1e-12)
    for ours, wanted in zip(torch.autograd.grad(loss, (z1, z2)), torch.autograd.grad(naive, (z1, z2)), strict=True):
        torch.testing.assert_close(ours, wanted, rtol=1e-8, atol=1e-10)


def test_the_self_pair_has_no_gradient_and_no_influence() -> None:
    sim = torch.rand(8, 8, dtype=torch.float64, requires_grad=True)
    own, partner = pairing(4, 0, 4, sim.device)
    loss = nt_xent(sim, own, partner, 0.1).mean()
    (gradient,) = torch.autograd.grad(loss, sim)
    assert torch.equal(gradient.diagonal(), torch.zeros(8, dtype=torch.float64))
    assert (gradient - torch.diag(gradient.diagonal()) != 0).sum() == 8 * 7
    changed = sim.detach() + torch.eye(8) * 5
    assert torch.equal(nt_xent(changed, own, partner, 0.1).mean(), loss)


def test_equal_similarities_give_the_chance_level() -> None:
    own, partner = pairing(6, 0, 6, torch.device("cpu"))
    assert nt_xent(torch.ones(12, 12), own, partner, 0.2).mean().item() == pytest.approx(math.log(11))


def test_perfect_views_of_orthogonal_samples_reach_the_closed_form() -> None:
    z = torch.eye(4)
    wanted = math.log(math.exp(1 / 0.5) + 6) - 1 / 0.5
    assert loss_of(z, z, 0.5).item() == pytest.approx(wanted, rel=1e-6)


def test_swapping_the_views_changes_nothing() -> None:
    z1, z2 = torch.randn(2, 9, 8)
    torch.testing.assert_close(loss_of(z1, z2, 0.2), loss_of(z2, z1, 0.2))


def test_a_small_temperature_stays_finite_from_half_precision_features() -> None:
    z = torch.randn(64, 16, dtype=torch.float16)
    unit = normalised(z)
    own, partner = pairing(32, 0, 32, z.device)
    loss = nt_xent(unit @ unit.T, own, partner, 0.005).mean()
    wide = normalised(z.double())
    assert loss.isfinite()
    torch.testing.assert_close(loss, nt_xent(wide @ wide.T, own, partner, 0.005).mean(), rtol=1e-4, atol=1e-4)


def test_terms_are_the_means_that_their_names_say() -> None:
    sim = torch.tensor([[1.0, 0.1, 0.8, 0.2], [0.1, 1.0, 0.3, 0.2], [0.8, 0.3, 1.0, 0.4], [0.2, 0.2, 0.4, 1.0]])
    own, partner = pairing(2, 0, 2, sim.device)
    terms = similarity_terms(sim, own, partner)
    assert terms["positive_similarity"].item() == pytest.approx((0.8 + 0.2) / 2)
    assert terms["negative_similarity"].item() == pytest.approx((0.1 + 0.2 + 0.3 + 0.4) / 4)
    assert terms["contrastive_accuracy"].item() == pytest.approx(0.5)


def test_pairs_of_a_later_process_stand_at_its_place() -> None:
    own, partner = pairing(2, 4, 6, torch.device("cpu"))
    assert own.tolist() == [4, 5, 10, 11]
    assert partner.tolist() == [10, 11, 4, 5]


@pytest.mark.parametrize(("samples", "shown"), [(5, 10), (48, 64)])
def test_the_similarity_figure_shows_at_most_32_samples(samples: int, shown: int) -> None:
    objective, backbone = make_learner(SimCLR, samples)
    figure = objective.figures(make_views(SimCLR.spec.needs, samples), backbone)["similarity"]
    assert figure.shape == (shown, shown)
    assert figure.diagonal() == pytest.approx(1.0, abs=1e-5)
    assert abs(figure).max() <= 1 + 1e-5
