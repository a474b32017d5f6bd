"""Whether an embedding is alive: its spread, its rank, and what contrastive losses trade off.

Shapes: z_ND features, N samples by D dimensions; every function returns a scalar on the device of its input.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-7
PAIR_ROWS = 256
"""Samples that alignment and uniformity are measured on while training: 32,640 pairs give the mean well enough for a
curve. On one core at 256 dimensions they take 1 ms, the pairs of 2048 samples 200 ms."""

RANK_ROWS = 256
"""Features that the effective rank is measured on while training. It takes a decomposition whose side is the smaller of
rows and dimensions: at 512 dimensions 4 ms on one core, where all rows of 256 samples seen twice take 24 ms."""


def health(embedding_MD: Tensor, samples: int) -> dict[str, Tensor]:
    """The health of one batch of features, as scalars on their device.

    Parameters
    ----------
    embedding_MD : features of all views, one view of the whole batch after another
    samples : N, the samples in the batch

    Returns
    -------
    `embedding_std` and `effective_rank`; from two samples on `uniformity` of the first view, because a picture's views
    are no independent samples; with two views of each sample or more `alignment` of the first two.
    """
    z_MD = embedding_MD.float()
    measured = {"embedding_std": embedding_std(z_MD), "effective_rank": effective_rank(z_MD[:RANK_ROWS])}
    rows = min(samples, PAIR_ROWS)
    if 2 <= samples <= len(z_MD):
        measured["uniformity"] = uniformity(z_MD[:rows])
    if len(z_MD) >= 2 * samples and len(z_MD) % samples == 0:
        measured["alignment"] = alignment(z_MD[:rows], z_MD[samples : samples + rows])
    return measured


def embedding_std(z_ND: Tensor) -> Tensor:
    """Spread of the directions of features: 1 when they are isotropic, 0 when all point the same way.

    The standard deviation of each dimension of the L2-normalised features, averaged and multiplied by sqrt(D), because
    directions spread evenly over the sphere have 1 / sqrt(D) in each dimension (Chen & He: Exploring Simple Siamese
    Representation Learning, CVPR 2021, section 4.1). ReLU features, which are never negative, stay below about 0.7.
    """
    directions_ND = F.normalize(z_ND.float(), dim=1)
    return directions_ND.std(dim=0, correction=0).mean() * math.sqrt(z_ND.shape[1])


def effective_rank(z_ND: Tensor) -> Tensor:
    """RankMe: over how many dimensions the features spread, from 1 to min(N, D).

    exp of the entropy of the singular values as shares of their sum (Garrido et al.: RankMe, ICML 2023, equation 2).
    Like there, features are not centred: a common offset counts as one strong dimension. N must exceed D several times
    for the figure to speak of the encoder rather than of the sample.
    """
    shares_K = _singular_values(z_ND)
    shares_K = shares_K / shares_K.sum().clamp(min=EPSILON) + EPSILON
    return torch.exp(-(shares_K * shares_K.log()).sum()).to(torch.float32)


def alignment(x_ND: Tensor, y_ND: Tensor) -> Tensor:
    """Mean squared distance between the normalised features of positive pairs, in [0, 4]; lower is closer.

    Wang & Isola: Understanding Contrastive Representation Learning through Alignment and Uniformity (ICML 2020),
    section 4.1 with alpha = 2.
    """
    difference_ND = F.normalize(x_ND.float(), dim=1) - F.normalize(y_ND.float(), dim=1)
    return difference_ND.square().sum(dim=1).mean()


def uniformity(z_ND: Tensor) -> Tensor:
    """Logarithm of the mean Gaussian potential between all pairs, in [-8, 0]; lower is more evenly spread.

    Wang & Isola (ICML 2020), section 4.1 with t = 2. Needs at least two samples.
    """
    squared_P = torch.pdist(F.normalize(z_ND.float(), dim=1)).square()
    return squared_P.mul(-2).exp().mean().log()


def _singular_values(z_ND: Tensor) -> Tensor:
    """Singular values from the smaller Gram matrix: many times faster than a decomposition of all N rows.

    In float64, where squaring costs only values below a hundred-millionth of the largest; where the device has none
    (MPS), in float32.
    """
    z_ND = z_ND.to(torch.float32 if z_ND.device.type == "mps" else torch.float64)
    gram_KK = z_ND @ z_ND.T if z_ND.shape[0] < z_ND.shape[1] else z_ND.T @ z_ND
    squared_K: Tensor = torch.linalg.eigvalsh(gram_KK)
    return squared_K.clamp(min=0).sqrt()
