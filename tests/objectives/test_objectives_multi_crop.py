"""The cross-entropy between views of several sizes: its digits. That it equals a loop stands with DINO and SwAV."""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.objectives.multi_crop import between_views


def sharp_targets_and_guesses(samples: int, classes: int) -> tuple[Tensor, Tensor]:
    """Two views' targets with most of their numbers tiny, and the log-probabilities of six views."""
    torch.manual_seed(0)
    return (8 * torch.randn(2, samples, classes)).softmax(dim=2), torch.randn(6, samples, classes).log_softmax(dim=2)


def test_many_small_probabilities_are_not_lost_in_a_large_sum() -> None:
    target, log_p = sharp_targets_and_guesses(256, 1024)
    exact = between_views(target.double(), log_p.double(), [0, 1]).mean()
    torch.testing.assert_close(between_views(target, log_p, [0, 1]).mean().double(), exact, rtol=1e-6, atol=0)


def test_the_loss_keeps_single_precision_under_autocast() -> None:
    target, log_p = sharp_targets_and_guesses(8, 32)
    plain = between_views(target, log_p, [0, 1]).mean()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(between_views(target, log_p, [0, 1]).mean(), plain)


def test_targets_are_left_as_they_were() -> None:
    target, log_p = sharp_targets_and_guesses(8, 32)
    before = target.clone()
    between_views(target, log_p, [0, 1]).mean()
    assert torch.equal(target, before)
