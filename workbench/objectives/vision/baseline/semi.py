"""Learning from few labels and many pictures: what the objectives of this kind share.

All of them train a linear classifier together with the encoder, on the labels that there are, and add a loss that needs
none. Which labels those are is the recipe's affair (`training.labels`): the other samples come with label -1.

Shapes: N samples, M views of them, K classes, D features
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.errors import Problem, RecipeError
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective
from workbench.objectives.figures import confusion_KK
from workbench.objectives.pictures import SHOWN_ROWS, rows_of, stretched
from workbench.objectives.vision.baseline.supervised import labelled_accuracy
from workbench.plugins.specs import FigureSpec, MetricSpec
from workbench.views.base import Views

SUPERVISED_LOSS = MetricSpec(
    name="supervised_loss",
    title="Supervised loss",
    better="lower",
    description="cross-entropy of the labelled samples; 0 in a batch without any",
)
UNSUPERVISED_LOSS = MetricSpec(
    name="unsupervised_loss",
    title="Unsupervised loss",
    better="neither",
    description="what is asked of the pictures without their labels, before its weight",
)
SHARE_ABOVE = MetricSpec(
    name="share_above",
    title="Share above the threshold",
    better="higher",
    description="share of the unlabelled samples whose pseudo-label is sure enough to be learned from",
)
ACCURACY = MetricSpec(
    name="accuracy",
    title="Labelled accuracy",
    better="higher",
    description="share of the labelled samples classified rightly",
)

CONFUSION = FigureSpec(
    name="confusion",
    title="Classes taken for classes",
    kind="matrix",
    x="taken for",
    y="true class",
    value="share",
    description="share of each true class (row) that was taken for each class (column)",
)
CONFIDENCE = FigureSpec(
    name="confidence",
    title="Confidence of the pseudo-labels",
    kind="bars",
    x="picture",
    y="probability",
    description="probability of the likeliest class, one bar for each picture shown",
)
BALANCE = FigureSpec(
    name="balance",
    title="Balance of the pseudo-labels",
    kind="bars",
    x="class",
    y="share of the pictures",
    description="share of the pictures that are taken for each class; one tall bar is a classifier that gave up",
)


def log_probabilities(logits_MK: Tensor) -> Tensor:
    """Logarithms of the softmax, in float32 at least."""
    wide = logits_MK if logits_MK.dtype == torch.float64 else logits_MK.float()
    return wide.log_softmax(dim=1)


def pseudo_labels(log_p_MK: Tensor) -> tuple[Tensor, Tensor]:
    """The likeliest class of each sample, int64 (M,), and its probability in [1/K, 1], without gradients."""
    confidence_M, guess_M = log_p_MK.detach().max(dim=1)
    return guess_M, confidence_M.exp()


def unlabelled_mean(cost_M: Tensor, labels_M: Tensor, chosen_M: Tensor) -> Tensor:
    """The sum of the costs of chosen samples without a label, over the number of samples without one; 0 without any.

    What is not chosen counts in the denominator, so that a batch of which little is learned weighs little. Costs of
    samples that are left out may be anything, also infinite: neither they nor their gradients are looked at.
    """
    unlabelled_M = labels_M < 0
    return torch.where(chosen_M & unlabelled_M, cost_M, 0).sum() / unlabelled_M.sum().clamp(min=1)


def cross_entropy_M(log_p_MK: Tensor, guess_M: Tensor) -> Tensor:
    """Minus the logarithm of the probability of each sample's class."""
    return -log_p_MK.gather(1, guess_M[:, None]).squeeze(1)


def divergence_M(log_p_MK: Tensor, log_q_MK: Tensor) -> Tensor:
    """The Kullback-Leibler divergence KL(p || q) of each sample, at or above 0."""
    return (log_p_MK.exp() * (log_p_MK - log_q_MK)).sum(dim=1)


def common_terms(
    supervised: Tensor, unsupervised: Tensor, log_p_MK: Tensor, labels_M: Tensor, threshold: float
) -> dict[str, Tensor]:
    """The values of `SUPERVISED_LOSS`, `UNSUPERVISED_LOSS`, `SHARE_ABOVE` and `ACCURACY`."""
    sure_M = pseudo_labels(log_p_MK)[1] >= threshold
    return {
        "supervised_loss": supervised.detach(),
        "unsupervised_loss": unsupervised.detach(),
        "share_above": unlabelled_mean(torch.ones_like(log_p_MK[:, 0]).detach(), labels_M, sure_M),
        "accuracy": labelled_accuracy(log_p_MK.detach(), labels_M),
    }


def shown_first(views: Views) -> Tensor:
    """The first few samples of a batch that are shown, those without a label before the others, int64."""
    labelled_N = torch.zeros_like(views.index) if views.labels is None else (views.labels >= 0).long()
    return labelled_N.argsort(stable=True)[:SHOWN_ROWS]


class FewLabels(Objective):
    """Base of the objectives that learn from labelled and unlabelled samples.

    Attributes
    ----------
    head : the linear classifier
    done : share of the run that is done, a scalar in [0, 1]; part of the state
    """

    head: nn.Linear
    done: Tensor
    no_sample_loss = "it adds a mean over the labelled samples to one over others"

    def __init__(self, config: Any, facts: Facts) -> None:
        super().__init__(config, facts)
        if facts.classes < 1:
            words = f"{self.spec.id!r} needs labels; this data set has none. Choose a labelled data set."
            raise RecipeError([Problem("objective.id", words)])
        self.head = nn.Linear(facts.width, facts.classes)
        self.register_buffer("done", torch.zeros(()))

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Keep the done share of the run, for what changes along it."""
        self.done.fill_(progress)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Unlabelled pictures where there are some, with their confidence; balance; confusion of what is labelled."""
        classes = self.facts.classes
        with evaluating(backbone, self):
            guess_N, confidence_N = pseudo_labels(log_probabilities(self.head(backbone(views.inputs[0]))))
            first = shown_first(views)
            strip = rows_of([stretched(view[first]) for view in views.inputs])
            shown = {
                "confidence": confidence_N[first],
                "balance": torch.bincount(guess_N, minlength=classes).float() / len(guess_N),
            }
            if views.labels is not None:
                shown["confusion"] = confusion_KK(views.labels, guess_N, classes)
            arrays = {"pictures": strip, **{name: array.cpu().numpy() for name, array in shown.items()}}
            return {figure.name: arrays[figure.name] for figure in self.spec.figures if figure.name in arrays}
