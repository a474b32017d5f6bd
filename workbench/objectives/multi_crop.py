"""Views of several sizes: which of them are the large ones, their features, and what each has to predict.

Shapes: V views of N samples, G of them give targets, D features, K classes or prototypes
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workbench.models.base import Backbone


def largest(inputs: Sequence[Tensor]) -> list[int]:
    """Which views have the largest side."""
    side = max(view.shape[-1] for view in inputs)
    return [place for place, view in enumerate(inputs) if view.shape[-1] == side]


def features(inputs: Sequence[Tensor], backbone: Backbone) -> list[Tensor]:
    """The encoder's features, (N, D) a view; views of one size pass it as one batch.

    Caron et al.: Unsupervised Learning of Visual Features by Contrasting Cluster Assignments (2020), section 3.3.
    """
    found: dict[int, Tensor] = {}
    for size in dict.fromkeys(view.shape[-1] for view in inputs):
        places = [place for place, view in enumerate(inputs) if view.shape[-1] == size]
        h_MD = backbone(torch.cat([inputs[place] for place in places]))
        found.update(zip(places, h_MD.chunk(len(places)), strict=True))
    return [found[place] for place in range(len(inputs))]


def between_views(target_GNK: Tensor, log_p_VNK: Tensor, own_G: Sequence[int]) -> Tensor:
    """Cross-entropy of every view's prediction with the targets that the other views gave.

    The targets of a view are summed before they meet its prediction, so that V products are taken and not G (V - 1). A
    matrix product over all samples and classes at once would add up in one long row, in which float32 loses the small
    terms (0.03 % of the loss at 256 x 1024), and in half precision under autocast.

    Parameters
    ----------
    target_GNK : probabilities, without a gradient
    log_p_VNK : log-probabilities of all views
    own_G : the place among all views of the view that gave each target, which does not predict it

    Returns
    -------
    (N,) at or above 0: the mean over G (V - 1) pairs of a sample's views; ln K where all predictions are uniform.
    """
    views = len(log_p_VNK)
    asked_VNK = target_GNK.sum(dim=0).repeat(views, 1, 1)
    for target_NK, own in zip(target_GNK, own_G, strict=True):
        asked_VNK[own] -= target_NK
    cross_VN = -(asked_VNK * log_p_VNK).sum(dim=2)
    return cross_VN.sum(dim=0) / (len(target_GNK) * (views - 1))
