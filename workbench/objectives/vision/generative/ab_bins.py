"""Colour as one of Q classes: bins of the ab plane, soft labels, rebalancing, and back to a colour.

Zhang, Isola, Efros: Colorful Image Colorization (ECCV 2016), sections 2.1 to 2.3. Squared errors of a and b are least
at the mean of all plausible colours, which is grey; a distribution over bins can say "red or blue".

The bins are those squares of side 10 in the ab plane to which some colour of sRGB belongs. We find 261 by rounding a
dense cube of sRGB; the list that comes with the authors' code holds 313 and so some that no sRGB pixel can reach.

Shapes: M pixels, Q bins, K nearest bins of a pixel; ab in units of Lab (a, b within [-110, 110])
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

from workbench.objectives.distributed import gather
from workbench.views.lab import COLOUR_SCALE, lab_of

GRID = 10.0
BINS = 261
NEIGHBOURS = 5
SOFTNESS = 5.0

_CUBE = 65
_REACH = 12  # squares to either side of grey: covers 110 units and what lies beyond
_SLOWEST = 0.01
_RAREST = 1e-3  # of a uniform share: what a bin that was never seen counts as


@cache
def gamut_bins() -> Tensor:
    """Centres of the bins that hold a colour of sRGB, float32 (Q, 2), rising in a, then in b."""
    ramp = torch.linspace(0, 1, _CUBE)
    cube_M3 = torch.cartesian_prod(ramp, ramp, ramp)
    ab_M2 = lab_of(cube_M3[:, :, None, None])[:, 1:, 0, 0] * COLOUR_SCALE
    bins_Q2: Tensor = torch.unique((ab_M2 / GRID).round(), dim=0) * GRID
    return bins_Q2


def soft_labels(ab_M2: Tensor, bins_Q2: Tensor) -> tuple[Tensor, Tensor]:
    """The five nearest bins of each colour, nearest first, and their shares (section 2.2, "soft-encoding").

    Shares fall off with the distance as a normal density of deviation 5 and sum to 1.

    Returns
    -------
    nearest_MK : int64, places among the bins
    share_MK : above 0
    """
    with torch.autocast(ab_M2.device.type, enabled=False):
        square_MQ = (ab_M2[:, :1] - bins_Q2[:, 0]).square() + (ab_M2[:, 1:] - bins_Q2[:, 1]).square()
    square_MK, nearest_MK = square_MQ.topk(NEIGHBOURS, dim=1, largest=False)
    return nearest_MK, torch.softmax(-square_MK / (2 * SOFTNESS**2), dim=1)


def bin_cross_entropy(logits_MQ: Tensor, nearest_MK: Tensor, share_MK: Tensor, importance_Q: Tensor) -> Tensor:
    """Cross-entropy of each pixel with its soft label, times the importance of the nearest bin (equation 2).

    (M,) at or above 0; ln Q where all logits are equal and all importances 1.
    """
    chosen_M = (share_MK * logits_MQ.gather(1, nearest_MK)).sum(dim=1)
    return importance_Q[nearest_MK[:, 0]] * (logits_MQ.logsumexp(dim=1) - chosen_M)


def importance(prior_Q: Tensor, strength: float) -> Tensor:
    """Weights of the bins that make rare colours count as much as common ones (equation 4).

    The inverse of the prior mixed with a uniform one, scaled so that the mean over pixels is 1. The paper's lambda is
    1 - strength: strength 0 weighs all bins alike, 1 takes the plain inverse, the paper 1/2.
    """
    mixed_Q = strength * prior_Q + (1 - strength) / len(prior_Q)
    weight_Q = 1 / mixed_Q.clamp_min(_RAREST / len(prior_Q))
    return weight_Q / (prior_Q * weight_Q).sum()


def annealed_mean(logits_NChw: Tensor, bins_Q2: Tensor, temperature: float) -> Tensor:
    """The colour of each place, (N, 2, h, w): the mean of the distribution sharpened by T (equation 5).

    T = 1 gives the mean, which is dull; T towards 0 the most likely bin, which is lively and spotty.
    """
    sharpened = torch.softmax(logits_NChw / temperature, dim=1)
    return torch.einsum("nchw,cd->ndhw", sharpened, bins_Q2)


def bins_used(ab_M2: Tensor) -> Tensor:
    """The share of the bins in which some of these colours fall, a scalar in [0, 1]."""
    side = 2 * _REACH + 1
    place_M2 = (ab_M2 / GRID).round().long().clamp(-_REACH, _REACH) + _REACH
    hit = torch.zeros(side * side, device=ab_M2.device)
    hit = hit.scatter(0, place_M2[:, 0] * side + place_M2[:, 1], 1.0)
    return (hit.sum() / BINS).clamp(max=1.0)


class BinPrior(nn.Module):
    """How common each bin is in the data, learned while training.

    The paper takes the share of each bin in ImageNet and smooths it with a normal density of deviation 5; here it is
    the mean soft label, which that density smooths as well, of the steps so far: of all at first, of about the last
    100 later. Before the first step all bins are alike.
    """

    share: Tensor
    steps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("share", torch.full((BINS,), 1 / BINS))
        self.register_buffer("steps", torch.zeros(()))
        self._noted_Q: Tensor | None = None

    @torch.no_grad()
    def note(self, nearest_MK: Tensor, share_MK: Tensor) -> None:
        """Remember a batch's colours until `update`."""
        counts = torch.zeros_like(self.share).scatter_add(0, nearest_MK.flatten(), share_MK.flatten())
        self._noted_Q = counts / len(nearest_MK)

    @torch.no_grad()
    def update(self) -> None:
        """Take in what was noted, by every process."""
        if self._noted_Q is None:
            return
        everywhere_Q = gather(self._noted_Q[None]).mean(dim=0)
        self.steps += 1
        self.share.lerp_(everywhere_Q, (1 / self.steps).clamp(min=_SLOWEST))
        self._noted_Q = None
