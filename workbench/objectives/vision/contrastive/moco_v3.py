r"""MoCo v3: queries predict the momentum encoder's keys of the same batch, without a queue.

Chen, Xie, He: An Empirical Study of Training Self-Supervised Vision Transformers (ICCV 2021).

With q = predictor(projector(f(x))) of one view and k the momentum encoder's projection of the other, both normalised,

    ctr(q, k) = -2 tau / N sum_i log [ exp(q_i . k_i / tau) / sum_j exp(q_i . k_j / tau) ]
    L         = ctr(q_1, k_2) + ctr(q_2, k_1)

(algorithm 1; the factor 2 tau keeps gradients of one size over temperatures). Chance is 4 tau log N for a batch of N.
The momentum rises from its setting to 1 along half a cosine over the run.

The heads are those of the authors' code for ResNet: projector and predictor of two linear layers, each with batch
normalisation, the last one without scale and shift (a ViT's projector has three). As there, each view passes the
encoders on its own. Paper: hidden 4096, output 256, tau 1 for ResNet and 0.2 for ViT, momentum 0.99. We differ in
widths that suit small encoders, and leave the patch projection of a ViT trainable.

Over several processes the keys of all are candidates for each query.

Shapes: N samples of this process, K of all processes, D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.models.teacher import Teacher, rising_momentum
from workbench.objectives.alarms import LARGER_BATCH, LOWER_RATE, pairs_alike
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.contrast import (
    CONTRASTIVE_ACCURACY,
    HARDEST,
    NEGATIVE_SIMILARITY,
    POSITIVE_SIMILARITY,
    batch_terms,
    cosines,
    hardest_negatives,
    matching,
    places,
)
from workbench.objectives.distributed import gather
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.vision.contrastive.simclr import normalised
from workbench.plugins.specs import Chance, FigureSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class MoCoV3Config(Model):
    """Settings of MoCo v3."""

    temperature: float = setting(0.2, "Temperature", "divides the similarities", gt=0, le=10, log=True)
    momentum: float = setting(
        0.99, "Momentum", "share of the momentum encoder's weights that the first step keeps; rises to 1", ge=0, le=1
    )
    hidden: int = setting(512, "Heads' hidden", "width of the hidden layers of projector and predictor", ge=1, le=16384)
    output: int = setting(128, "Heads' output", "width in which similarities are taken", ge=2, le=4096)


def contrast(sim_NK: Tensor, own_N: Tensor, temperature: float) -> Tensor:
    """ctr(q, k) of algorithm 1: 2 tau times the cross-entropy, (N,); 2 tau log K when all similarities are equal."""
    return 2 * temperature * matching(sim_NK, own_N, temperature)


def make_head(width: int, hidden: int, output: int) -> nn.Module:
    """Two linear layers, each with batch normalisation, the last one without scale and shift."""
    return nn.Sequential(
        nn.Linear(width, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, output, bias=False),
        nn.BatchNorm1d(output, affine=False),
    )


class MoCoV3(Objective):
    """Contrastive learning against the momentum encoder's keys of the batch."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="moco_v3",
        title="MoCo v3",
        family="Contrastive",
        summary="A predictor finds the slow encoder's key of the other view among those of the batch.",
        explanation=(
            "The queue of MoCo is gone: with large batches the keys of the batch are negatives enough. A predictor "
            "stands between query and key, as in BYOL, and both views are query and key in turn."
        ),
        energy=(
            "A query and the slow encoder's key of the other view get low energy; keys of the batch's other pictures "
            "are pushed up, which keeps the space from collapsing."
        ),
        experience=(
            "Each view's key, as a slow copy of the encoder sees it, is predicted from the other view among the keys "
            "of the batch, by a cross-entropy."
        ),
        formula=(
            r"\mathcal{L} = -\frac{2\tau}{N} \sum_{i=1}^{N} \left[ \log \frac{\exp(q_i^1 \cdot k_i^2 / \tau)}"
            r"{\sum_{j} \exp(q_i^1 \cdot k_j^2 / \tau)} + \log \frac{\exp(q_i^2 \cdot k_i^1 / \tau)}"
            r"{\sum_{j} \exp(q_i^2 \cdot k_j^1 / \tau)} \right]"
        ),
        paper=Paper(
            title="An Empirical Study of Training Self-Supervised Vision Transformers",
            authors="Chen, Xie, He",
            year=2021,
            venue="ICCV",
            url="https://arxiv.org/abs/2104.02057",
        ),
        needs=Needs(min_views=2, max_views=2, min_batch=2),
        metrics=(POSITIVE_SIMILARITY, NEGATIVE_SIMILARITY, CONTRASTIVE_ACCURACY),
        alarms=(pairs_alike(LOWER_RATE, ("objective.temperature", "lower it to 0.1"), LARGER_BATCH),),
        figures=(
            FigureSpec(
                name="similarity",
                title="Queries and keys",
                kind="matrix",
                x="key, second view",
                y="query, first view",
                value="cosine",
                positives="diagonal",
                description="cosine between queries of first views (rows) and keys of second views (columns); "
                "positives on the diagonal",
            ),
            HARDEST,
        ),
        chance=Chance(formula="4τ ln N", expression="4 * temperature * log(batch_size)"),
        views_preset="byol-cifar",
    )
    Config: ClassVar[type[Model]] = MoCoV3Config
    config: MoCoV3Config
    teacher: Teacher

    def __init__(self, config: MoCoV3Config, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = make_head(facts.width, config.hidden, config.output)
        self.predictor = make_head(config.output, config.hidden, config.output)

    def attach(self, backbone: Backbone) -> None:
        """Copy encoder and projector into the momentum encoder."""
        self.teacher = Teacher(nn.Sequential(backbone, self.projector))

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The contrast of each view's queries with the other's keys, summed."""
        check_views(self.spec, views)
        h1_ND, h2_ND = (backbone(view) for view in views.inputs)
        q1_NP, q2_NP = (normalised(self.predictor(self.projector(h_ND))) for h_ND in (h1_ND, h2_ND))
        k1_KP, k2_KP = (gather(normalised(self.teacher(view))) for view in views.inputs)
        own_N = places(len(q1_NP), q1_NP.device)
        sim_12, sim_21 = cosines(q1_NP, k2_KP), cosines(q2_NP, k1_KP)
        tau = self.config.temperature
        loss_N = contrast(sim_12, own_N, tau) + contrast(sim_21, own_N, tau)
        terms = batch_terms(torch.cat([sim_12, sim_21]).detach(), own_N.repeat(2))
        return Step(loss_N.mean(), terms, torch.cat([h1_ND, h2_ND]).detach(), loss_N.detach())

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Let the momentum encoder follow, ever more slowly."""
        momentum = rising_momentum(self.config.momentum, progress)
        self.teacher.follow(nn.Sequential(backbone, self.projector), momentum)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Cosines between queries and keys of at most 32 samples."""
        first, second = (view[:SHOWN_SAMPLES] for view in views.inputs)
        with evaluating(backbone, self):
            q_NP = normalised(self.predictor(self.projector(backbone(first))))
            sim_NN = cosines(q_NP, normalised(self.teacher(second)))
        return {"similarity": sim_NN.cpu().numpy(), "hardest": hardest_negatives(first, second, sim_NN)}
