"""The supervised baseline: the same encoder, the same views, learned from labels.

Cross-entropy of a linear classifier on the encoder's features, what self-supervised learning is measured against. For
the step from softmax to log-likelihood see Bridle: Training Stochastic Model Recognition Algorithms as Networks can
Lead to Maximum Mutual Information Estimation of Parameters (NIPS 1989).

    L = -1/M' sum_{m: y_m >= 0} log softmax(W f(x_m) + b)[y_m]

M' counts the labelled views; samples with label -1 are left out, and a batch without any has loss 0. Over several
processes each divides by its own M'.

Where the views mix pictures (mixup, cutmix), a view m that keeps the share s_m of its own picture and has 1 - s_m of
picture p(m) costs s_m CE(y_m) + (1 - s_m) CE(y_p(m)) (Zhang et al.: mixup, ICLR 2018, section 2), M' is the sum of the
shares that have a label, and the accuracy counts a guess by the share of its class.

Shapes: V views of N samples, M = V * N, D features, K classes
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.errors import Problem, RecipeError
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.figures import confusion_KK
from workbench.objectives.samples import masked_mean, of_chosen
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

UNKNOWN = -1


class SupervisedConfig(Model):
    """Settings of the supervised baseline."""

    label_smoothing: float = setting(
        0.0, "Label smoothing", "share of each label that is spread over all classes", ge=0, lt=1, advanced=True
    )


def labelled_cross_entropy(logits_MK: Tensor, labels_M: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy over the samples with a label at or above 0; 0, with a gradient, where there are none.

    Over several processes each takes the mean over its own labelled samples.
    """
    return masked_mean(label_costs(logits_MK, labels_M, smoothing), labels_M >= 0)


def label_costs(logits_MK: Tensor, labels_M: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of every label, (M,); 0 for a label below 0."""
    return F.cross_entropy(
        logits_MK.float(), labels_M, ignore_index=UNKNOWN, label_smoothing=smoothing, reduction="none"
    )


def labelled_accuracy(logits_MK: Tensor, labels_M: Tensor) -> Tensor:
    """Share of labelled samples whose largest logit is their label; 0 where there are none."""
    right = (logits_MK.argmax(dim=1) == labels_M).sum()
    return right / (labels_M >= 0).sum().clamp(min=1)


def mixed_costs(logits_MK: Tensor, labels_2M: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of both labels of every view, (2, M); 0 for a label below 0."""
    return torch.stack([label_costs(logits_MK, labels_M, smoothing) for labels_M in labels_2M])


def mixed_accuracy(logits_MK: Tensor, labels_2M: Tensor, shares_2M: Tensor) -> Tensor:
    """Share of what was mixed whose label is the largest logit; 0 where there are no labels."""
    return shared_mean((logits_MK.argmax(dim=1) == labels_2M).float(), labels_2M, shares_2M)


def shared_mean(values_2M: Tensor, labels_2M: Tensor, shares_2M: Tensor) -> Tensor:
    """The mean in which each label weighs its share; labels below 0 and their shares do not count, 0 without any."""
    weights_2M = shares_2M * (labels_2M >= 0)
    total = weights_2M.sum()
    return (weights_2M * values_2M).sum() / torch.where(total > 0, total, 1)


class Supervised(Objective):
    """A linear classifier trained together with the encoder."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="supervised",
        title="Supervised baseline",
        family="Baseline",
        summary="The same encoder learned from labels: what self-supervision is compared with.",
        explanation=(
            "A linear classifier on the encoder's features, both trained on the labels. It answers what this encoder "
            "reaches on this data when it is told everything."
        ),
        energy=(
            "A picture and its label get low energy, all other labels high energy; labels make collapse impossible."
        ),
        experience="The label that a person gave is predicted from the picture, by a cross-entropy over the classes.",
        formula=r"\mathcal{L} = -\frac{1}{M} \sum_{m=1}^{M} \log \, p(y_m \mid x_m)",
        paper=Paper(
            title="Training Stochastic Model Recognition Algorithms as Networks can Lead to Maximum Mutual Information "
            "Estimation of Parameters",
            authors="Bridle",
            year=1989,
            venue="NIPS",
        ),
        needs=Needs(min_views=1, labels=True),
        metrics=(
            MetricSpec(
                name="accuracy",
                title="Training accuracy",
                better="higher",
                description="share of labelled views classified rightly",
            ),
        ),
        figures=(
            FigureSpec(
                name="confusion",
                title="Classes taken for classes",
                kind="matrix",
                x="taken for",
                y="true class",
                value="share",
                description="share of each true class (row) that was taken for each class (column)",
            ),
        ),
        chance=Chance(formula="ln K", expression="log(classes)"),
        views_preset="supervised-cifar",
    )
    Config: ClassVar[type[Model]] = SupervisedConfig
    loss_unit: ClassVar[str] = "nat"
    config: SupervisedConfig

    def __init__(self, config: SupervisedConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        if facts.classes < 1:
            raise RecipeError([Problem("objective.id", "'supervised' needs labels; this data set has none.")])
        self.head = nn.Linear(facts.width, facts.classes)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy over all labelled views."""
        check_views(self.spec, views)
        h_MD = backbone(torch.cat(views.inputs))
        logits_MK = self.head(h_MD)
        if "mix_partner" in views.targets:
            labels_2M, shares_2M = _mixed_labels(views)
            cost_2M = mixed_costs(logits_MK, labels_2M, self.config.label_smoothing)
            loss = shared_mean(cost_2M, labels_2M, shares_2M)
            each_N = _shared_by_sample(cost_2M, labels_2M, shares_2M, len(views.index))
            accuracy = mixed_accuracy(logits_MK.detach(), labels_2M, shares_2M)
        else:
            labels_M = _repeated_labels(views)
            cost_M, known_M = label_costs(logits_MK, labels_M, self.config.label_smoothing), labels_M >= 0
            loss = masked_mean(cost_M, known_M)
            each_N = of_chosen(*(x.view(-1, len(views.index)).T for x in (cost_M, known_M)))
            accuracy = labelled_accuracy(logits_MK.detach(), labels_M)
        return Step(loss, {"accuracy": accuracy}, h_MD.detach(), each_N)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Confusion of the classes: shares of each true class (row) taken for each class (column)."""
        with evaluating(backbone, self):
            guess_M = self.head(backbone(torch.cat(views.inputs))).argmax(dim=1)
            return {"confusion": confusion_KK(_repeated_labels(views), guess_M, self.facts.classes).cpu().numpy()}


def _shared_by_sample(cost_2M: Tensor, labels_2M: Tensor, shares_2M: Tensor, samples: int) -> Tensor:
    """`shared_mean` of every sample by itself, (N,) without a gradient; NaN where it has no label."""
    weights_2M = shares_2M * (labels_2M >= 0)
    cost_N, weight_N = (x.view(2, -1, samples).sum(dim=(0, 1)) for x in (weights_2M * cost_2M.detach(), weights_2M))
    return cost_N / weight_N


def _repeated_labels(views: Views) -> Tensor:
    assert views.labels is not None
    return views.labels.repeat(len(views.inputs))


def _mixed_labels(views: Views) -> tuple[Tensor, Tensor]:
    """The own and the partner's label of every view, (2, M), and the share of each."""
    assert views.labels is not None
    partner_VN, share_VN = views.targets["mix_partner"], views.targets["mix_share"]
    share_VN = torch.where(partner_VN < 0, 1.0, share_VN)  # a view of a branch that does not mix
    own_VN = views.labels.expand_as(partner_VN)
    other_VN = views.labels[partner_VN.clamp(min=0)]
    return torch.stack([own_VN.flatten(), other_VN.flatten()]), torch.stack([share_VN, 1 - share_VN]).flatten(1)
