r"""Pseudo-label: the class that the network finds likeliest is taken for the label of an unlabelled picture.

Lee: Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks (ICML 2013 workshop
on Challenges in Representation Learning).

With c = argmax p(y | x) of the same forward pass,

    L = 1/B sum_labelled -log p(y | x)  +  alpha(t) / U sum_unlabelled -log p(c | x)

(equation 15). alpha is 0 at first, since early guesses teach mistakes, and rises linearly to its full value (equation
16). To learn from one's own likeliest class is to lower the entropy of the guesses (section 3).

The paper counts the rise in epochs (100 to 600 of MNIST, to alpha = 3); we count it in shares of the run. It takes
every guess; a threshold on the confidence came with its successors, and 0 is without.

Shapes: V views of N samples, M = V * N, K classes, D features
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
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class PseudoLabelConfig(Model):
    """Settings of pseudo-labels."""

    weight: float = setting(3.0, "Weight", "of the loss on pseudo-labels once it is full", ge=0, le=100)
    start: float = setting(0.1, "Start", "share of the run after which pseudo-labels begin to count", ge=0, le=1)
    full: float = setting(0.6, "Full", "share of the run after which they count fully", ge=0, le=1)
    threshold: float = setting(
        0.0, "Threshold", "how probable the likeliest class must be to become a label; 0 takes all", ge=0, le=1
    )


def ramp(done: Tensor, start: float, full: float) -> Tensor:
    """0 until `start`, 1 from `full` on, a line between (equation 16); `done` is a scalar in [0, 1]."""
    return ((done - start) / max(full - start, 1e-6)).clamp(0, 1)


def pseudo_label_loss(log_p_MK: Tensor, labels_M: Tensor, threshold: float = 0.0) -> Tensor:
    """The cost of not being sure of one's own likeliest class, over the samples without a label."""
    guess_M, confidence_M = pseudo_labels(log_p_MK)
    return unlabelled_mean(cross_entropy_M(log_p_MK, guess_M), labels_M, confidence_M >= threshold)


class PseudoLabel(FewLabels):
    """The network's own answers as labels of what has none."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="pseudo_label",
        title="Pseudo-label",
        family="Baseline",
        summary="Few labels; of all other pictures the likeliest class is taken for the label.",
        explanation=(
            "A classifier learns from the few labels that there are, and later in the run from its own answers too. "
            "That pushes the border between classes to where there are few pictures. Wrong answers are learned like "
            "right ones, so they count little at first. Hide labels with the training's setting Labels."
        ),
        energy=(
            "A picture gets low energy with its label, or with the class that it is taken for already; the other "
            "classes get high energy. The labels keep it from collapsing."
        ),
        experience="The label is predicted from the picture; where there is none, the network's own answer is.",
        formula=(
            r"\mathcal{L} = -\frac{1}{B} \sum_{b} \log p(y_b \mid x_b) - \frac{\alpha(t)}{U} \sum_{u}"
            r" \log \max_k p(k \mid x_u)"
        ),
        paper=Paper(
            title="Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks",
            authors="Lee",
            year=2013,
            venue="ICML workshop",
        ),
        needs=Needs(
            min_views=1,
            labels=True,
            bounds=(Bound(setting="start", at_most="full", why="where pseudo-labels count fully"),),
        ),
        metrics=(
            SUPERVISED_LOSS,
            UNSUPERVISED_LOSS,
            SHARE_ABOVE,
            ACCURACY,
            MetricSpec(
                name="ramp",
                title="Ramp",
                description="what share of its full weight the loss on pseudo-labels has by now",
            ),
        ),
        figures=(
            FigureSpec(
                name="pictures",
                title="Pictures and their pseudo-labels",
                kind="pictures",
                description="views of the batch, whose confidence stands beside them",
            ),
            CONFIDENCE,
            BALANCE,
            CONFUSION,
        ),
        chance=Chance(formula="ln K", expression="log(classes)"),
        views_preset="supervised-cifar",
    )
    Config: ClassVar[type[Model]] = PseudoLabelConfig
    config: PseudoLabelConfig

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy of the labelled views, and of the others against their likeliest class."""
        check_views(self.spec, views)
        assert views.labels is not None
        labels_M = views.labels.repeat(len(views.inputs))
        h_MD = backbone(torch.cat(views.inputs))
        logits_MK = self.head(h_MD)
        log_p_MK = log_probabilities(logits_MK)
        supervised = labelled_cross_entropy(logits_MK, labels_M)
        unsupervised = pseudo_label_loss(log_p_MK, labels_M, self.config.threshold)
        risen = ramp(self.done, self.config.start, self.config.full)
        terms = common_terms(supervised, unsupervised, log_p_MK, labels_M, self.config.threshold)
        return Step(supervised + self.config.weight * risen * unsupervised, {**terms, "ramp": risen}, h_MD.detach())
