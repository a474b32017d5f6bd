r"""PIRL: a picture and its puzzle, or its turned copy, have one representation; all other pictures repel.

Misra, van der Maaten: Self-Supervised Learning of Pretext-Invariant Representations (CVPR 2020).

With f_i the projection of picture i, g_i that of its transformed copy, and m_j the memory bank's vector of picture j,
all of length 1, and N(m, v) the cross-entropy of finding m_i among the bank's vectors by their similarity to v,

    L   = lambda N(m_i, g_i) + (1 - lambda) N(m_i, f_i)       (equation 5)
    m_i <- normalise(mu m_i + (1 - mu) f_i)                   after the step

so that picture and copy are drawn together through the bank, of which each picture's own vector is the positive
(section 3.2). Where a pretext task predicts the transformation, PIRL asks that nothing of it be seen. The copy is the
second view: tiles of the operation `jigsaw`, or a view turned by `quarter_turn`. Each tile passes the encoder and a
linear map by itself, then one linear map takes all of them side by side (section 3.3).

The paper has lambda 0.5, tau 0.07, mu 0.5, 128 numbers and 32,000 negatives. We differ in the estimator: its equation 4
adds to the cross-entropy over positive and negatives a term that pushes each negative once more; we leave that out, as
in our instance discrimination, and share the draw of the negatives over the batch. As there, a picture teaches nothing
before the bank has a vector of it, so that the first epoch only fills the bank. The order of the tiles is one of the
operation's set, where the paper takes any.

Shapes: N samples of this process, T = rows^2 tiles, h side of a tile in px, S samples of the split, K negatives,
D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.errors import RunFailed
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.alarms import LOWER_RATE, pairs_alike
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.contrast import (
    CONTRASTIVE_ACCURACY,
    NEGATIVE_SIMILARITY,
    POSITIVE_SIMILARITY,
    cosines,
)
from workbench.objectives.distributed import gather
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.siamese import cosine_M
from workbench.objectives.vision.contrastive.instance_discrimination import (
    BANK_AGE,
    BANK_FILLED,
    BANK_FITS,
    Bank,
    bank_terms,
    drawn_negatives,
    instance_negatives,
    taught_by_seen,
)
from workbench.objectives.vision.contrastive.simclr import normalised
from workbench.objectives.vision.pretext.tiles import check_tiles, encode_tiles
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

Transform = Literal["jigsaw", "rotation"]


class PIRLConfig(Model):
    """Settings of PIRL."""

    transform: Transform = setting(
        "jigsaw", "Transformation", "what the second branch of the views makes of a picture: shuffled tiles, or a turn"
    )
    rows: int = setting(
        3, "Rows", "cells a side of the view's grid; not used with turned copies", unit="cells", ge=2, le=5
    )
    weight: float = setting(
        0.5,
        "Weight of the copy",
        "share of the loss that the copy has; the picture has the rest",
        ge=0,
        le=1,
    )
    temperature: float = setting(0.1, "Temperature", "divides the similarities", gt=0, le=10, log=True)
    negatives: int = setting(
        4096,
        "Negatives",
        "other pictures that each is told apart from; all of them where the data has fewer",
        unit="pictures",
        ge=1,
        le=2**20,
    )
    momentum: float = setting(
        0.5, "Bank momentum", "share of a picture's old vector that stays when it is seen again", ge=0, lt=1
    )
    output: int = setting(128, "Output", "width of the bank's vectors", ge=2, le=4096)


class TilesHead(nn.Module):
    """From the features of T tiles to one projection: a linear map a tile, then one of all side by side."""

    def __init__(self, tiles: int, width: int, output: int) -> None:
        super().__init__()
        self.tile = nn.Linear(width, output)
        self.together = nn.Linear(tiles * output, output)

    def forward(self, h_NTD: Tensor) -> Tensor:
        """(N, T, D) -> (N, P)."""
        out_NP: Tensor = self.together(self.tile(h_NTD).flatten(1))
        return out_NP


def own_vector(
    z_NP: Tensor, bank: Bank, index_N: Tensor, chosen_K: Tensor, temperature: float
) -> tuple[Tensor, Tensor, Tensor]:
    """N(m, z): the cross-entropy of finding each picture's stored vector among it and the chosen pictures'.

    Parameters
    ----------
    z_NP : projections of pictures or copies, of length 1
    bank : the stored vectors; a picture that has none yet counts as a guess, without a gradient
    index_N : which pictures these are
    chosen_K : whose vectors are the negatives; a picture that met itself there is left out

    Returns
    -------
    The losses (N,); the similarities to the own vector (N,) and to the negatives (N, K), -inf where left out.
    """
    positive_N = (z_NP * bank.rows[index_N]).sum(dim=1)
    negative_NK = instance_negatives(z_NP, bank.rows, index_N, chosen_K)
    loss_N = taught_by_seen(positive_N, negative_NK, bank.seen[index_N], temperature)
    return loss_N, positive_N, negative_NK


def weighted(copy_loss: Tensor, picture_loss: Tensor, weight: float) -> Tensor:
    """Equation 5: the losses of the transformed copy and of the picture, of which the copy's counts `weight`."""
    return weight * copy_loss + (1 - weight) * picture_loss


class PIRL(Objective):
    """Instance discrimination in which a picture's transformed copy has to find the picture, too."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="pirl",
        title="PIRL",
        family="Contrastive",
        summary="A picture and its jigsaw puzzle, or its turned copy, are to look the same to the network.",
        explanation=(
            "A picture is cut into shuffled tiles or turned, and both versions have to find the picture's vector in a "
            "memory bank of all pictures. A pretext task would ask how the picture was changed; PIRL asks to see "
            "through the change. The bank's vectors are an epoch old, which makes learning slow at first."
        ),
        energy=(
            "A picture, its transformed copy and its stored vector get low energy; stored vectors of other pictures "
            "are pushed up, which keeps the space from collapsing."
        ),
        experience=(
            "Which picture this is, is predicted from the whole picture and from its tiles or its turned copy, each by "
            "a cross-entropy among many pictures."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{N} \sum_{i=1}^{N} \left[ \lambda \log"
            r" \frac{\exp(m_i \cdot g_i / \tau)}{\sum_{j} \exp(m_j \cdot g_i / \tau)} + (1 - \lambda) \log"
            r" \frac{\exp(m_i \cdot f_i / \tau)}{\sum_{j} \exp(m_j \cdot f_i / \tau)} \right]"
        ),
        paper=Paper(
            title="Self-Supervised Learning of Pretext-Invariant Representations",
            authors="Misra, van der Maaten",
            year=2020,
            venue="CVPR",
            url="https://arxiv.org/abs/1912.01991",
        ),
        needs=Needs(min_views=2, max_views=2, bounds=(BANK_FITS,)),
        metrics=(
            POSITIVE_SIMILARITY,
            NEGATIVE_SIMILARITY,
            CONTRASTIVE_ACCURACY,
            MetricSpec(
                name="invariance",
                title="Invariance",
                better="higher",
                description="mean cosine between a picture and its transformed copy, which the loss joins by the bank",
            ),
            BANK_FILLED,
            BANK_AGE,
        ),
        alarms=(
            pairs_alike(LOWER_RATE, ("objective.temperature", "lower it to 0.07"), ("objective.negatives", "raise it")),
        ),
        figures=(
            FigureSpec(
                name="similarity",
                title="Pictures and their copies",
                kind="matrix",
                x="transformed copy",
                y="picture",
                value="cosine",
                positives="diagonal",
                description="cosine between pictures (rows) and the transformed copies of all (columns); "
                "a picture and its own on the diagonal",
            ),
        ),
        chance=Chance(
            formula="ln(K + 1) for K negatives, ln S where the data has fewer",
            expression="log(min(negatives + 1, samples))",
        ),
        views_preset="pirl-cifar",
    )
    Config: ClassVar[type[Model]] = PIRLConfig
    loss_unit: ClassVar[str] = "nat"
    by_picture: ClassVar[bool] = True
    config: PIRLConfig

    def __init__(self, config: PIRLConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.tiles = config.rows**2 if config.transform == "jigsaw" else 0
        self.head = nn.Linear(facts.width, config.output)
        self.copy_head: nn.Module = nn.Linear(facts.width, config.output)
        if self.tiles:
            self.copy_head = TilesHead(self.tiles, facts.width, config.output)
        self.bank = Bank(facts.samples, config.output)
        self._fresh: tuple[Tensor, Tensor] | None = None

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The cross-entropies of picture and copy, each to find the picture's vector in the bank."""
        check_views(self.spec, views)
        picture, copy = views.inputs
        h_ND, f_NP, g_NP = self._encode(picture, copy, backbone)
        self._fresh = (views.index, f_NP.detach())
        chosen_K = drawn_negatives(self.facts.samples, self.config.negatives, f_NP.device)
        among = (self.bank, views.index, chosen_K, self.config.temperature)
        picture_loss_N, _, _ = own_vector(f_NP, *among)
        copy_loss_N, positive_N, negative_NK = own_vector(g_NP, *among)
        terms = bank_terms(positive_N.detach(), negative_NK.detach(), self.bank)
        terms["invariance"] = cosine_M(f_NP.detach(), g_NP.detach()).mean()
        loss_N = weighted(copy_loss_N, picture_loss_N, self.config.weight)
        return Step(loss_N.mean(), terms, h_ND.detach(), loss_N.detach())

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Store the projections of this step's pictures."""
        if self._fresh is not None:
            index_N, f_NP = self._fresh
            self.bank.store(gather(index_N), gather(f_NP), self.config.momentum)
            self._fresh = None

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Cosines between at most 32 pictures and their transformed copies."""
        with evaluating(backbone, self):
            picture, copy = (view[:SHOWN_SAMPLES] for view in views.inputs)
            _, f_NP, g_NP = self._encode(picture, copy, backbone)
            return {"similarity": cosines(f_NP, g_NP).cpu().numpy()}

    def _encode(self, picture: Tensor, copy: Tensor, backbone: Backbone) -> tuple[Tensor, Tensor, Tensor]:
        """Features of the pictures, and the projections of pictures and of copies, of length 1."""
        if picture.ndim != 4 or (not self.tiles and copy.ndim != 4):
            raise RunFailed(
                f"PIRL with {self.config.transform} was given tiles where it takes whole pictures.",
                "Give the first branch of the views no puzzle, and the second the one that objective.transform names.",
            )
        if self.tiles:
            check_tiles(self.spec, copy, self.tiles)
        h_ND = backbone(picture)
        h_copy = encode_tiles(copy, backbone) if self.tiles else backbone(copy)
        return h_ND, normalised(self.head(h_ND)), normalised(self.copy_head(h_copy))
