r"""FixMatch: what the network says of a weak view, where it is sure, it must say of a strong view too.

Sohn, Berthelot, Li, Zhang, Carlini, Cubuk, Kurakin, Zhang, Raffel: FixMatch: Simplifying Semi-Supervised Learning with
Consistency and Confidence (NeurIPS 2020).

With a(x) the weak and A(x) the strong view, q = p(y | a(x)) without a gradient, and c = argmax q,

    L = 1/B sum_labelled -log p(y | a(x))  +  w / U sum_unlabelled 1[max q >= tau] (-log p(c | A(x)))

(equations 3 and 4). U counts all unlabelled samples of the batch, the unsure ones too. Both views pass the encoder as
one batch, so that its normalisation sees one mixture.

The paper takes w = 1, tau = 0.95, 7 unlabelled samples for a labelled one, and judges a moving average of the weights;
we judge the weights themselves. RandAugment is drawn at one magnitude, where the paper draws the magnitude too.

Shapes: N samples, K classes, D features
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.objectives.base import Step
from workbench.objectives.checks import check_views
from workbench.objectives.vision.baseline.semi import (
    ACCURACY,
    BALANCE,
    CONFIDENCE,
    CONFUSION,
    SHARE_ABOVE,
    SUPERVISED_LOSS,
    UNSUPERVISED_LOSS,
    FewLabels,
    common_terms,
    cross_entropy_M,
    log_probabilities,
    pseudo_labels,
    unlabelled_mean,
)
from workbench.objectives.vision.baseline.supervised import labelled_cross_entropy
from workbench.plugins.specs import Chance, FigureSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

WEAK_AND_STRONG = FigureSpec(
    name="pictures",
    title="Weak and strong views",
    kind="pictures",
    description="the view that gives the pseudo-label, and the one that is taught it",
    columns=("Weak view", "Strong view"),
)


class FixMatchConfig(Model):
    """Settings of FixMatch."""

    threshold: float = setting(
        0.95, "Threshold", "how probable the likeliest class of a weak view must be to become a label", ge=0, le=1
    )
    weight: float = setting(1.0, "Weight", "of the loss on unlabelled pictures", ge=0, le=100)


def consistency_loss(weak_NK: Tensor, strong_NK: Tensor, labels_N: Tensor, threshold: float) -> Tensor:
    """The cost of strong views that contradict the sure pseudo-labels of their weak ones (equation 4).

    Parameters
    ----------
    weak_NK, strong_NK : logarithms of probabilities; the weak ones get no gradient
    labels_N : labels, -1 for the samples that count
    threshold : least probability of a pseudo-label, in [0, 1]
    """
    guess_N, confidence_N = pseudo_labels(weak_NK)
    return unlabelled_mean(cross_entropy_M(strong_NK, guess_N), labels_N, confidence_N >= threshold)


class FixMatch(FewLabels):
    """Pseudo-labels of weak views, taught to strong ones."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="fixmatch",
        title="FixMatch",
        family="Baseline",
        summary="Few labels; where a weak view is classified surely, the strong view must be classified alike.",
        explanation=(
            "A classifier learns from the few labels that there are. For every other picture its own answer on a "
            "hardly changed view becomes the label of a heavily distorted one, but only where the answer is sure. "
            "Hide labels with the training's setting Labels."
        ),
        energy=(
            "A picture gets low energy with its label, or with the class that its weak view is surely taken for; all "
            "other classes get high energy. The labels keep it from collapsing."
        ),
        experience="The class of the weak view is predicted from the strong one, by a cross-entropy where it is sure.",
        formula=(
            r"\mathcal{L} = -\frac{1}{B} \sum_{b} \log p(y_b \mid a(x_b)) - \frac{w}{U} \sum_{u}"
            r" [\max q_u \geq \tau] \, \log p(\hat{c}_u \mid A(x_u))"
        ),
        paper=Paper(
            title="FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence",
            authors="Sohn, Berthelot, Li, Zhang, Carlini, Cubuk, Kurakin, Zhang, Raffel",
            year=2020,
            venue="NeurIPS",
            url="https://arxiv.org/abs/2001.07685",
        ),
        needs=Needs(min_views=2, max_views=2, labels=True),
        metrics=(SUPERVISED_LOSS, UNSUPERVISED_LOSS, SHARE_ABOVE, ACCURACY),
        figures=(WEAK_AND_STRONG, CONFIDENCE, BALANCE, CONFUSION),
        chance=Chance(formula="ln K", expression="log(classes)"),
        views_preset="fixmatch-cifar",
    )
    Config: ClassVar[type[Model]] = FixMatchConfig
    config: FixMatchConfig

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy of the labelled weak views, and of the strong views against sure pseudo-labels."""
        check_views(self.spec, views)
        assert views.labels is not None
        h_MD = backbone(torch.cat(views.inputs))
        weak_logits_NK, strong_logits_NK = self.head(h_MD).chunk(2)
        weak_NK, strong_NK = log_probabilities(weak_logits_NK), log_probabilities(strong_logits_NK)
        supervised = labelled_cross_entropy(weak_logits_NK, views.labels)
        unsupervised = consistency_loss(weak_NK, strong_NK, views.labels, self.config.threshold)
        terms = common_terms(supervised, unsupervised, weak_NK, views.labels, self.config.threshold)
        return Step(supervised + self.config.weight * unsupervised, terms, h_MD.detach())
