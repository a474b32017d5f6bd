"""The loss terms of redundancy reduction against loops over scalars, against lightly's, and at their limits."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
import torch
from torch import Tensor

from workbench.objectives.statistics import covariance, cross_correlation, spread_terms
from workbench.objectives.vision.redundancy.barlow_twins import BarlowTwins, BarlowTwinsConfig, correlation_loss
from workbench.objectives.vision.redundancy.sigreg import (
    epps_pulley,
    unit_directions,
    view_distance,
)
from workbench.objectives.vision.redundancy.vicreg import covariance_penalty, variance_hinge, vicreg_parts
from workbench.objectives.vision.redundancy.w_mse import cosine_distance, whitened, whitened_by_parts


def two_views(samples: int, width: int, seed: int = 0) -> list[Tensor]:
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(samples, width, generator=g, dtype=torch.float64, requires_grad=True) for _ in range(2)]


def check_against(ours: Tensor, naive: Tensor, inputs: list[Tensor]) -> None:
    """Values and gradients are equal to float64 digits."""
    torch.testing.assert_close(ours, naive, rtol=1e-9, atol=1e-11)
    for got, wanted in zip(torch.autograd.grad(ours, inputs), torch.autograd.grad(naive, inputs), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-7, atol=1e-10)


def mean(values: list[Tensor]) -> Tensor:
    return sum(values, torch.zeros((), dtype=torch.float64)) / len(values)


def loop_barlow(first: Tensor, second: Tensor, weight: float) -> Tensor:
    """Equation 1 of the paper, one correlation after another."""
    samples, width = first.shape

    def column(z: Tensor, i: int) -> list[Tensor]:
        values = [z[n, i] for n in range(samples)]
        middle = mean(values)
        spread = (mean([(v - middle) ** 2 for v in values]) + 1e-5) ** 0.5
        return [(v - middle) / spread for v in values]

    total = torch.zeros((), dtype=torch.float64)
    for i in range(width):
        for j in range(width):
            c = mean([a * b for a, b in zip(column(first, i), column(second, j), strict=True)])
            total = total + ((1 - c) ** 2 if i == j else weight * c**2)
    return total


def loop_covariance(z: Tensor, i: int, j: int) -> Tensor:
    samples = len(z)
    left, right = ([z[n, k] for n in range(samples)] for k in (i, j))
    products = [(a - mean(left)) * (b - mean(right)) for a, b in zip(left, right, strict=True)]
    return mean(products) * samples / (samples - 1)


def loop_vicreg(first: Tensor, second: Tensor) -> dict[str, Tensor]:
    """Section 4.1 of the paper with the authors' factors, one scalar after another."""
    samples, width = first.shape
    squares = [(first[n, i] - second[n, i]) ** 2 for n in range(samples) for i in range(width)]
    hinges, squared = [], []
    for z in (first, second):
        hinges += [(1 - (loop_covariance(z, i, i) + 1e-4) ** 0.5).clamp(min=0) for i in range(width)]
        squared += [loop_covariance(z, i, j) ** 2 for i in range(width) for j in range(width) if i != j]
    return {
        "invariance": mean(squares),
        "variance": mean(hinges),
        "covariance": sum(squared, torch.zeros((), dtype=torch.float64)) / width,
    }


def loop_whitened(v: Tensor) -> Tensor:
    """Gram-Schmidt on the centred columns: what multiplying with the inverse Cholesky factor amounts to."""
    samples, width = v.shape
    columns: list[Tensor] = []
    for i in range(width):
        column = v[:, i] - v[:, i].mean()
        for done in columns:
            column = column - (column * done).sum() / (samples - 1) * done
        columns.append(column / ((column**2).sum() / (samples - 1)) ** 0.5)
    return torch.stack(columns, dim=1)


def loop_epps_pulley(x: Tensor, farthest: float, knots: int) -> Tensor:
    """The statistic over the whole symmetric interval, by complex numbers and the trapezoidal rule written out."""
    step = farthest / (knots - 1)
    total = torch.zeros((), dtype=torch.float64)
    for k in range(-(knots - 1), knots):
        t = k * step
        seen = sum(torch.exp(1j * t * value) for value in x) / len(x)
        share = 0.5 if abs(k) == knots - 1 else 1.0
        total = total + share * step * (seen - math.exp(-(t**2) / 2)).abs() ** 2 * math.exp(-(t**2) / 2)
    return len(x) * total


@pytest.mark.parametrize("weight", [0.005, 0.5])
def test_barlow_twins_equals_a_double_loop(weight: float) -> None:
    views = two_views(6, 4)
    check_against(sum(correlation_loss(cross_correlation(*views), weight)), loop_barlow(*views, weight), views)


@pytest.mark.parametrize("part", ["invariance", "variance", "covariance"])
def test_vicreg_terms_equal_a_double_loop(part: str) -> None:
    views = two_views(5, 4)
    with torch.no_grad():
        views[0][:, 0] *= 0.2
    check_against(vicreg_parts(*views)[part], loop_vicreg(*views)[part], views)


def test_whitening_equals_gram_schmidt() -> None:
    views = two_views(9, 4)
    ours, naive = ([white(v) for v in views] for white in (lambda v: whitened(v, 1e-14), loop_whitened))
    check_against(cosine_distance(*ours), cosine_distance(*naive), views)
    torch.testing.assert_close(ours, naive, rtol=1e-8, atol=1e-9)


def test_the_epps_pulley_statistic_equals_the_integral_of_complex_numbers() -> None:
    x = two_views(7, 3)[0]
    naive = torch.stack([loop_epps_pulley(x[:, column], 3.0, 17) for column in range(3)])
    check_against(epps_pulley(x, 3.0, 17).sum(), naive.sum(), [x])


def test_the_view_distance_equals_a_double_loop() -> None:
    z = torch.randn(3, 4, 2, dtype=torch.float64)
    centre = (z[0] + z[1]) / 2
    squares = [(z[v, n, i] - centre[n, i]) ** 2 for v in range(3) for n in range(4) for i in range(2)]
    torch.testing.assert_close(view_distance(z, [0, 1]), mean(squares))


def test_equal_white_views_reach_the_optimum_of_barlow_twins() -> None:
    white = whitened(torch.randn(64, 8, dtype=torch.float64), 1e-14)
    invariance, redundancy = correlation_loss(cross_correlation(white, white), 1.0)
    assert invariance + redundancy == pytest.approx(0, abs=1e-8)


def test_lambda_multiplies_the_off_diagonal_sum_and_nothing_else() -> None:
    correlation = torch.rand(5, 5, dtype=torch.float64)
    beside = sum(float(correlation[i, j]) ** 2 for i in range(5) for j in range(5) if i != j)
    (low, first), (high, second) = correlation_loss(correlation, 0.01), correlation_loss(correlation, 1.01)
    assert torch.equal(low, high)
    assert float(second - first) == pytest.approx(beside)


def test_constant_views_cost_barlow_twins_as_much_as_no_agreement() -> None:
    invariance, redundancy = correlation_loss(cross_correlation(torch.ones(8, 6), torch.ones(8, 6)), 0.01)
    assert (invariance.item(), redundancy.item()) == (6, 0)


def test_unrelated_views_cost_barlow_twins_the_chance_level() -> None:
    width, samples, weight = 24, 32, 0.1
    g = torch.Generator().manual_seed(0)
    pairs = [torch.randn(2, samples, width, generator=g) for _ in range(100)]
    losses = [sum(correlation_loss(cross_correlation(*pair), weight)) for pair in pairs]
    names = {**BarlowTwinsConfig().model_dump(), "batch_size": samples, "output": width, "redundancy_weight": weight}
    assert BarlowTwins.spec.chance is not None
    assert float(torch.stack(losses).mean()) == pytest.approx(BarlowTwins.spec.chance.value(names), rel=0.02)


def test_a_constant_projection_has_a_variance_term_of_099_and_a_finite_gradient() -> None:
    z = torch.ones(8, 4, dtype=torch.float64, requires_grad=True)
    term = variance_hinge(z)
    assert term.item() == pytest.approx(0.99)
    assert torch.autograd.grad(term, z)[0].isfinite().all()


def test_a_wide_white_projection_costs_vicreg_nothing() -> None:
    white = 1.1 * whitened(torch.randn(64, 8, dtype=torch.float64), 1e-14)
    assert all(part.item() == pytest.approx(0, abs=1e-12) for part in vicreg_parts(white, white).values())


def test_the_covariance_penalty_ignores_where_the_batch_lies() -> None:
    z = torch.randn(16, 4, dtype=torch.float64)
    torch.testing.assert_close(covariance_penalty(z + 100), covariance_penalty(z))


def test_whitened_vectors_have_the_identity_as_covariance_whatever_their_scale() -> None:
    mixed = torch.randn(200, 8, dtype=torch.float64) @ torch.randn(8, 8, dtype=torch.float64)
    for scale in (1e-4, 1.0, 1e4):
        white = whitened(scale * mixed + 3, 1e-10)
        torch.testing.assert_close(covariance(white), torch.eye(8, dtype=torch.float64), rtol=0, atol=1e-5)


def test_equal_views_cost_w_mse_0_and_unrelated_ones_2() -> None:
    first, second = (whitened(view.detach(), 1e-3) for view in two_views(2000, 16))
    assert cosine_distance(first, first).item() == pytest.approx(0, abs=1e-9)
    assert cosine_distance(first, second).item() == pytest.approx(2, abs=0.05)


def test_a_collapse_costs_w_mse_2_and_is_finite() -> None:
    v = torch.ones(16, 4, requires_grad=True)
    loss = cosine_distance(whitened(v, 1e-3), whitened(v, 1e-3))
    assert loss.item() == pytest.approx(2)
    assert torch.autograd.grad(loss, v)[0].isfinite().all()


def test_more_dimensions_than_samples_are_whitened_to_finite_numbers() -> None:
    v = torch.randn(4, 32, requires_grad=True)
    white = whitened(v, 1e-3)
    assert white.isfinite().all()
    assert torch.autograd.grad(white.square().sum(), v)[0].isfinite().all()


@pytest.mark.parametrize(("samples", "parts"), [(48, [48]), (256, [128, 128]), (300, [150, 150])])
def test_sub_batches_are_whitened_each_by_itself(samples: int, parts: list[int]) -> None:
    v = torch.randn(samples, 4, dtype=torch.float64)
    pieces = [whitened(piece, 1e-3) for piece in v.split(parts)]
    torch.testing.assert_close(whitened_by_parts(v, 128, 1e-3), torch.cat(pieces))


def test_a_gaussian_sample_has_the_expected_statistic_whatever_its_size() -> None:
    wanted = math.sqrt(2 * math.pi) - math.sqrt(2 * math.pi / 3)
    for samples in (50, 1000):
        x = torch.randn(samples, 500, generator=torch.Generator().manual_seed(3))
        assert epps_pulley(x, 5.0, 33).mean().item() == pytest.approx(wanted, rel=0.08)


def test_a_collapse_costs_041_a_sample() -> None:
    share = math.sqrt(2 * math.pi) - 2 * math.sqrt(math.pi) + math.sqrt(2 * math.pi / 3)
    assert epps_pulley(torch.zeros(100, 3), 5.0, 65).tolist() == pytest.approx([100 * share] * 3, rel=1e-3)


@pytest.mark.parametrize("change", ["shift", "narrow", "wide", "two peaks"])
def test_whatever_is_not_the_gaussian_costs_more(change: str) -> None:
    x = torch.randn(500, 50, generator=torch.Generator().manual_seed(1))
    changed = {"shift": x + 1, "narrow": x / 3, "wide": 3 * x, "two peaks": x.sign() * 0.98 + 0.2 * x}[change]
    assert epps_pulley(changed, 3.0, 17).mean() > 10 * epps_pulley(x, 3.0, 17).mean()


def test_a_plane_in_space_is_seen_from_random_directions() -> None:
    g = torch.Generator().manual_seed(2)
    z = torch.randn(400, 16, generator=g)
    flat = torch.cat([z[:, :8], torch.zeros(400, 8)], dim=1)
    torch.manual_seed(0)
    directions = unit_directions(16, 128)
    assert epps_pulley(flat @ directions, 3.0, 17).mean() > 3 * epps_pulley(z @ directions, 3.0, 17).mean()


def test_spread_terms_are_0_at_collapse_and_know_equal_dimensions() -> None:
    assert spread_terms(torch.ones(8, 4)) == {"projection_std": torch.tensor(0.0), "off_diagonal": torch.tensor(0.0)}
    line = torch.randn(50, 1).expand(50, 4)
    assert spread_terms(line)["off_diagonal"].item() == pytest.approx(1, abs=1e-3)


def test_barlow_twins_and_vicreg_equal_those_of_lightly() -> None:
    loss = pytest.importorskip("lightly.loss")
    views = two_views(16, 8)
    ours = sum(correlation_loss(cross_correlation(*views), 0.02))
    torch.testing.assert_close(ours, loss.BarlowTwinsLoss(0.02)(*views), rtol=1e-6, atol=1e-8)
    parts = vicreg_parts(*views)
    ours = 25 * parts["invariance"] + 25 * parts["variance"] + parts["covariance"]
    torch.testing.assert_close(ours, loss.VICRegLoss()(*views))


def test_w_mse_equals_that_of_lightly() -> None:
    peer = pytest.importorskip("lightly.loss.wmse_loss")
    views = [view.detach() for view in two_views(32, 8)] + [two_views(32, 8, seed=1)[0].detach()]
    theirs = peer.WMSELoss(embedding_dim=8, w_size=32, num_samples=3, track_running_stats=False)(torch.cat(views))
    white = [whitened(view, 1e-14) for view in views]
    ours = torch.stack([cosine_distance(a, b) for a, b in combinations(white, 2)]).mean()
    torch.testing.assert_close(ours, theirs, check_dtype=False)


def test_lejepa_equals_that_of_lightly() -> None:
    peer = pytest.importorskip("lightly.loss.lejepa_loss")
    z = torch.randn(4, 12, 6)
    torch.manual_seed(7)
    theirs = peer.LeJEPALoss(0.1, sigreg_num_vectors=20)(global_proj=z[:2], local_proj=z[2:])
    torch.manual_seed(7)
    directions = unit_directions(6, 20)
    statistic = torch.stack([epps_pulley(view @ directions, 3.0, 17).mean() for view in z]).mean()
    torch.testing.assert_close(0.9 * view_distance(z, [0, 1]) + 0.1 * statistic, theirs)
