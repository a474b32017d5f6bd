r"""NNCLR: the nearest neighbour of a view, not the view itself, is what its picture's other view must find.

Dwibedi, Aytar, Tompson, Sermanet, Zisserman: With a Little Help from My Friends: Nearest-Neighbor Contrastive Learning
of Visual Representations (ICCV 2021).

With z the normalised projection of a view, p that of the predictor of the other view, and NN(z, Q) the vector of the
queue that is nearest to z,

    L = 1/N sum_i [ log sum_k exp(NN(z_i, Q) . p_k / tau) - NN(z_i, Q) . p_i / tau ]

(equation 3), averaged over both ways round (appendix, algorithm 1). The neighbour has no gradient. After the step the
first views' projections take the place of the oldest in the queue.

Paper: projector 2048-2048-256 and predictor 4096-256 with batch normalisation, tau 0.1, queue 98304. We differ in
widths and a queue that suit small sets; lightly and solo-learn also count the views of one's own side as negatives.

Over several processes the predictions of all are candidates, gathered with their gradients.

Shapes: N samples of this process, K of all processes, Q queue, D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.objectives.alarms import LARGER_BATCH, LOWER_RATE, pairs_alike
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.contrast import (
    CONTRASTIVE_ACCURACY,
    HARDEST,
    MEAN_AGE,
    NEGATIVE_SIMILARITY,
    POSITIVE_SIMILARITY,
    QUEUE_AGE,
    QUEUE_FILLED,
    age_bars,
    batch_terms,
    cosines,
    hardest_negatives,
    matching,
    places,
)
from workbench.objectives.distributed import gather
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.queue import Queue
from workbench.objectives.samples import of_views
from workbench.objectives.vision.contrastive.simclr import normalised
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class NNCLRConfig(Model):
    """Settings of NNCLR."""

    temperature: float = setting(0.1, "Temperature", "divides the similarities", gt=0, le=10, log=True)
    queue: int = setting(
        4096, "Queue", "projections of past batches among which neighbours are sought", unit="vectors", ge=2, le=2**20
    )
    hidden: int = setting(256, "Heads' hidden", "width of the hidden layers of projector and predictor", ge=1, le=16384)
    output: int = setting(128, "Heads' output", "width in which similarities are taken", ge=2, le=4096)
    layers: int = setting(2, "Projector layers", "linear layers of the projector", ge=1, le=4)


def nearest(rows_NP: Tensor, queue_QP: Tensor) -> tuple[Tensor, Tensor]:
    """The queue's vector nearest to each row, (N, P), and their cosine, (N,); both without gradient."""
    with torch.no_grad():
        best_N, place_N = cosines(rows_NP, queue_QP).max(dim=1)
        return queue_QP[place_N], best_N


class NNCLR(Objective):
    """Contrastive learning whose positives are nearest neighbours in a queue."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="nnclr",
        title="NNCLR",
        family="Contrastive",
        summary="Views attract the nearest neighbours of their picture's other view.",
        explanation=(
            "Augmentations alone cannot turn one dog into another. NNCLR replaces a view by its nearest neighbour "
            "among past pictures, so that positives vary as much as the data does. It begins slowly: the first "
            "neighbours are poor."
        ),
        energy=(
            "A view and the neighbour of its picture's other view get low energy; views of the batch's other pictures "
            "are pushed up, which keeps the space from collapsing."
        ),
        experience=(
            "The nearest past relative of one view is predicted from the other view, among the views of the batch, by "
            "a cross-entropy."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{N} \sum_{i=1}^{N} \log \frac{\exp(\mathrm{NN}(z_i, Q) \cdot p_i / \tau)}"
            r"{\sum_{k=1}^{N} \exp(\mathrm{NN}(z_i, Q) \cdot p_k / \tau)}"
        ),
        paper=Paper(
            title="With a Little Help from My Friends: Nearest-Neighbor Contrastive Learning of Visual Representations",
            authors="Dwibedi, Aytar, Tompson, Sermanet, Zisserman",
            year=2021,
            venue="ICCV",
            url="https://arxiv.org/abs/2104.14548",
        ),
        needs=Needs(
            min_views=2,
            max_views=2,
            min_batch=2,
            bounds=(
                Bound(
                    setting="queue",
                    at_most="samples",
                    why="the size of the training split: in a longer queue a picture's neighbour is that picture",
                ),
            ),
        ),
        metrics=(
            POSITIVE_SIMILARITY,
            NEGATIVE_SIMILARITY,
            CONTRASTIVE_ACCURACY,
            MetricSpec(
                name="neighbour_similarity",
                title="Neighbour similarity",
                description="mean cosine between a view and its nearest neighbour in the queue",
            ),
            QUEUE_FILLED,
            MEAN_AGE,
        ),
        alarms=(pairs_alike(LOWER_RATE, ("objective.temperature", "lower it to 0.1"), LARGER_BATCH),),
        figures=(
            FigureSpec(
                name="similarity",
                title="Neighbours and predictions",
                kind="matrix",
                x="prediction, second view",
                y="neighbour, first view",
                value="cosine",
                positives="diagonal",
                description="cosine between neighbours of first views (rows) and predictions from second views "
                "(columns); positives on the diagonal",
            ),
            HARDEST,
            QUEUE_AGE,
        ),
        chance=Chance(formula="ln N", expression="log(batch_size)"),
        views_preset="simclr-cifar",
    )
    Config: ClassVar[type[Model]] = NNCLRConfig
    loss_unit: ClassVar[str] = "nat"
    config: NNCLRConfig

    def __init__(self, config: NNCLRConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, config.layers)
        self.predictor = mlp(config.output, config.hidden, config.output, 2)
        self.queue = Queue(config.queue, config.output)
        self._fresh: Tensor | None = None

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The neighbours of each view against the predictions from the other, averaged over both ways round."""
        check_views(self.spec, views)
        h_MD = backbone(torch.cat(views.inputs))
        z_MD = self.projector(h_MD)
        z1_NP, z2_NP = normalised(z_MD.detach()).chunk(2)
        p1_NP, p2_NP = normalised(self.predictor(z_MD)).chunk(2)
        self._fresh = z1_NP
        (near1_NP, best1_N), (near2_NP, best2_N) = (nearest(z_NP, self.queue.rows) for z_NP in (z1_NP, z2_NP))
        own_N = places(len(z1_NP), z_MD.device)
        sim_12, sim_21 = cosines(near1_NP, gather(p2_NP)), cosines(near2_NP, gather(p1_NP))
        sim_MK, own_M = torch.cat([sim_12, sim_21]), own_N.repeat(2)
        terms = batch_terms(sim_MK.detach(), own_M)
        terms["neighbour_similarity"] = torch.cat([best1_N, best2_N]).mean()
        terms |= {"queue_filled": self.queue.filled(), "queue_age": self.queue.mean_age()}
        loss_M = matching(sim_MK, own_M, self.config.temperature)
        return Step(loss_M.mean(), terms, h_MD.detach(), of_views(loss_M, len(own_N)))

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Store the first views' projections of this step."""
        if self._fresh is not None:
            self.queue.push(gather(self._fresh))
            self._fresh = None

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Cosines between neighbours and predictions of at most 32 samples, and the age of the queue."""
        first, second = (view[:SHOWN_SAMPLES] for view in views.inputs)
        with evaluating(backbone, self):
            near_NP, _ = nearest(normalised(self.projector(backbone(first))), self.queue.rows)
            p_NP = normalised(self.predictor(self.projector(backbone(second))))
        sim_NN = cosines(near_NP, p_NP)
        return {
            "similarity": sim_NN.cpu().numpy(),
            "hardest": hardest_negatives(first, second, sim_NN),
            "queue_age": age_bars(self.queue),
        }
