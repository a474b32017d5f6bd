"""Second-order statistics of a batch of projections: what redundancy reduction shapes, measures and shows.

Shapes: N samples, P projections; everything is computed in float32 (float64 stays), also under autocast.
"""

from __future__ import annotations

import torch
from torch import Tensor

from workbench.plugins.specs import FigureSpec, MetricSpec

SHOWN_DIMENSIONS = 64

PROJECTION_STD = MetricSpec(
    name="projection_std",
    title="Spread of the projections",
    better="higher",
    description="standard deviation over the batch, mean over dimensions; 0 is a collapse",
)
OFF_DIAGONAL = MetricSpec(
    name="off_diagonal",
    title="Off-diagonal correlation",
    better="lower",
    description="root mean square of the correlations between different dimensions; 0 is no redundancy",
)
COVARIANCE = FigureSpec(
    name="covariance",
    title="Covariance of the projections",
    kind="matrix",
    x="dimension",
    y="dimension",
    value="covariance",
    description="covariance between the first 64 dimensions over the batch, first view",
)


def full_precision(z: Tensor) -> Tensor:
    """At least float32."""
    return z if z.dtype == torch.float64 else z.float()


def covariance(z_NP: Tensor) -> Tensor:
    """The unbiased covariance of the dimensions, (P, P); needs two samples."""
    centred_NP = z_NP - z_NP.mean(dim=0)
    return centred_NP.T @ centred_NP / (len(z_NP) - 1)


def standardised(z_NP: Tensor, eps: float = 1e-5) -> Tensor:
    """Every dimension shifted to mean 0 and scaled to standard deviation 1 over the batch, biased as in BatchNorm."""
    centred_NP = z_NP - z_NP.mean(dim=0)
    return centred_NP * torch.rsqrt(centred_NP.square().mean(dim=0) + eps)


def cross_correlation(first_NP: Tensor, second_NP: Tensor) -> Tensor:
    """Correlation of every dimension of one view (row) with every one of the other (column), (P, P) in [-1, 1]."""
    return standardised(first_NP).T @ standardised(second_NP) / len(first_NP)


def off_diagonal_energy(matrix_PP: Tensor) -> Tensor:
    """The sum of the squares of all elements beside the diagonal, a scalar."""
    return (matrix_PP - torch.diag(matrix_PP.diagonal())).square().sum()


@torch.no_grad()
def spread_terms(z_NP: Tensor) -> dict[str, Tensor]:
    """The values of `PROJECTION_STD` and `OFF_DIAGONAL`."""
    width = z_NP.shape[1]
    energy = off_diagonal_energy(cross_correlation(z_NP, z_NP))
    return {
        "projection_std": z_NP.std(dim=0).mean(),
        "off_diagonal": (energy / max(width * (width - 1), 1)).sqrt(),
    }
