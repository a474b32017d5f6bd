r"""SupCon: views of pictures with the same label attract each other, all others repel.

Khosla, Teterwak, Wang, Sarna, Tian, Isola, Maschinot, Liu, Krishnan: Supervised Contrastive Learning (NeurIPS 2020).

With z the normalised projections of the M = 2N views, P(i) all other views with the label of i,

    L = 1/M sum_i  -1/|P(i)| sum_{p in P(i)} [ z_i . z_p / tau - log sum_{a != i} exp(z_i . z_a / tau) ]

(L_out, equation 2; the mean over positives stands outside the logarithm, which the paper finds better). The other view
of a picture is always a positive, so a sample without a label (-1) is treated as in SimCLR, and with a label of its own
for every picture the loss is SimCLR's. Over several processes the views of all are candidates.

The projector is the paper's, one hidden layer; its widths 2048-128 and temperature 0.1 with batches of 6144. We take a
batch normalisation in it and widths that suit small encoders. The classifier that the paper trains afterwards is the
linear probe of the evaluation.

Shapes: N samples of this process, M = 2N views, K views of all processes, D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.errors import Problem, RecipeError
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.objectives.alarms import LARGER_BATCH, LOWER_RATE, pairs_alike
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.contrast import cosines
from workbench.objectives.distributed import gather, rank
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.samples import of_views
from workbench.objectives.vision.contrastive.simclr import normalised, pairing
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class SupConConfig(Model):
    """Settings of SupCon."""

    temperature: float = setting(0.1, "Temperature", "divides the similarities", gt=0, le=10, log=True)
    hidden: int = setting(256, "Projector hidden", "width of the projector's hidden layer", ge=1, le=16384)
    output: int = setting(128, "Projector output", "width in which similarities are taken", ge=2, le=4096)


def same_label(labels_M: Tensor, labels_K: Tensor, own_M: Tensor, partner_M: Tensor) -> Tensor:
    """Which candidates are positives, bool (M, K): the partner, and others with the same label at or above 0."""
    place_K = torch.arange(len(labels_K), device=labels_K.device)
    alike = (labels_M[:, None] == labels_K) & (labels_M >= 0)[:, None]
    return (alike | (place_K == partner_M[:, None])) & (place_K != own_M[:, None])


def supervised_contrast(sim_MK: Tensor, own_M: Tensor, positive_MK: Tensor, temperature: float) -> Tensor:
    """L_out of every view (equation 2), (M,); log(K - 1) when all similarities are equal.

    Parameters
    ----------
    sim_MK : cosine similarities in [-1, 1]
    own_M : columns of oneself
    positive_MK : bool, at least one positive a row and never oneself
    temperature : tau, above 0
    """
    logits_MK = sim_MK / temperature
    total_M = torch.logsumexp(logits_MK.scatter(1, own_M[:, None], -torch.inf), dim=1)
    mean_M = (logits_MK * positive_MK).sum(dim=1) / positive_MK.sum(dim=1)
    return total_M - mean_M


class SupCon(Objective):
    """Contrastive learning whose positives share a label."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="supcon",
        title="Supervised contrastive",
        family="Baseline",
        summary="Pictures with the same label attract each other; all others of the batch repel.",
        explanation=(
            "SimCLR's loss told which pictures belong together: positives are all views with the same label. Where a "
            "label is missing the other view of the picture is the only positive."
        ),
        energy=(
            "Views of one class get low energy with each other; views of other classes are pushed up, which keeps the "
            "space from collapsing."
        ),
        experience=(
            "The views of the same class are predicted from one view among all views of the batch, by a cross-entropy."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{2N} \sum_{i=1}^{2N} \frac{1}{|P(i)|} \sum_{p \in P(i)} \log"
            r" \frac{\exp(z_i \cdot z_p / \tau)}{\sum_{a \neq i} \exp(z_i \cdot z_a / \tau)}"
        ),
        paper=Paper(
            title="Supervised Contrastive Learning",
            authors="Khosla, Teterwak, Wang, Sarna, Tian, Isola, Maschinot, Liu, Krishnan",
            year=2020,
            venue="NeurIPS",
            url="https://arxiv.org/abs/2004.11362",
        ),
        needs=Needs(min_views=2, max_views=2, min_batch=2, labels=True),
        metrics=(
            MetricSpec(
                name="positive_similarity",
                title="Positive similarity",
                better="higher",
                description="mean cosine between views of the same class",
            ),
            MetricSpec(
                name="negative_similarity",
                title="Negative similarity",
                better="lower",
                description="mean cosine between views of different classes",
            ),
            MetricSpec(
                name="contrastive_accuracy",
                title="Contrastive accuracy",
                better="higher",
                description="share of views whose nearest other view has the same label",
            ),
        ),
        alarms=(pairs_alike(LOWER_RATE, ("objective.temperature", "lower it to 0.1"), LARGER_BATCH),),
        figures=(
            FigureSpec(
                name="similarity",
                title="Similarities by label",
                kind="matrix",
                x="sample, by label",
                y="sample, by label",
                value="cosine",
                description="cosine between first views in the order of their labels; classes become blocks on the "
                "diagonal",
            ),
        ),
        chance=Chance(formula="ln(2N − 1)", expression="log(2 * batch_size - 1)"),
        views_preset="simclr-cifar",
    )
    Config: ClassVar[type[Model]] = SupConConfig
    loss_unit: ClassVar[str] = "nat"
    config: SupConConfig

    def __init__(self, config: SupConConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        if facts.classes < 1:
            raise RecipeError([Problem("objective.id", "Supervised contrastive needs a data set with labels.")])
        self.projector = mlp(facts.width, config.hidden, config.output, 2)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """L_out of the two views of every sample."""
        check_views(self.spec, views)
        assert views.labels is not None
        h_MD = backbone(torch.cat(views.inputs))
        z_MP = normalised(self.projector(h_MD))
        samples = len(views.index)
        z1_all, z2_all = gather(z_MP[:samples]), gather(z_MP[samples:])
        labels_all = gather(views.labels)
        own_M, partner_M = pairing(samples, rank() * samples, len(z1_all), z_MP.device)
        positive_MK = same_label(views.labels.repeat(2), labels_all.repeat(2), own_M, partner_M)
        sim_MK = cosines(z_MP, torch.cat([z1_all, z2_all]))
        loss_M = supervised_contrast(sim_MK, own_M, positive_MK, self.config.temperature)
        terms = label_terms(sim_MK.detach(), own_M, positive_MK)
        return Step(loss_M.mean(), terms, h_MD.detach(), of_views(loss_M, samples))

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Cosines between the first views of at most 32 samples, in the order of their labels."""
        assert views.labels is not None
        order = views.labels[:SHOWN_SAMPLES].argsort(stable=True)
        with evaluating(backbone, self):
            z_NP = normalised(self.projector(backbone(views.inputs[0][order])))
            return {"similarity": cosines(z_NP, z_NP).cpu().numpy()}


def label_terms(sim_MK: Tensor, own_M: Tensor, positive_MK: Tensor) -> dict[str, Tensor]:
    """Mean similarity to positives and to negatives, and how often the nearest other view is a positive."""
    other_MK = torch.ones_like(positive_MK).scatter(1, own_M[:, None], value=False)
    negative_MK = other_MK & ~positive_MK
    nearest_M = sim_MK.scatter(1, own_M[:, None], -torch.inf).argmax(dim=1)
    return {
        "positive_similarity": (sim_MK * positive_MK).sum() / positive_MK.sum(),
        "negative_similarity": (sim_MK * negative_MK).sum() / negative_MK.sum().clamp(min=1),
        "contrastive_accuracy": positive_MK.gather(1, nearest_M[:, None]).float().mean(),
    }
