r"""Instance discrimination: every picture is a class of its own, and a memory bank holds the classes' vectors.

Wu, Xiong, Yu, Lin: Unsupervised Feature Learning via Non-Parametric Instance Discrimination (CVPR 2018).

With f the normalised projection of a view of picture i, and v_j the bank's vector of picture j,

    L   = 1/N sum_i [ log sum_j exp(v_j . f_i / tau) - v_i . f_i / tau ]
    v_i <- normalise(m v_i + (1 - m) f_i)           after the step

(equation 2, and the authors' code for the momentum m). A picture's vector is renewed once an epoch, and is a random
direction in the first. We differ in that the first real vector replaces the random one as a whole, where the code
keeps the share m of it for some epochs, and in that a picture teaches nothing before it has one: it counts as a
guess, without a gradient, so that the first epoch only fills the bank. To follow random directions took the features
of a small encoder from 66 to 60 % (kNN on Fashion-MNIST, where the untrained encoder has 66 %) in that epoch and to
57 % in the next, which then met vectors of a network that had moved on.

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
from workbench.objectives.alarms import LOWER_RATE, pairs_alike
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

BANK_FILLED = MetricSpec(
    name="bank_filled",
    title="Bank filled",
    description="share of the pictures whose vector has been stored; the rest are random directions",
)
BANK_AGE = MetricSpec(
    name="bank_age",
    title="Age of the bank",
    unit="steps",
    description="how many steps ago the bank's real vectors were stored, on average; about half an epoch is the rule",
)
BANK_FITS = Bound(
    setting="output",
    at_most="2.5e8 / samples",
    why="because the memory bank, 4 bytes times width times training samples, may take 1 GB",
)


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
    stored_at : int64 (S,), after how many other steps that was; 0 where it was not
    steps : int64 scalar, how often vectors were stored
    """

    def __init__(self, samples: int, width: int) -> None:
        super().__init__()
        self.register_buffer("rows", F.normalize(torch.randn(samples, width), dim=1))
        self.register_buffer("seen", torch.zeros(samples, dtype=torch.bool))
        self.register_buffer("stored_at", torch.zeros(samples, dtype=torch.int64))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    rows: Tensor
    seen: Tensor
    stored_at: Tensor
    steps: Tensor

    @torch.no_grad()
    def store(self, index_N: Tensor, rows_NP: Tensor, momentum: float) -> None:
        """Move the vectors of these pictures towards new ones of length 1; the first of a picture is taken whole."""
        kept_N1 = momentum * self.seen[index_N].to(self.rows.dtype)[:, None]
        mixed_NP = kept_N1 * self.rows[index_N] + (1 - kept_N1) * rows_NP.to(self.rows.dtype)
        self.rows[index_N] = F.normalize(mixed_NP, dim=1)
        self.seen[index_N] = True
        self.stored_at[index_N] = self.steps
        self.steps += 1

    def mean_age(self) -> Tensor:
        """How many steps ago the real vectors were stored, on average, 0 for the newest; 0 while there are none."""
        real_S = self.seen.float()
        age_S = (self.steps - 1 - self.stored_at).float()
        return (age_S * real_S).sum() / real_S.sum().clamp(min=1)


def instance_negatives(f_NP: Tensor, bank_SP: Tensor, index_N: Tensor, chosen_K: Tensor) -> Tensor:
    """Similarities of views to the chosen pictures' vectors, (N, K); -inf where a picture met itself."""
    return cosines(f_NP, bank_SP[chosen_K]).masked_fill(index_N[:, None] == chosen_K, -torch.inf)


def drawn_negatives(samples: int, negatives: int, device: torch.device) -> Tensor:
    """The pictures that serve as negatives in a step, (K,): all of S where they are few, else K drawn at random."""
    if samples - 1 <= negatives:
        return torch.arange(samples, device=device)
    return torch.randint(samples, (negatives,), device=device)


def bank_terms(positive_N: Tensor, negative_NK: Tensor, bank: Bank) -> dict[str, Tensor]:
    """Similarities to one's own and to other stored vectors (-inf: left out), and how full and old the bank is."""
    known = negative_NK.isfinite()
    return {
        "positive_similarity": positive_N.mean(),
        "negative_similarity": negative_NK.masked_fill(~known, 0).sum() / known.sum().clamp(min=1),
        "contrastive_accuracy": (positive_N > negative_NK.amax(dim=1)).float().mean(),
        "bank_filled": bank.seen.float().mean(),
        "bank_age": bank.mean_age(),
    }


def taught_by_seen(positive_N: Tensor, negative_NK: Tensor, seen_N: Tensor, temperature: float) -> Tensor:
    """`info_nce` in which a picture without a vector in the bank counts as a guess, log(K + 1), without a gradient.

    Parameters
    ----------
    seen_N : bool, whether the positive is a stored vector and not the random one of the beginning
    """
    known_NK = seen_N[:, None] | negative_NK.isinf()
    return info_nce(torch.where(seen_N, positive_N, 0), torch.where(known_NK, negative_NK, 0), temperature)


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
            bounds=(BANK_FITS,),
        ),
        metrics=(
            POSITIVE_SIMILARITY,
            NEGATIVE_SIMILARITY,
            CONTRASTIVE_ACCURACY,
            BANK_FILLED,
            BANK_AGE,
        ),
        alarms=(
            pairs_alike(LOWER_RATE, ("objective.temperature", "lower it to 0.1"), ("objective.negatives", "raise it")),
        ),
        figures=(
            FigureSpec(
                name="similarity",
                title="Views and the bank",
                kind="matrix",
                x="stored vector",
                y="view",
                value="cosine",
                positives="diagonal",
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
    loss_unit: ClassVar[str] = "nat"
    by_picture: ClassVar[bool] = True
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
        chosen_K = drawn_negatives(self.facts.samples, self.config.negatives, f_NP.device)
        negative_NK = instance_negatives(f_NP, self.bank.rows, views.index, chosen_K)
        loss_N = taught_by_seen(positive_N, negative_NK, self.bank.seen[views.index], self.config.temperature)
        terms = bank_terms(positive_N.detach(), negative_NK.detach(), self.bank)
        return Step(loss_N.mean(), terms, h_ND.detach(), loss_N.detach())

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
