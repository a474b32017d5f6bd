"""Views of several sizes, and pictures of what a prototype stands for.

Shapes: V views of N samples, A of them of the largest side, D features, K prototypes
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workbench.models.base import Backbone
from workbench.objectives.multi_crop import features, largest
from workbench.objectives.pictures import stretched


def encode(inputs: Sequence[Tensor], backbone: Backbone) -> tuple[Tensor, int]:
    """Features of views of any sizes.

    Returns
    -------
    h_VND : features, the largest views first, otherwise in the order given
    assigning : A, how many views have the largest side
    """
    ordered = sorted(inputs, key=lambda view: view.shape[-1], reverse=True)
    return torch.stack(features(ordered, backbone)), len(largest(ordered))


def shares_K(choice: Tensor, prototypes: int) -> Tensor:
    """Which share of the choices fell on each prototype, (K,); choices below 0 are left out.

    Counts by adding and not by `bincount`, which would make a GPU wait.
    """
    known = (choice >= 0).flatten()
    counts_K = torch.zeros(prototypes, device=choice.device)
    counts_K.index_add_(0, choice.flatten().clamp(min=0), known.float())
    return counts_K / counts_K.sum().clamp(min=1)


def entropy(p: Tensor) -> Tensor:
    """Entropy over the last dimension as a share of the most it can be: 0 for one choice, 1 for a uniform one."""
    uniform = torch.log(torch.tensor(float(p.shape[-1]), device=p.device))
    total: Tensor = -torch.special.xlogy(p, p).sum(dim=-1)
    return total / uniform


def nearest_pictures(pictures_N3SS: Tensor, scores_NK: Tensor, prototypes: int, count: int) -> Tensor:
    """The pictures with the highest score for each of the most used prototypes.

    Parameters
    ----------
    prototypes, count : at most so many rows, and pictures in each

    Returns
    -------
    (rows, count, S, S, 3) in [0, 1], each picture stretched to its own range
    """
    rows = min(prototypes, scores_NK.shape[1])
    used_R = shares_K(scores_NK.argmax(dim=1), scores_NK.shape[1]).topk(rows).indices
    best_CR = scores_NK[:, used_R].topk(min(count, len(scores_NK)), dim=0).indices
    return stretched(pictures_N3SS)[best_CR.T].movedim(2, -1)
