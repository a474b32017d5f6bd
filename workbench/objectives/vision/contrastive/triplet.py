r"""Triplet: the other view of a picture is to be nearer than other pictures, by a margin.

Schroff, Kalenichenko, Philbin: FaceNet: A Unified Embedding for Face Recognition and Clustering (CVPR 2015); the view
as energies goes back to Hadsell, Chopra, LeCun: Dimensionality Reduction by Learning an Invariant Mapping (CVPR 2006).

With the energy E(a, b) = |z_a - z_b|^2 of two normalised projections, in [0, 4], p the other view of a's picture, and
n a view of another picture,

    L = mean over triplets of max(0, E(a, p) - E(a, n) + margin)

(equation 3, divided by the number of triplets). Both views are anchors; negatives are the views of the batch that show
another picture, on either side:

    all         every negative of an anchor; the mean counts those that are already far enough
    hardest     the nearest negative alone; can collapse everything into one point, where the loss is the margin
    semi-hard   the nearest negative that is farther than the positive, the farthest one where there is none
                (section 3.2, and the fallback of the usual code)

FaceNet knows identities and draws triplets over batches of 1800 faces, with margin 0.2. Here positives are views of one
picture, and the margin is 0.5. Over several processes the views of all are candidates, gathered with their gradients.

Shapes: N samples of this process, M = 2N anchors, K candidates of all processes, D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.objectives.alarms import LOWER_RATE, pictures_meet
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.contrast import HARDEST, cosines, hardest_negatives
from workbench.objectives.distributed import gather, rank
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.samples import of_views
from workbench.objectives.vision.contrastive.simclr import normalised, pairing
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

Mining = Literal["hardest", "semi-hard", "all"]
LARGEST_ENERGY = 4.0
BINS = 40


class TripletConfig(Model):
    """Settings of the triplet loss."""

    margin: float = setting(
        0.5, "Margin", "how much higher the energy of a negative is to be; energies lie in 0 to 4", gt=0, le=4
    )
    negatives: Mining = setting(
        "semi-hard", "Negatives", "which pictures of the batch are pushed away: hardest, semi-hard or all"
    )
    hidden: int = setting(256, "Projector hidden", "width of the projector's hidden layers", ge=1, le=16384)
    output: int = setting(128, "Projector output", "width in which energies are taken", ge=2, le=4096)
    layers: int = setting(2, "Projector layers", "linear layers of the projector", ge=1, le=4)


def triplet_hinges(energy_MK: Tensor, own_M: Tensor, partner_M: Tensor, margin: float, mining: Mining) -> Tensor:
    """max(0, E(a, p) - E(a, n) + margin) of the chosen triplets.

    Parameters
    ----------
    energy_MK : energies of anchors and candidates, at or above 0
    own_M, partner_M : columns of the anchor and of its positive
    margin : above 0
    mining : which negatives count

    Returns
    -------
    (M,), for "all" the mean over each anchor's negatives.
    """
    positive_M1 = energy_MK.gather(1, partner_M[:, None])
    same_MK = torch.zeros_like(energy_MK, dtype=torch.bool)
    same_MK = same_MK.scatter(1, own_M[:, None], value=True).scatter(1, partner_M[:, None], value=True)
    if mining == "all":
        hinge_MK = (positive_M1 - energy_MK + margin).clamp(min=0).masked_fill(same_MK, 0)
        return hinge_MK.sum(dim=1) / (energy_MK.shape[1] - 2)
    negative_M = energy_MK.masked_fill(same_MK, torch.inf).amin(dim=1)
    if mining == "semi-hard":
        farther_M = energy_MK.masked_fill(same_MK | (energy_MK <= positive_M1), torch.inf).amin(dim=1)
        farthest_M = energy_MK.masked_fill(same_MK, -torch.inf).amax(dim=1)
        negative_M = torch.where(farther_M.isinf(), farthest_M, farther_M)
    return (positive_M1.squeeze(1) - negative_M + margin).clamp(min=0)


class Triplet(Objective):
    """A hinge on energies: positives below negatives by a margin."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="triplet",
        title="Triplet margin",
        family="Contrastive",
        summary="The other view of a picture has to be nearer than other pictures, by a margin.",
        explanation=(
            "The oldest way to push down on what belongs together and up on what does not. Only triplets that violate "
            "the margin count, so everything depends on which negatives are chosen: all of them soon teach nothing, "
            "the hardest may collapse the space."
        ),
        energy=(
            "The energy is the squared distance. Two views of one picture are pulled down, other pictures pushed up "
            "until they are a margin above: no further, which leaves the space its freedom."
        ),
        experience="Which of two views shows the same picture is predicted from a view, by a hinge on distances.",
        formula=r"\mathcal{L} = \mathrm{mean}_{(a, p, n)} \; \max(0, \; \|z_a - z_p\|^2 - \|z_a - z_n\|^2 + m)",
        paper=Paper(
            title="FaceNet: A Unified Embedding for Face Recognition and Clustering",
            authors="Schroff, Kalenichenko, Philbin",
            year=2015,
            venue="CVPR",
            url="https://arxiv.org/abs/1503.03832",
        ),
        needs=Needs(min_views=2, max_views=2, min_batch=2),
        metrics=(
            MetricSpec(
                name="positive_energy",
                title="Positive energy",
                better="lower",
                description="mean squared distance between the two views of a picture, 0 to 4",
            ),
            MetricSpec(
                name="negative_energy",
                title="Negative energy",
                better="higher",
                description="mean squared distance between views of different pictures, 0 to 4",
            ),
            MetricSpec(
                name="active_triplets",
                title="Active triplets",
                better="lower",
                description="share of anchors whose chosen negatives violate the margin; the others teach nothing",
            ),
        ),
        alarms=(
            pictures_meet(
                ("objective.negatives", "set it to semi-hard; the hardest alone can collapse everything"), LOWER_RATE
            ),
        ),
        figures=(
            FigureSpec(
                name="energy",
                title="Energies of the batch",
                kind="matrix",
                x="second view",
                y="first view",
                value="squared distance",
                positives="diagonal",
                description="squared distance between first views (rows) and second views (columns); positives on the "
                "diagonal",
            ),
            FigureSpec(
                name="energies",
                title="Energies of pairs",
                kind="lines",
                x="energy",
                y="share of the pairs",
                span=(LARGEST_ENERGY / (2 * BINS), LARGEST_ENERGY * (1 - 1 / (2 * BINS))),
                description="how many of the pairs have which energy, from 0 to 4 in 40 steps, as shares of their kind",
                rows=("same picture", "other pictures"),
            ),
            HARDEST,
        ),
        chance=Chance(formula="m, when all energies are equal", expression="margin"),
        views_preset="simclr-cifar",
    )
    Config: ClassVar[type[Model]] = TripletConfig
    config: TripletConfig

    def __init__(self, config: TripletConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, config.layers)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The hinge over the chosen triplets of the batch."""
        check_views(self.spec, views)
        h_MD = backbone(torch.cat(views.inputs))
        z_MP = normalised(self.projector(h_MD))
        samples = len(views.index)
        z1_all, z2_all = gather(z_MP[:samples]), gather(z_MP[samples:])
        own_M, partner_M = pairing(samples, rank() * samples, len(z1_all), z_MP.device)
        energy_MK = energies(z_MP, torch.cat([z1_all, z2_all]))
        hinge_M = triplet_hinges(energy_MK, own_M, partner_M, self.config.margin, self.config.negatives)
        terms = self._terms(energy_MK.detach(), partner_M, hinge_M.detach())
        return Step(hinge_M.mean(), terms, h_MD.detach(), of_views(hinge_M, samples))

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Energies between the views of at most 32 samples, and how those of positives and negatives are spread."""
        first, second = (view[:SHOWN_SAMPLES] for view in views.inputs)
        with evaluating(backbone, self):
            z1_NP, z2_NP = (normalised(self.projector(backbone(view))) for view in (first, second))
            hardest = hardest_negatives(first, second, cosines(z1_NP, z2_NP))
            energy_NN = energies(z1_NP, z2_NP).cpu().numpy()
        own_NN = np.eye(len(energy_NN), dtype=bool)
        spread = np.stack([energy_spread(energy_NN[own_NN]), energy_spread(energy_NN[~own_NN])])
        return {"energy": energy_NN, "energies": spread, "hardest": hardest}

    def _terms(self, energy_MK: Tensor, partner_M: Tensor, hinge_M: Tensor) -> dict[str, Tensor]:
        positive_M = energy_MK.gather(1, partner_M[:, None]).squeeze(1)
        return {
            "positive_energy": positive_M.mean(),
            "negative_energy": (energy_MK.sum(dim=1) - positive_M).mean() / (energy_MK.shape[1] - 2),
            "active_triplets": (hinge_M > 0).float().mean(),
        }


def energies(rows_MP: Tensor, others_KP: Tensor) -> Tensor:
    """Squared distances of rows of length 1, (M, K) in [0, 4]."""
    return (2 - 2 * cosines(rows_MP, others_KP)).clamp(min=0)


def energy_spread(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The share of these energies in each of 40 equal steps from 0 to 4."""
    counts, _ = np.histogram(values, bins=BINS, range=(0, LARGEST_ENERGY))
    return counts / max(len(values), 1)
