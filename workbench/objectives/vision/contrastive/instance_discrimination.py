r"""Instance discrimination: every picture is a class of its own, and a memory bank holds the classes' vectors.

Wu, Xiong, Yu, Lin: Unsupervised Feature Learning via Non-Parametric Instance Discrimination (CVPR 2018).

With f the normalised projection of a view of picture i, and v_j the bank's vector of picture j,

    L   = 1/N sum_i [ log sum_j exp(v_j . f_i / tau) - v_i . f_i / tau ]
    v_i <- normalise(m v_i + (1 - m) f_i)           after the step

(equation 2, and the authors' code for the momentum m). A picture's vector is renewed once an epoch, and is a random
direction in the first, so that the loss stays at chance until the second. We differ in that the first real vector
replaces the random one as a whole, where the code keeps the share m of it for some epochs.

tau 0.07 on ImageNet, 0.1 on CIFAR-10 in the authors' code; m 0.5; width 128. Where the training split has more than
`negatives` other pictures, that many are drawn for each step. The paper uses noise-contrastive estimation with 4096
of them for the large sets; we take the cross-entropy over the positive and the drawn ones, share the draw over the
batch and leave a picture out where it was drawn as its own negative. The paper's proximal term (section 3.4) is not
used, as in the code for CIFAR-10.

Shapes: N samples of this process, S samples of the split, K negatives, D features, P projections
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.contrast import (
    CONTRASTIVE_ACCURACY,
    NEGATIVE_SIMILARITY,
    POSITIVE_SIMILARITY,
    cosines,
    info_nce,
)
from workbench.objectives.distributed import gather
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.vision.contrastive.simclr import normalised
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class InstanceDiscriminationConfig(Model):
    """Settings of instance discrimination."""

    temperature: float = setting(0.1, "Temperature", "divides the similarities", gt=0, le=10, log=True)
    negatives: int = setting(
        4096,
        "Negatives",
        "other pictures that a view is told apart from; all of them where the data has fewer",
        unit="pictures",
        ge=1,
        le=2**20,
    )
    momentum: float = setting(
        0.5, "Bank momentum", "share of a picture's old vector that stays when it is seen again", ge=0, lt=1
    )
    output: int = setting(128, "Output", "width of the bank's vectors", ge=2, le=4096)


class Bank(nn.Module):
    """One unit vector a picture, at first a random direction.

    Attributes
    ----------
    rows : (S, P)
    seen : bool (S,), whether a picture's vector has been stored
    """

    def __init__(self, samples: int, width: int) -> None:
        super().__init__()
        self.register_buffer("rows", F.normalize(torch.randn(samples, width), dim=1))
        self.register_buffer("seen", torch.zeros(samples, dtype=torch.bool))

    rows: Tensor
    seen: Tensor

    @torch.no_grad()
    def store(self, index_N: Tensor, rows_NP: Tensor, momentum: float) -> None:
        """Move the vectors of these pictures towards new ones of length 1; the first of a picture is taken whole."""
        kept_N1 = momentum * self.seen[index_N].to(self.rows.dtype)[:, None]
        mixed_NP = kept_N1 * self.rows[index_N] + (1 - kept_N1) * rows_NP.to(self.rows.dtype)
        self.rows[index_N] = F.normalize(mixed_NP, dim=1)
        self.seen[index_N] = True


def instance_negatives(f_NP: Tensor, bank_SP: Tensor, index_N: Tensor, chosen_K: Tensor) -> Tensor:
    """Similarities of views to the chosen pictures' vectors, (N, K); -inf where a picture met itself."""
    return cosines(f_NP, bank_SP[chosen_K]).masked_fill(index_N[:, None] == chosen_K, -torch.inf)


class InstanceDiscrimination(Objective):
    """Classification of every picture as itself, against a memory bank."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="instance_discrimination",
        title="Instance discrimination",
        family="Contrastive",
        summary="Every picture is a class of its own, told from the others by a memory bank.",
        explanation=(
            "A bank keeps one vector for each picture of the training split. A view has to find its picture's vector "
            "among the others', so pictures that look alike end up close together. Vectors are an epoch old, which "
            "makes learning slow at first."
        ),
        energy=(
            "A view and the stored vector of its picture get low energy; stored vectors of other pictures are pushed "
            "up, which keeps the space from collapsing."
        ),
        experience="Which picture this is, is predicted from one view among many pictures, by a cross-entropy.",
        formula=(
            r"\mathcal{L} = -\frac{1}{N} \sum_{i=1}^{N} \log \frac{\exp(v_i \cdot f_i / \tau)}"
            r"{\sum_{j} \exp(v_j \cdot f_i / \tau)}"
        ),
        paper=Paper(
            title="Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
            authors="Wu, Xiong, Yu, Lin",
            year=2018,
            venue="CVPR",
            url="https://arxiv.org/abs/1805.01978",
        ),
        needs=Needs(
            min_views=1,
            max_views=1,
            min_batch=1,
            bounds=(
                Bound(
                    setting="output",
                    at_most="2.5e8 / samples",
                    why="because the memory bank, 4 bytes times width times training samples, may take 1 GB",
                ),
            ),
        ),
        metrics=(
            POSITIVE_SIMILARITY,
            NEGATIVE_SIMILARITY,
            CONTRASTIVE_ACCURACY,
            MetricSpec(
                name="bank_filled",
                title="Bank filled",
                description="share of the pictures whose vector has been stored; the rest are random directions",
            ),
        ),
        figures=(
            FigureSpec(
                name="similarity",
                title="Views and the bank",
                kind="matrix",
                description="cosine between views (rows) and the stored vectors of the batch's pictures (columns); "
                "positives on the diagonal",
            ),
        ),
        chance=Chance(
            formula="ln(K + 1) for K negatives, ln S where the data has fewer",
            expression="log(min(negatives + 1, samples))",
        ),
        views_preset="instance-cifar",
    )
    Config: ClassVar[type[Model]] = InstanceDiscriminationConfig
    config: InstanceDiscriminationConfig

    def __init__(self, config: InstanceDiscriminationConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.head = nn.Linear(facts.width, config.output)
        self.bank = Bank(facts.samples, config.output)
        self._fresh: tuple[Tensor, Tensor] | None = None

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The cross-entropy of each view's own vector among the bank's."""
        check_views(self.spec, views)
        h_ND = backbone(views.inputs[0])
        f_NP = normalised(self.head(h_ND))
        self._fresh = (views.index, f_NP.detach())
        positive_N = (f_NP * self.bank.rows[views.index]).sum(dim=1)
        negative_NK = instance_negatives(f_NP, self.bank.rows, views.index, self._chosen(f_NP.device))
        loss = info_nce(positive_N, negative_NK, self.config.temperature)
        return Step(loss, self._terms(positive_N.detach(), negative_NK.detach()), h_ND.detach())

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Store the projections of this step."""
        if self._fresh is not None:
            index_N, f_NP = self._fresh
            self.bank.store(gather(index_N), gather(f_NP), self.config.momentum)
            self._fresh = None

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Cosines between at most 32 views and the stored vectors of their pictures."""
        with evaluating(backbone, self):
            f_NP = normalised(self.head(backbone(views.inputs[0][:SHOWN_SAMPLES])))
            return {"similarity": cosines(f_NP, self.bank.rows[views.index[:SHOWN_SAMPLES]]).cpu().numpy()}

    def _chosen(self, device: torch.device) -> Tensor:
        """The pictures that serve as negatives in this step."""
        samples = self.facts.samples
        if samples - 1 <= self.config.negatives:
            return torch.arange(samples, device=device)
        return torch.randint(samples, (self.config.negatives,), device=device)

    def _terms(self, positive_N: Tensor, negative_NK: Tensor) -> dict[str, Tensor]:
        known = negative_NK.isfinite()
        return {
            "positive_similarity": positive_N.mean(),
            "negative_similarity": negative_NK.masked_fill(~known, 0).sum() / known.sum().clamp(min=1),
            "contrastive_accuracy": (positive_N > negative_NK.amax(dim=1)).float().mean(),
            "bank_filled": self.bank.seen.float().mean(),
        }
