"""A momentum teacher: a slow copy of a network that follows it and is never trained itself."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn


class Teacher(nn.Module):
    """A copy of a network whose weights are the moving average of the network's.

    Only weights are averaged. Running statistics of normalisations are the copy's own: it sees its batches in training
    mode, as in the code of MoCo and BYOL.

    Attributes
    ----------
    net : the copy; called through the teacher, without gradients
    """

    def __init__(self, student: nn.Module) -> None:
        super().__init__()
        self.net = copy.deepcopy(student).requires_grad_(False)

    @torch.no_grad()
    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """What the copy gives, without a gradient."""
        out: torch.Tensor = self.net(*inputs)
        return out

    @torch.no_grad()
    def follow(self, student: nn.Module, momentum: float) -> None:
        """Keep `momentum` of the old weights and take the rest from the student: 1 keeps all, 0 copies."""
        for own, other in zip(self.net.parameters(), student.parameters(), strict=True):
            own.lerp_(other.detach(), 1 - momentum)


def rising_momentum(start: float, progress: float) -> float:
    """From `start` to 1 along half a cosine over the run (Grill et al. 2020, section 3.2).

    `progress` is the done share of the run in [0, 1].
    """
    return 1 - (1 - start) * (math.cos(math.pi * progress) + 1) / 2
