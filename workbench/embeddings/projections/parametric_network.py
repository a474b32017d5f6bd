"""The network of parametric UMAP, and its training; apart from the projection, because it imports torch.

Legend: N all rows, M rows that have distances, D width, E edges, B edges of a step, C axes.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.embeddings.projections.linear import unit_rows
from workbench.runs.embedding_set import row_blocks

if TYPE_CHECKING:
    from workbench.embeddings.projections.parametric import ParametricConfig

RANDOM_PAIRS = 5
_NEAREST = 1e-3
_BLOCK_ROWS = 16_384


class Encoder(nn.Module):
    """Hidden layers with ReLU from vectors, centred and scaled as a whole, to places."""

    def __init__(self, vectors: NDArray[Any], rows_M: NDArray[np.int64], config: ParametricConfig) -> None:
        """Draws the weights with the seed, He's way; under cosine the network sees unit vectors.

        vectors : (N, D), of which these rows say how far they spread
        """
        super().__init__()
        self._unit = config.metric == "cosine"
        self._mean_D, self._spread = _moments(vectors, rows_M, self._unit)
        generator = torch.Generator().manual_seed(config.seed)
        sizes = [vectors.shape[1], *[config.width] * config.layers]
        self.hidden = nn.ModuleList(_linear(*pair, generator) for pair in pairwise(sizes))
        self.last = _linear(sizes[-1], config.dimensions, generator)

    def seen(self, vectors: NDArray[Any], rows: NDArray[np.int64]) -> Tensor:
        """What the network is given of these rows, float32 (rows, D)."""
        return torch.from_numpy((_wide(vectors, rows, self._unit) - self._mean_D).astype(np.float32) / self._spread)

    def forward(self, seen: Tensor) -> Tensor:
        for layer in self.hidden:
            seen = torch.relu(layer(seen))
        places: Tensor = self.last(seen)
        return places

    @torch.no_grad()
    def places(self, vectors: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Where these rows lie, float32 (rows, C); none may be zero under cosine. Also of vectors it has never seen."""
        places = np.empty((len(rows), self.last.out_features), dtype=np.float32)
        for start in range(0, len(rows), _BLOCK_ROWS):
            block = rows[start : start + _BLOCK_ROWS]
            places[start : start + _BLOCK_ROWS] = self(self.seen(vectors, block)).numpy()
        return places


def train(
    encoder: Encoder,
    vectors: NDArray[Any],
    rows_M: NDArray[np.int64],
    edges: Any,
    curve: tuple[float, float],
    config: ParametricConfig,
    on_step: Callable[[int], None],
) -> None:
    """Train with Adam, its rate falling to zero; the same bits for the same seed on a CPU.

    edges : the fuzzy graph, sparse (M, M) in coordinates
    curve : a and b of the likeness of two places
    on_step : called with the number of each step before it; stops the training by raising
    """
    random = np.random.default_rng(config.seed)
    summed_E = np.cumsum(edges.data, dtype=np.float64)
    optimiser = torch.optim.Adam(encoder.parameters(), lr=config.learning_rate)
    falling = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / config.iterations)
    for step in range(config.iterations):
        on_step(step)
        drawn_B = np.searchsorted(summed_E, random.random(config.batch_size) * summed_E[-1], side="right")
        ends_2B = np.concatenate([edges.row[drawn_B], edges.col[drawn_B]])
        head_BC, tail_BC = encoder(encoder.seen(vectors, rows_M[ends_2B])).chunk(2)
        shifts = random.choice(config.batch_size - 1, min(RANDOM_PAIRS, config.batch_size - 1), replace=False) + 1
        loss = cross_entropy(head_BC, tail_BC, shifts.tolist(), *curve)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()


def cross_entropy(head_BC: Tensor, tail_BC: Tensor, shifts: list[int], a: float, b: float) -> Tensor:
    """UMAP's loss of edges, a mean over them: -log q of their ends, and -log(1 - q) of each head with other tails.

    q = 1 / (1 + a d^(2 b)) of two places at a distance d; a thousandth on the square of d keeps equal places apart.

    shifts : by how many edges on the other tails lie; one a random pair
    """
    loss = torch.log1p(_odds(head_BC, tail_BC, a, b)).mean()
    for shift in shifts:
        odds_B = _odds(head_BC, tail_BC.roll(shift, dims=0), a, b)
        loss = loss + (torch.log1p(odds_B) - torch.log(odds_B)).mean()
    return loss


def _odds(one_BC: Tensor, other_BC: Tensor, a: float, b: float) -> Tensor:
    """(1 - q) / q of pairs of places (B,)."""
    squared_B = (one_BC - other_BC).square().sum(dim=1) + _NEAREST
    return a * squared_B**b


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A layer drawn from its own generator, so that the process's random numbers are left alone."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def _wide(vectors: NDArray[Any], rows: NDArray[np.int64], unit: bool) -> NDArray[np.float64]:
    return unit_rows(vectors, rows) if unit else vectors[rows].astype(np.float64)


def _moments(vectors: NDArray[Any], rows_M: NDArray[np.int64], unit: bool) -> tuple[NDArray[np.float64], float]:
    """The mean (D,) of what the network sees, and the root of the mean square distance of a number from it."""
    width = vectors.shape[1]
    mean_D, squared = np.zeros(width), 0.0
    blocks = row_blocks(len(rows_M), width)
    for rows in blocks:
        mean_D += _wide(vectors, rows_M[rows], unit).sum(axis=0) / len(rows_M)
    for rows in blocks:
        squared += float(np.square(_wide(vectors, rows_M[rows], unit) - mean_D).sum()) / (len(rows_M) * width)
    return mean_D, float(np.sqrt(squared)) or 1.0
