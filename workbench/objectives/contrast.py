"""What contrastive objectives share: cross-entropies over similarities, and what is logged and shown of them.

Shapes: N queries of this process, K candidates, P projections
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from workbench.objectives.distributed import rank
from workbench.objectives.pictures import rows_of, stretched
from workbench.objectives.queue import Queue
from workbench.plugins.specs import FigureSpec, MetricSpec

AGE_BARS = 32

POSITIVE_SIMILARITY = MetricSpec(
    name="positive_similarity",
    title="Positive similarity",
    better="higher",
    description="mean cosine between a query and its positive",
)
NEGATIVE_SIMILARITY = MetricSpec(
    name="negative_similarity",
    title="Negative similarity",
    better="lower",
    description="mean cosine between a query and its negatives",
)
CONTRASTIVE_ACCURACY = MetricSpec(
    name="contrastive_accuracy",
    title="Contrastive accuracy",
    better="higher",
    description="share of queries that are nearer to their positive than to any negative",
)
QUEUE_FILLED = MetricSpec(
    name="queue_filled",
    title="Queue filled",
    description="share of the queue that holds real vectors; the rest are the random ones of the beginning",
)
MEAN_AGE = MetricSpec(
    name="queue_age",
    title="Age of the queue",
    unit="steps",
    description="how many steps ago the queue's real vectors were stored, on average; 0 while it holds none",
)
QUEUE_AGE = FigureSpec(
    name="queue_age",
    title="Age of the queue",
    kind="bars",
    x="stretch of the queue",
    y="age (steps)",
    description="mean age in steps of each stretch of the queue; -1 where it still holds random vectors",
)
HARDEST_SHOWN = 5
HARDEST = FigureSpec(
    name="hardest",
    title="Hardest negatives",
    kind="pictures",
    columns=("Picture", "Its positive", *(f"Negative {place}" for place in range(1, HARDEST_SHOWN + 1))),
    description="The other pictures of the batch that are most similar to each one, the most similar first.",
)


def hardest_negatives(query_NCSS: Tensor, key_NCSS: Tensor, sim_NN: Tensor) -> NDArray[np.float32]:
    """For each of at most 8 pictures its view, its positive, and the 5 views of others that are most similar.

    Parameters
    ----------
    query_NCSS, key_NCSS : normalised views, of which row n shows sample n
    sim_NN : similarity of each query to each key
    """
    others_NN = sim_NN.masked_fill(torch.eye(len(sim_NN), dtype=torch.bool, device=sim_NN.device), -torch.inf)
    nearest_NK = others_NN.topk(min(HARDEST_SHOWN, len(sim_NN) - 1), dim=1).indices
    columns = [query_NCSS, key_NCSS, *(key_NCSS[place_N] for place_N in nearest_NK.unbind(dim=1))]
    return rows_of([stretched(column) for column in columns])


def info_nce(positive_N: Tensor, negative_NK: Tensor, temperature: float) -> Tensor:
    """The cross-entropy of finding each positive among itself and K negatives.

    van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive Coding (2018), equation 4.

    Parameters
    ----------
    positive_N : similarity of each query to its positive
    negative_NK : similarities to negatives; -inf leaves one out
    temperature : tau, above 0

    Returns
    -------
    (N,) at or above 0; log(K + 1) when all similarities are equal.
    """
    logits = torch.cat([positive_N[:, None], negative_NK], dim=1) / temperature
    return torch.logsumexp(logits, dim=1) - logits[:, 0]


def matching(sim_NK: Tensor, own_N: Tensor, temperature: float) -> Tensor:
    """The cross-entropy of column `own_N` among all K columns, (N,); log K when all similarities are equal."""
    return F.cross_entropy(sim_NK / temperature, own_N, reduction="none")


def cosines(rows_NP: Tensor, others_KP: Tensor) -> Tensor:
    """All scalar products in float32, (N, K), whatever the precision around; rows of length 1 make them cosines."""
    with torch.autocast(rows_NP.device.type, enabled=False):
        return rows_NP.float() @ others_KP.float().T


def places(samples: int, device: torch.device) -> Tensor:
    """Where this process's rows stand among those gathered from all processes, int64 (samples,)."""
    return rank() * samples + torch.arange(samples, device=device)


def batch_terms(sim_NK: Tensor, own_N: Tensor) -> dict[str, Tensor]:
    """Similarities to the positive (column `own_N`) and to the other columns, and how often the positive is nearest."""
    positive_N = sim_NK.gather(1, own_N[:, None]).squeeze(1)
    others = max(sim_NK.shape[1] - 1, 1)
    return {
        "positive_similarity": positive_N.mean(),
        "negative_similarity": (sim_NK.sum(dim=1) - positive_N).mean() / others,
        "contrastive_accuracy": (sim_NK.argmax(dim=1) == own_N).float().mean(),
    }


def queue_terms(positive_N: Tensor, negative_NK: Tensor) -> dict[str, Tensor]:
    """The same for positives and negatives that are kept apart."""
    return {
        "positive_similarity": positive_N.mean(),
        "negative_similarity": negative_NK.mean(),
        "contrastive_accuracy": (positive_N > negative_NK.amax(dim=1)).float().mean(),
    }


def age_bars(queue: Queue) -> NDArray[np.floating[Any]]:
    """Mean age of at most 32 equal stretches of a queue, in pushes."""
    ages = queue.age.float().cpu().numpy()
    return np.array([stretch.mean() for stretch in np.array_split(ages, min(AGE_BARS, len(ages)))])
