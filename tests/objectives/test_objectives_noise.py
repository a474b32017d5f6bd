"""Noise inside objectives: dealt by sample, drawn from the right generator."""

from __future__ import annotations

import pytest
import torch

from workbench.objectives.noise import figure_generator, normal, uniform

both = pytest.mark.parametrize("draw", [normal, uniform])


@both
def test_a_shuffled_batch_has_its_noise_shuffled_alike(draw) -> None:
    index, order = torch.tensor([7, 3, 40, 12, 0]), torch.tensor([3, 1, 4, 0, 2])
    torch.manual_seed(1)
    before = draw(index, 4)
    torch.manual_seed(1)
    assert torch.equal(draw(index[order], 4), before[order])


@both
def test_samples_do_not_share_their_noise(draw) -> None:
    rows = draw(torch.arange(6), 3)
    assert len(rows.unique(dim=0)) == 6


@both
def test_training_draws_from_the_global_generator_which_checkpoints_keep(draw) -> None:
    torch.manual_seed(5)
    first, state = draw(torch.arange(3), 2), torch.get_rng_state()
    second = draw(torch.arange(3), 2)
    assert not torch.equal(first, second)
    torch.set_rng_state(state)
    assert torch.equal(draw(torch.arange(3), 2), second)


@both
def test_figures_draw_the_same_every_time_and_leave_the_global_generator_alone(draw) -> None:
    state = torch.get_rng_state()
    drawn = [draw(torch.arange(3), 2, generator=figure_generator()) for _ in range(2)]
    assert torch.equal(*drawn)
    assert torch.equal(torch.get_rng_state(), state)


def test_normal_numbers_have_mean_0_and_variance_1_and_uniform_ones_lie_between_0_and_1() -> None:
    numbers = normal(torch.arange(1000), 100)
    assert numbers.mean().item() == pytest.approx(0, abs=0.02)
    assert numbers.var().item() == pytest.approx(1, abs=0.02)
    shares = uniform(torch.arange(1000), 100)
    assert shares.mean().item() == pytest.approx(0.5, abs=0.01)
    assert 0 <= shares.min() < shares.max() < 1
