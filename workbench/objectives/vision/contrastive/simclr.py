"""SimCLR: two views of a picture attract each other, views of all other pictures repel.

Chen, Kornblith, Norouzi, Hinton: A Simple Framework for Contrastive Learning of Visual Representations (ICML 2020).

The loss is NT-Xent (equation 1): with z the normalised projections of the 2N views, s_ik = z_i . z_k, and p(i) the
other view of the sample that i shows,

    L = 1/(2N) sum_i [ -s_{i,p(i)} / tau + log sum_{k != i} exp(s_ik / tau) ]

The self-pair k = i is masked with -inf, so that it has neither a value nor a gradient. Similarities and logarithms are
computed in float32 whatever the precision of the network. Over several processes every process compares its own views
with those of all; projections are gathered with their gradients, and the mean over processes that data-parallel
training takes of the gradients is then the gradient of the loss of the whole batch.

We differ in the projector's width (a default that suits small encoders on a CPU) and in batch statistics that are each
process's own. The two views pass the encoder as one batch, as in the paper.

Shapes: N samples in a batch, M = 2N views of this process, K candidates of all processes, D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.objectives.alarms import LARGER_BATCH, LOWER_RATE, pairs_alike
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.contrast import HARDEST, hardest_negatives
from workbench.objectives.distributed import gather, rank
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.samples import of_views
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class SimCLRConfig(Model):
    """Settings of SimCLR."""

    temperature: float = setting(
        0.2,
        "Temperature",
        "divides the similarities; small values look at the nearest negatives only",
        gt=0,
        le=10,
        log=True,
    )
    hidden: int = setting(256, "Projector hidden", "width of the projector's hidden layers", ge=1, le=16384)
    output: int = setting(64, "Projector output", "width in which similarities are taken", ge=2, le=4096)
    layers: int = setting(2, "Projector layers", "linear layers of the projector; 1 has no hidden layer", ge=1, le=4)


def pairing(samples: int, start: int, total: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where each of this process's 2N views stands among all candidates, and where its partner does.

    Candidates are all first views followed by all second views.

    Parameters
    ----------
    samples : N, samples of this process
    start : position of its first sample among all
    total : samples of all processes

    Returns
    -------
    own_M, partner_M : int64 (2N,)
    """
    first_N = torch.arange(start, start + samples, device=device)
    second_N = first_N + total
    return torch.cat([first_N, second_N]), torch.cat([second_N, first_N])


def nt_xent(sim_MK: Tensor, own_M: Tensor, partner_M: Tensor, temperature: float) -> Tensor:
    """The cross-entropy of finding the partner among all candidates but oneself (equation 1).

    Parameters
    ----------
    sim_MK : cosine similarities in [-1, 1]
    own_M, partner_M : columns of oneself and of the other view
    temperature : tau, above 0

    Returns
    -------
    (M,) at or above 0; log(K - 1) when all similarities are equal.
    """
    logits_MK = (sim_MK / temperature).scatter(1, own_M[:, None], -torch.inf)
    positive_M = logits_MK.gather(1, partner_M[:, None]).squeeze(1)
    return torch.logsumexp(logits_MK, dim=1) - positive_M


def similarity_terms(sim_MK: Tensor, own_M: Tensor, partner_M: Tensor) -> dict[str, Tensor]:
    """Mean similarity to the partner and to the negatives, and how often the partner is the nearest of all."""
    positive_M = sim_MK.gather(1, partner_M[:, None]).squeeze(1)
    self_M = sim_MK.gather(1, own_M[:, None]).squeeze(1)
    negatives = sim_MK.shape[1] - 2
    nearest_M = sim_MK.scatter(1, own_M[:, None], -torch.inf).argmax(dim=1)
    return {
        "positive_similarity": positive_M.mean(),
        "negative_similarity": (sim_MK.sum(dim=1) - positive_M - self_M).mean() / negatives,
        "contrastive_accuracy": (nearest_M == partner_M).float().mean(),
    }


class SimCLR(Objective):
    """Contrastive learning against the other samples of the batch."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="simclr",
        title="SimCLR",
        family="Contrastive",
        summary="Two views of a picture attract each other; all other pictures of the batch repel.",
        explanation=(
            "Every view has to find the other view of its picture among all views of the batch. What survives the "
            "augmentations is what the encoder learns to see. Larger batches give more negatives; a lower temperature "
            "looks harder at the most similar ones."
        ),
        energy=(
            "Two views of one picture get low energy (a high cosine); views of all other pictures of the batch are "
            "pushed up, the nearest ones hardest. The push keeps the space from collapsing."
        ),
        experience="One view is predicted from the other among all views of the batch, by a cross-entropy.",
        formula=(
            r"\mathcal{L} = -\frac{1}{2N} \sum_{i=1}^{2N} \log"
            r" \frac{\exp(z_i \cdot z_{p(i)} / \tau)}{\sum_{k \neq i} \exp(z_i \cdot z_k / \tau)}"
        ),
        paper=Paper(
            title="A Simple Framework for Contrastive Learning of Visual Representations",
            authors="Chen, Kornblith, Norouzi, Hinton",
            year=2020,
            venue="ICML",
            url="https://arxiv.org/abs/2002.05709",
        ),
        needs=Needs(min_views=2, max_views=2, min_batch=2),
        metrics=(
            MetricSpec(
                name="positive_similarity",
                title="Positive similarity",
                better="higher",
                description="mean cosine between the two views of a sample (alignment)",
            ),
            MetricSpec(
                name="negative_similarity",
                title="Negative similarity",
                better="lower",
                description="mean cosine between views of different samples",
            ),
            MetricSpec(
                name="contrastive_accuracy",
                title="Contrastive accuracy",
                better="higher",
                description="share of views whose nearest other view is their partner",
            ),
        ),
        alarms=(pairs_alike(LOWER_RATE, ("objective.temperature", "lower it to 0.1"), LARGER_BATCH),),
        figures=(
            FigureSpec(
                name="similarity",
                title="Similarities of the batch",
                kind="matrix",
                x="view",
                y="view",
                value="cosine",
                positives="partners",
                description="cosine between all views, first views before second ones; positives on the side diagonals",
            ),
            HARDEST,
        ),
        chance=Chance(formula="ln(2N − 1)", expression="log(2 * batch_size - 1)"),
        views_preset="simclr-cifar",
    )
    Config: ClassVar[type[Model]] = SimCLRConfig
    loss_unit: ClassVar[str] = "nat"
    config: SimCLRConfig

    def __init__(self, config: SimCLRConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, config.layers)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """NT-Xent of the two views."""
        check_views(self.spec, views)
        h_MD = backbone(torch.cat(views.inputs))
        z_MP = normalised(self.projector(h_MD))
        samples = len(views.index)
        z1_all, z2_all = gather(z_MP[:samples]), gather(z_MP[samples:])
        own_M, partner_M = pairing(samples, rank() * samples, len(z1_all), z_MP.device)
        with torch.autocast(z_MP.device.type, enabled=False):
            sim_MK = z_MP @ torch.cat([z1_all, z2_all]).T
        loss_M = nt_xent(sim_MK, own_M, partner_M, self.config.temperature)
        terms = similarity_terms(sim_MK.detach(), own_M, partner_M)
        return Step(loss_M.mean(), terms, h_MD.detach(), of_views(loss_M, samples))

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Cosine similarities of at most 32 samples' views: first views, then second views."""
        with evaluating(backbone, self):
            shown = torch.cat([view[:SHOWN_SAMPLES] for view in views.inputs])
            z_MP = normalised(self.projector(backbone(shown)))
            sim_MM = z_MP @ z_MP.T
            first, second = (view[:SHOWN_SAMPLES] for view in views.inputs)
            hardest = hardest_negatives(first, second, sim_MM[: len(first), len(first) :])
            return {"similarity": sim_MM.cpu().numpy(), "hardest": hardest}


def normalised(z: Tensor) -> Tensor:
    """Vectors of length 1, in float32: half precision has too few digits for similarities divided by tau."""
    return F.normalize(z.float(), dim=1)
