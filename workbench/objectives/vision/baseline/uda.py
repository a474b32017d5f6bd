r"""UDA: the answer on a distorted picture must agree with the sharpened answer on the picture itself.

Xie, Dai, Hovy, Luong, Le: Unsupervised Data Augmentation for Consistency Training (NeurIPS 2020).

With a(x) the weak and A(x) the RandAugmented view, p = p(y | a(x)) and s its softmax at temperature T, both without a
gradient,

    L = mean over labelled with p(y | a(x)) < eta(t) of -log p(y | a(x))
        + w / U sum_unlabelled 1[max p >= beta] KL(s || p(. | A(x)))

(equation 1, with the paper's confidence-based masking and sharpening). eta is its training signal annealing: labelled
samples that are known well enough by now are left out, so that a few labels are not learned by heart while the many
pictures have yet to be seen:

    eta(t) = alpha(t) (1 - 1/K) + 1/K,  alpha = t (linear), 1 - exp(-5t) (log) or exp(5(t - 1)) (exp), t the done share

The paper takes T = 0.4, beta = 0.8 and w = 1 for CIFAR-10. It counts its losses over two batches of different size, we
over the labelled and unlabelled samples of one.

Shapes: N samples, K classes, D features
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.small_vit import INITIAL_STD
from workbench.objectives.base import Facts, Step
from workbench.objectives.checks import check_views
from workbench.objectives.vision.baseline.fixmatch import WEAK_AND_STRONG
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
    divergence_M,
    log_probabilities,
    pseudo_labels,
    unlabelled_mean,
)
from workbench.plugins.specs import Chance, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

Annealing = Literal["none", "linear", "log", "exp"]


class UDAConfig(Model):
    """Settings of UDA."""

    weight: float = setting(1.0, "Weight", "of the loss on unlabelled pictures", ge=0, le=100)
    temperature: float = setting(
        0.4, "Temperature", "sharpens the answer that the distorted view is taught; 1 leaves it", gt=0, le=10, log=True
    )
    threshold: float = setting(
        0.8, "Threshold", "how probable the likeliest class must be for a picture to count", ge=0, le=1
    )
    annealing: Annealing = setting(
        "linear", "Annealing", "how the release of the labels goes over the run; exp suits the fewest labels"
    )


def annealed_threshold(done: Tensor, schedule: Annealing, classes: int) -> Tensor:
    """eta(t), up to which probability a labelled sample is learned from.

    `done` is a scalar in [0, 1]; from 1/K, or for "log" and "exp" close to it, to 1 or close to it. Always above 1 for
    "none".
    """
    if schedule == "none":
        return torch.full_like(done, 2.0)
    alpha = {"linear": done, "log": 1 - torch.exp(-5 * done), "exp": torch.exp(5 * (done - 1))}[schedule]
    return alpha * (1 - 1 / classes) + 1 / classes


def annealed_cross_entropy(log_p_NK: Tensor, labels_N: Tensor, eta: Tensor) -> tuple[Tensor, Tensor]:
    """The mean cost of labelled samples whose label is less probable than eta, and their share of the labelled ones."""
    cost_N = cross_entropy_M(log_p_NK, labels_N.clamp(min=0))
    released_N = (labels_N >= 0) & (cost_N.detach() > -eta.log())
    loss = torch.where(released_N, cost_N, 0).sum() / released_N.sum().clamp(min=1)
    return loss, released_N.sum() / (labels_N >= 0).sum().clamp(min=1)


def consistency_loss(
    weak_logits_NK: Tensor, strong_NK: Tensor, labels_N: Tensor, threshold: float, temperature: float
) -> Tensor:
    """KL of strong views from the sharpened answers on their weak views, where those are sure.

    Parameters
    ----------
    weak_logits_NK : logits, which get no gradient
    strong_NK : logarithms of probabilities
    labels_N : labels, -1 for the samples that count
    """
    sure_N = pseudo_labels(log_probabilities(weak_logits_NK))[1] >= threshold
    target_NK = log_probabilities(weak_logits_NK.detach() / temperature)
    return unlabelled_mean(divergence_M(target_NK, strong_NK), labels_N, sure_N)


class UDA(FewLabels):
    """Consistency between pictures and their distortions, with annealed labels."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="uda",
        title="UDA",
        family="Baseline",
        summary="Few labels; a distorted picture must be classified like the picture itself, more surely still.",
        explanation=(
            "A classifier learns from the few labels that there are, those that it does not know yet. Of every other "
            "picture a heavily distorted view must give the same probabilities as a hardly changed one, sharpened. "
            "Hide labels with the training's setting Labels."
        ),
        energy=(
            "A picture gets low energy with its label, and a distorted view with the classes that the picture itself "
            "is surely taken for; the other classes get high energy. The labels keep it from collapsing."
        ),
        experience=(
            "The class probabilities of the weak view are predicted from the RandAugmented one, by a KL divergence."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{B'} \sum_{b: \, p_b < \eta(t)} \log p_b + \frac{w}{U} \sum_{u}"
            r" [\max p_u \geq \beta] \, \mathrm{KL}(p_u^{1/T} \, \| \, p(\cdot \mid A(x_u)))"
        ),
        paper=Paper(
            title="Unsupervised Data Augmentation for Consistency Training",
            authors="Xie, Dai, Hovy, Luong, Le",
            year=2020,
            venue="NeurIPS",
            url="https://arxiv.org/abs/1904.12848",
        ),
        needs=Needs(min_views=2, max_views=2, labels=True),
        metrics=(
            SUPERVISED_LOSS,
            UNSUPERVISED_LOSS,
            SHARE_ABOVE,
            ACCURACY,
            MetricSpec(
                name="released",
                title="Labels learned from",
                description="share of the labelled samples that are not known too well to be learned from now",
            ),
        ),
        figures=(WEAK_AND_STRONG, CONFIDENCE, BALANCE, CONFUSION),
        chance=Chance(formula="ln K", expression="log(classes)"),
        views_preset="fixmatch-cifar",
    )
    Config: ClassVar[type[Model]] = UDAConfig
    config: UDAConfig

    def __init__(self, config: UDAConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        # The labels released first are those just below 1/K: small weights keep their loss near log K.
        nn.init.normal_(self.head.weight, std=INITIAL_STD)
        nn.init.zeros_(self.head.bias)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Annealed cross-entropy of the labelled weak views, and the divergence of the strong views from the weak."""
        check_views(self.spec, views)
        assert views.labels is not None
        config = self.config
        h_MD = backbone(torch.cat(views.inputs))
        weak_logits_NK, strong_logits_NK = self.head(h_MD).chunk(2)
        weak_NK, strong_NK = log_probabilities(weak_logits_NK), log_probabilities(strong_logits_NK)
        eta = annealed_threshold(self.done, config.annealing, self.facts.classes)
        supervised, released = annealed_cross_entropy(weak_NK, views.labels, eta)
        unsupervised = consistency_loss(weak_logits_NK, strong_NK, views.labels, config.threshold, config.temperature)
        terms = common_terms(supervised, unsupervised, weak_NK, views.labels, config.threshold)
        return Step(supervised + config.weight * unsupervised, {**terms, "released": released}, h_MD.detach())
