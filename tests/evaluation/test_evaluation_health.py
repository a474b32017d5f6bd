"""Health metrics at their limits and against straight computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from workbench.evaluation.health import (
    PAIR_ROWS,
    RANK_ROWS,
    alignment,
    effective_rank,
    embedding_std,
    health,
    uniformity,
)


def noise(samples: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(samples, width, generator=torch.Generator().manual_seed(seed))


def test_effective_rank_of_one_direction_is_one() -> None:
    z = noise(64, 1) @ noise(1, 16, seed=1)
    assert effective_rank(z).item() == pytest.approx(1, abs=1e-2)


def test_effective_rank_of_isotropic_features_is_their_width() -> None:
    assert effective_rank(noise(5000, 16)).item() == pytest.approx(16, rel=0.02)


@pytest.mark.parametrize("rank", [2, 5])
def test_effective_rank_counts_equal_directions(rank: int) -> None:
    basis = torch.linalg.qr(noise(200, rank))[0]
    assert effective_rank(basis @ torch.eye(rank, 12)).item() == pytest.approx(rank, rel=1e-3)


@pytest.mark.parametrize("shape", [(40, 12), (12, 40)])
def test_effective_rank_equals_the_entropy_of_a_full_decomposition(shape: tuple[int, int]) -> None:
    z = noise(*shape) * torch.logspace(0, -3, shape[1])
    values = np.linalg.svd(z.double().numpy(), compute_uv=False)
    shares = values / values.sum()
    wanted = math.exp(-(shares * np.log(shares)).sum())
    assert effective_rank(z).item() == pytest.approx(wanted, rel=1e-3)


def test_effective_rank_of_nothing_but_zeros_is_finite() -> None:
    assert effective_rank(torch.zeros(8, 4)).isfinite()


def test_embedding_std_is_one_for_isotropic_and_zero_for_collapsed_features() -> None:
    assert embedding_std(noise(5000, 32)).item() == pytest.approx(1, rel=0.02)
    assert embedding_std(torch.ones(100, 32)).item() == pytest.approx(0, abs=1e-6)


def test_embedding_std_does_not_see_the_length_of_features() -> None:
    z = noise(500, 16)
    lengths = torch.rand(500, 1) + 0.1
    torch.testing.assert_close(embedding_std(z), embedding_std(z * lengths))


def test_alignment_is_zero_for_equal_two_for_orthogonal_and_four_for_opposite_pairs() -> None:
    x = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    assert alignment(x, 3 * x).item() == pytest.approx(0)
    assert alignment(x, x.flip(1)).item() == pytest.approx(2)
    assert alignment(x, -x).item() == pytest.approx(4)


def test_uniformity_is_zero_when_collapsed_and_minus_eight_for_opposite_pairs() -> None:
    assert uniformity(torch.ones(10, 4)).item() == pytest.approx(0, abs=1e-5)
    assert uniformity(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])).item() == pytest.approx(-8, rel=1e-5)


def test_uniformity_equals_a_double_loop() -> None:
    z = torch.nn.functional.normalize(noise(7, 3), dim=1).double()
    pairs = [math.exp(-2 * (z[i] - z[j]).square().sum().item()) for i in range(7) for j in range(i)]
    assert uniformity(z).item() == pytest.approx(math.log(sum(pairs) / len(pairs)), rel=1e-5)


def test_health_speaks_of_half_precision_features_too() -> None:
    z = noise(64, 16).half()
    assert all(metric(z).isfinite() for metric in (embedding_std, effective_rank, uniformity))


def test_a_batch_of_two_views_has_their_alignment_and_the_uniformity_of_the_first() -> None:
    first, second = noise(6, 4), noise(6, 4, seed=1)
    measured = health(torch.cat([first, second]), samples=6)
    torch.testing.assert_close(measured["alignment"], alignment(first, second))
    torch.testing.assert_close(measured["uniformity"], uniformity(first))


def test_alignment_equals_a_loop_over_pairs() -> None:
    x, y = (torch.nn.functional.normalize(noise(5, 3, seed=seed), dim=1).double() for seed in (0, 1))
    pairs = [sum((x[i, d] - y[i, d]).item() ** 2 for d in range(3)) for i in range(5)]
    assert alignment(x, y).item() == pytest.approx(sum(pairs) / 5, rel=1e-5)


def test_pairs_are_measured_on_so_many_samples_at_most() -> None:
    first, second = noise(PAIR_ROWS + 50, 4), noise(PAIR_ROWS + 50, 4, seed=1)
    measured = health(torch.cat([first, second]), samples=PAIR_ROWS + 50)
    torch.testing.assert_close(measured["alignment"], alignment(first[:PAIR_ROWS], second[:PAIR_ROWS]))
    torch.testing.assert_close(measured["uniformity"], uniformity(first[:PAIR_ROWS]))


def test_the_effective_rank_is_measured_on_so_many_features_at_most() -> None:
    z = noise(RANK_ROWS + 50, 4)
    torch.testing.assert_close(health(z, len(z))["effective_rank"], effective_rank(z[:RANK_ROWS]))


@pytest.mark.parametrize(
    ("rows", "samples", "names"),
    [
        (6, 6, {"embedding_std", "effective_rank", "uniformity"}),
        (1, 1, {"embedding_std", "effective_rank"}),
        (7, 3, {"embedding_std", "effective_rank", "uniformity"}),
        (3, 6, {"embedding_std", "effective_rank"}),
    ],
    ids=["one view", "one sample", "no whole number of views", "fewer rows than samples"],
)
def test_pairs_are_measured_where_the_batch_has_them(rows: int, samples: int, names: set[str]) -> None:
    assert health(noise(rows, 4), samples).keys() == names
