"""Batches that are spread over several processes."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_gather


def spread() -> bool:
    """Whether several processes train together."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def rank() -> int:
    """Which of them this is, 0 when alone."""
    return dist.get_rank() if spread() else 0


def gather(rows_ND: Tensor) -> Tensor:
    """The rows of all processes in order of rank, (W * N, D), with gradients that flow back to where they came from.

    The backward pass sums what every process's loss asks of a row. If each process's loss is the mean over its own
    rows, the mean of the gradients over processes equals the gradient of the mean over all rows. Every process must
    bring the same number of rows.
    """
    return torch.cat(all_gather(rows_ND)) if spread() else rows_ND  # type: ignore[no-untyped-call]
