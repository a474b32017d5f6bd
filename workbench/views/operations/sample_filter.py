"""What filters share whose samples know nothing of each other: choosing rows, threads, bounded memory."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.views.cpu import Workers
from workbench.views.operations.base import Filter, Values

Array = NDArray[Any]

# A chunk is a twelfth of the batch, for temporaries of a dozen times its size, but not so small that launches dominate.
_CHUNKS = 12
_SMALLEST_CHUNK = 2**20


class SampleFilter(Filter):
    """A filter that changes each sample by itself.

    On a device the applied samples are worked on in chunks, so that whatever a filter needs beside its input and its
    output stays smaller than either.
    """

    @abstractmethod
    def change(self, x: Array, rows: Array, values: Values) -> None:
        """Change the named rows of x (N, 3, H, W) in place; `values` are theirs alone, in their order."""

    @abstractmethod
    def changed(self, x: Tensor, values: Values) -> Tensor:
        """The same for x (M, 3, H, W), whose rows are all changed; x may be overwritten."""

    def on_cpu(self, x: NDArray[np.float32], values: Values, applied: NDArray[np.bool_], workers: Workers) -> None:
        rows = np.flatnonzero(applied)

        def work(start: int, stop: int) -> None:
            chosen = rows[start:stop]
            self.change(x, chosen, _rows_of(values, chosen))

        workers.spread(len(rows), work)

    def on_device(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        rows = np.flatnonzero(applied)
        out = x.clone()
        chunk = max(-(-len(rows) // _CHUNKS), _SMALLEST_CHUNK // max(1, x[:1].numel()), 1)
        for start in range(0, len(rows), chunk):
            chosen = rows[start : start + chunk]
            index = torch.from_numpy(chosen).to(x.device)
            out.index_copy_(0, index, self.changed(x[index], _rows_of(values, chosen)))
        return out


def per_sample(numbers: Array, x: Tensor) -> Tensor:
    """One number a sample, (M,), as float32 (M, 1, 1, 1) beside x."""
    return torch.from_numpy(numbers.astype(np.float32)).to(x.device)[:, None, None, None]


def _rows_of(values: Values, rows: Array) -> Values:
    return {name: value[rows] for name, value in values.items()}
