r"""MoCo: a view finds its picture's other view among a queue of keys that a slow copy of the encoder made.

He, Fan, Wu, Xie, Girshick: Momentum Contrast for Unsupervised Visual Representation Learning (CVPR 2020), v1;
Chen, Fan, Girshick, He: Improved Baselines with Momentum Contrastive Learning (2020), arXiv:2003.04297, v2.

With q the normalised projection of one view, k+ the momentum encoder's of the other, and k_1 ... k_K the queue,

    L = 1/N sum_i [ log( exp(q_i . k+_i / tau) + sum_j exp(q_i . k_j / tau) ) - q_i . k+_i / tau ]

(v1, equation 1). After each step the momentum encoder follows, theta_k <- m theta_k + (1 - m) theta_q (equation 2), and
the batch's keys take the place of the oldest. `symmetric` averages the loss with that of the exchanged views, and
stores the keys of both; neither half sees a key of its own batch among the negatives.

v1 is a linear head, temperature 0.07 and the views `moco-v1`; v2 an MLP of one hidden layer without batch
normalisation, temperature 0.2 and stronger views. On ImageNet both take a queue of 65536 keys of width 128, a hidden
width of 2048 and a momentum of 0.999. The defaults here are those of the authors' CIFAR-10 example (queue 4096,
momentum 0.99), with v2's head and temperature, and narrower.

The loss rises at first: the queue begins with random directions, which are easy to tell from a key, and fills with real
keys, which are not. An untrained network whose queue is full has log(K + 1).

Batch statistics can betray which query and key share a batch (v1, section 3.3). The papers shuffle the samples of the
key encoder between devices. `key_groups` does it on any number of devices: the keys are computed in groups of a random
order, each with statistics of its own, while the queries keep those of the whole batch.

Shapes: N samples in a batch, K queue, D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.models.teacher import Teacher
from workbench.objectives.alarms import LARGER_BATCH, LOWER_RATE, pairs_alike, queue_stale
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
    cosines,
    hardest_negatives,
    info_nce,
    queue_terms,
)
from workbench.objectives.distributed import gather
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.queue import Queue
from workbench.objectives.samples import of_views
from workbench.objectives.vision.contrastive.simclr import normalised
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class MoCoConfig(Model):
    """Settings of MoCo."""

    head: Literal["linear", "mlp"] = setting("mlp", "Head", "linear is that of MoCo v1, mlp that of v2")
    temperature: float = setting(
        0.2, "Temperature", "divides the similarities; v1 takes 0.07, v2 0.2", gt=0, le=10, log=True
    )
    queue: int = setting(4096, "Queue", "keys of past batches that serve as negatives", unit="keys", ge=2, le=2**20)
    momentum: float = setting(
        0.99,
        "Momentum",
        "share of the momentum encoder's weights that a step keeps; higher needs longer runs",
        ge=0,
        le=1,
    )
    symmetric: bool = setting(False, "Symmetric", "let both views be query and key; costs half as much again")
    hidden: int = setting(256, "Head hidden", "width of the hidden layer of an mlp head", ge=1, le=16384)
    output: int = setting(128, "Head output", "width in which similarities are taken", ge=2, le=4096)
    key_groups: int = setting(
        1,
        "Key groups",
        "shuffled groups in which keys get batch statistics of their own, so that these cannot betray the pairs",
        ge=1,
        le=64,
        advanced=True,
    )


def make_head(width: int, config: MoCoConfig) -> nn.Module:
    """A linear map (v1), or two with a ReLU between them and no batch normalisation (v2)."""
    if config.head == "linear":
        return nn.Linear(width, config.output)
    return nn.Sequential(
        nn.Linear(width, config.hidden), nn.ReLU(inplace=True), nn.Linear(config.hidden, config.output)
    )


def shuffled(net: nn.Module, x: Tensor, groups: int) -> Tensor:
    """`net(x)` computed in `groups` parts of a random order, given back in the order of x."""
    if groups == 1:
        out: Tensor = net(x)
        return out
    order_N = torch.randperm(len(x), device=x.device)
    parts = [net(part) for part in x[order_N].chunk(groups)]
    return torch.cat(parts)[order_N.argsort()]


class MoCo(Objective):
    """Contrastive learning against a queue of a momentum encoder's keys."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="moco",
        title="MoCo",
        family="Contrastive",
        summary="A view finds its picture's other view among thousands of keys of past batches.",
        explanation=(
            "Negatives come from a queue, so that they can be many while the batch stays small. A slow copy of the "
            "encoder makes the keys, so that old and new ones can be compared. The loss rises while the queue fills: "
            "the random vectors of the beginning are easy negatives, and chance is reached when they are gone."
        ),
        energy=(
            "A query and the key of its picture's other view get low energy (a high cosine); the keys of the queue are "
            "pushed up. The push keeps the space from collapsing."
        ),
        experience=(
            "One view is predicted from the other, as a slow copy of the encoder sees it, among all keys of the queue, "
            "by a cross-entropy."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{N} \sum_{i=1}^{N} \log \frac{\exp(q_i \cdot k_i^{+} / \tau)}"
            r"{\exp(q_i \cdot k_i^{+} / \tau) + \sum_{j=1}^{K} \exp(q_i \cdot k_j / \tau)}"
        ),
        paper=Paper(
            title="Momentum Contrast for Unsupervised Visual Representation Learning",
            authors="He, Fan, Wu, Xie, Girshick",
            year=2020,
            venue="CVPR",
            url="https://arxiv.org/abs/1911.05722",
        ),
        needs=Needs(
            min_views=2,
            max_views=2,
            min_batch=2,
            bounds=(
                Bound(
                    setting="queue",
                    at_most="samples",
                    why="the size of the training split: a longer queue holds each picture more than once",
                ),
                Bound(
                    setting="key_groups",
                    at_most="max(1, batch_size / 8)",
                    why="because a group of fewer than 8 samples has no useful batch statistics",
                ),
            ),
        ),
        metrics=(
            POSITIVE_SIMILARITY,
            NEGATIVE_SIMILARITY,
            CONTRASTIVE_ACCURACY,
            QUEUE_FILLED,
            MEAN_AGE,
            MetricSpec(
                name="queue_drift",
                title="Drift in the queue",
                better="lower",
                description="share of the momentum encoder that was replaced since a key was stored, mean over keys",
            ),
        ),
        alarms=(
            pairs_alike(
                LOWER_RATE, ("objective.momentum", "raise it towards 0.99"), ("objective.queue", "lengthen it")
            ),
            queue_stale(
                ("objective.momentum", "raise it towards 0.999"),
                ("objective.queue", "shorten it"),
                LARGER_BATCH,
            ),
        ),
        figures=(
            FigureSpec(
                name="similarity",
                title="Queries and keys",
                kind="matrix",
                x="key",
                y="query",
                value="cosine",
                positives="diagonal",
                description="cosine between the batch's queries (rows) and keys (columns); positives on the diagonal",
            ),
            HARDEST,
            QUEUE_AGE,
        ),
        chance=Chance(formula="ln(K + 1), with the queue full", expression="log(queue + 1)"),
        views_preset="moco-cifar",
    )
    Config: ClassVar[type[Model]] = MoCoConfig
    loss_unit: ClassVar[str] = "nat"
    config: MoCoConfig
    teacher: Teacher

    def __init__(self, config: MoCoConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.head = make_head(facts.width, config)
        self.queue = Queue(config.queue, config.output)
        self._fresh: Tensor | None = None

    def attach(self, backbone: Backbone) -> None:
        """Copy encoder and head into the momentum encoder."""
        self.teacher = Teacher(nn.Sequential(backbone, self.head))

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """InfoNCE of the first view against the second, and the other way round where symmetric."""
        check_views(self.spec, views)
        first, second = views.inputs
        asking, asked = (torch.cat([first, second]), (second, first)) if self.config.symmetric else (first, (second,))
        h_MD = backbone(asking)
        q_MP = normalised(self.head(h_MD))
        k_MP = torch.cat([normalised(shuffled(self.teacher, view, self.config.key_groups)) for view in asked])
        self._fresh = k_MP
        positive_M, negative_MK = (q_MP * k_MP).sum(dim=1), cosines(q_MP, self.queue.rows)
        loss_M = info_nce(positive_M, negative_MK, self.config.temperature)
        terms = queue_terms(positive_M.detach(), negative_MK.detach())
        each_N = of_views(loss_M, len(first))
        return Step(loss_M.mean(), {**terms, **self._queue_state()}, h_MD.detach(), each_N)

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Let the momentum encoder follow, and store the keys of this step."""
        self.teacher.follow(nn.Sequential(backbone, self.head), self.config.momentum)
        if self._fresh is not None:
            self.queue.push(gather(self._fresh))
            self._fresh = None

    def _queue_state(self) -> dict[str, Tensor]:
        drift = self.queue.drift(self.config.momentum)
        return {"queue_filled": self.queue.filled(), "queue_age": self.queue.mean_age(), "queue_drift": drift}

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Cosines between queries and keys of at most 32 samples, and the age of the queue."""
        first, second = (view[:SHOWN_SAMPLES] for view in views.inputs)
        with evaluating(backbone, self):
            sim_NN = cosines(normalised(self.head(backbone(first))), normalised(self.teacher(second)))
        return {
            "similarity": sim_NN.cpu().numpy(),
            "hardest": hardest_negatives(first, second, sim_NN),
            "queue_age": age_bars(self.queue),
        }
