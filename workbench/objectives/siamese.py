"""What objectives without negatives share: how far outputs are spread, and how well they agree.

Shapes: M outputs of P numbers each
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.plugins.specs import FigureSpec, MetricSpec

EPSILON = 1e-12

OUTPUT_STD = MetricSpec(
    name="output_std",
    title="Output spread",
    better="higher",
    description="standard deviation of the normalised projections times the root of their width; 0 is collapse",
)
OUTPUT_DIMENSIONS = MetricSpec(
    name="output_dimensions",
    title="Output dimensions",
    better="higher",
    description="over how many directions the normalised projections vary; few of many is a partial collapse",
)
AGREEMENT = FigureSpec(
    name="agreement",
    title="Predictions and targets",
    kind="matrix",
    x="target",
    y="prediction",
    value="cosine",
    positives="diagonal",
    description="cosine of each prediction (row) with each target (column); all bright is collapse",
)
SPREAD = FigureSpec(
    name="spread",
    title="Spread of the projections",
    kind="bars",
    x="principal direction",
    y="share of the variance",
    description="variance of the normalised projections along their principal directions, as shares of it all",
)


def cosine_M(a_MP: Tensor, b_MP: Tensor) -> Tensor:
    """Cosines row by row, (M,) in [-1, 1], with at least float32's digits."""
    a_MP, b_MP = (x if x.dtype == torch.float64 else x.float() for x in (a_MP, b_MP))
    return (F.normalize(a_MP, dim=1) * F.normalize(b_MP, dim=1)).sum(dim=1)


def output_std(z_MP: Tensor) -> Tensor:
    """Spread of the directions of outputs: 1 when they are isotropic, 0 when all point the same way.

    Chen, He: Exploring Simple Siamese Representation Learning (CVPR 2021), section 4.1, times sqrt(P).
    """
    directions_MP = F.normalize(z_MP.float(), dim=1)
    return directions_MP.std(dim=0, correction=0).mean() * math.sqrt(z_MP.shape[1])


def output_dimensions(z_MP: Tensor) -> Tensor:
    """Over how many dimensions the directions of outputs vary: the participation ratio of their covariance.

    (sum l)^2 / sum l^2 over the eigenvalues l, which needs no decomposition: from 1, all on a line, to P. Outputs that
    a normalisation spreads by force can only collapse in this sense.
    """
    covariance_PP = _covariance_PP(z_MP)
    return covariance_PP.trace().square() / covariance_PP.square().sum().clamp(min=EPSILON)


def spread_P(z_MP: Tensor) -> Tensor:
    """Variance of the directions of outputs along their principal directions, largest first, as shares of the sum."""
    variances_P: Tensor = torch.linalg.eigvalsh(_covariance_PP(z_MP)).flip(0).clamp(min=0)
    return variances_P / variances_P.sum().clamp(min=EPSILON)


def shown_agreement(prediction_NP: Tensor, target_NP: Tensor) -> NDArray[np.float32]:
    """Cosines of at most 32 predictions (rows) with the targets of the same samples (columns)."""
    rows, columns = (F.normalize(x[:SHOWN_SAMPLES].float(), dim=1) for x in (prediction_NP, target_NP))
    shown: NDArray[np.float32] = (rows @ columns.T).cpu().numpy()
    return shown


def _covariance_PP(z_MP: Tensor) -> Tensor:
    with torch.autocast(z_MP.device.type, enabled=False):
        directions_MP = F.normalize(z_MP.float(), dim=1)
        centred_MP = directions_MP - directions_MP.mean(dim=0)
        return centred_MP.T @ centred_MP / len(z_MP)
