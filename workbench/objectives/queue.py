"""A first-in, first-out store of past embeddings: negatives, neighbours or targets for the batches that follow."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Queue(nn.Module):
    """K unit vectors, the oldest replaced first; begins with random directions.

    Attributes
    ----------
    rows : the vectors, (K, P)
    age : (K,), how many pushes ago each was stored; -1 for the random ones of the beginning
    """

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.register_buffer("rows", F.normalize(torch.randn(length, width), dim=1))
        self.register_buffer("age", torch.full((length,), -1, dtype=torch.int64))
        self.register_buffer("next", torch.zeros((), dtype=torch.int64))

    rows: Tensor
    age: Tensor
    next: Tensor

    @torch.no_grad()
    def push(self, rows_NP: Tensor) -> None:
        """Store these vectors (of length 1) in the place of the oldest; of more than K the last K are kept."""
        length = len(self.rows)
        rows_NP = rows_NP.detach()[-length:].to(self.rows.dtype)
        place_N = (self.next + torch.arange(len(rows_NP), device=self.next.device)) % length
        self.age += (self.age >= 0).long()
        self.rows[place_N] = rows_NP
        self.age[place_N] = 0
        self.next.copy_((self.next + len(rows_NP)) % length)

    def filled(self) -> Tensor:
        """The share of the places that hold real vectors, a scalar in [0, 1]."""
        return (self.age >= 0).float().mean()

    def mean_age(self) -> Tensor:
        """How many pushes ago the real vectors were stored, on average; 0 while there are none."""
        return self._mean(self.age.float())

    def drift(self, momentum: float) -> Tensor:
        """How much of the network that made the oldest vectors is gone from the one that made the newest, on average.

        A teacher that keeps the share m of its weights in every step keeps m^a of them in a steps, so that the share
        1 - m^a was replaced since a vector of age a was stored (from He et al., CVPR 2020, equation 2).

        Parameters
        ----------
        momentum : m, in [0, 1]

        Returns
        -------
        Scalar in [0, 1], the mean over the real vectors; 0 while there are none.
        """
        return self._mean(1 - momentum ** self.age.clamp(min=0).float())

    def _mean(self, value_K: Tensor) -> Tensor:
        real_K = (self.age >= 0).float()
        return (value_K * real_K).sum() / real_K.sum().clamp(min=1)
