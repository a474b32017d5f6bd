"""Arrays that more than one objective shows."""

from __future__ import annotations

import torch
from torch import Tensor

SHOWN_SAMPLES = 32
"""How many samples of a batch a matrix shows."""


def confusion_KK(truth_N: Tensor, guess_N: Tensor, classes: int) -> Tensor:
    """Shares of each true class (row) that were taken for each class (column).

    Rows sum to 1; a class that does not occur has a row of zeros. Samples with a negative truth are left out.
    """
    known = truth_N >= 0
    cells = truth_N[known] * classes + guess_N[known]
    counts = torch.bincount(cells, minlength=classes * classes).reshape(classes, classes).float()
    return counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
