r"""VAT: the answer on a picture must not change under the small change that would change it most.

Miyato, Maeda, Koyama, Ishii: Virtual Adversarial Training: A Regularization Method for Supervised and Semi-Supervised
Learning (IEEE TPAMI 2018).

With p = p(y | x) without a gradient,

    L = 1/B sum_labelled -log p(y | x)  +  w / M sum_all KL(p || p(. | x + r))  +  e / M sum_all H(p(. | x))

    r = epsilon g / |g|,   g = gradient at xi d of KL(p || p(. | x + r)) with respect to r,   d a random unit vector

(algorithm 1; with e = 1 what the paper calls VAT+EntMin). KL is least at r = 0, so its gradient at a small xi d is xi
times its Hessian there times d: a step of the power iteration for the direction in which the answer changes most.

Passes of x + xi d and x + r normalise by the statistics of their batch, but do not enter the running ones. d is a
function of the sample, of the step and of a number drawn when the objective is built, so that a run can be repeated; it
is uniform in a cube instead of normal, which in hundreds of dimensions is as good. The paper's xi of 1e-6 adds less to
a pixel than float32 holds beside it; ours is larger, and a test compares the directions.

The paper takes one power iteration, w = 1, e = 1 and tunes epsilon alone. Its lengths, like ours, are over all numbers
of an input, but its inputs are whitened, so that its values do not carry over.

Shapes: V views of N samples, M = V * N, K classes, D features
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating, unrecorded
from workbench.objectives.base import Facts, Step
from workbench.objectives.checks import check_views
from workbench.objectives.pictures import rows_of, stretched
from workbench.objectives.vision.baseline.semi import (
    ACCURACY,
    BALANCE,
    CONFIDENCE,
    CONFUSION,
    SUPERVISED_LOSS,
    UNSUPERVISED_LOSS,
    FewLabels,
    divergence_M,
    log_probabilities,
    shown_first,
)
from workbench.objectives.vision.baseline.supervised import labelled_accuracy, labelled_cross_entropy
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views
from workbench.views.fields import LEVELS, words_of

# Odd numbers that keep the fields of samples, views and steps apart.
_BY_SAMPLE, _BY_VIEW, _BY_STEP = 0x2545F4914F6CDD1D, 0x369DEA0F31A53F85, 0x5851F42D4C957F2D


class VATConfig(Model):
    """Settings of VAT."""

    weight: float = setting(1.0, "Weight", "of the smoothness", ge=0, le=100)
    entropy_weight: float = setting(1.0, "Entropy", "weight of the entropy of the answers", ge=0, le=100)
    epsilon: float = setting(
        4.0, "Length", "of the adversarial change, over all numbers of a normalised view", gt=0, le=1000, log=True
    )
    iterations: int = setting(1, "Iterations", "power iterations towards the worst direction", ge=1, le=10)
    xi: float = setting(
        0.5,
        "Probe",
        "length of the change by which the worst direction is found",
        gt=0,
        le=100,
        log=True,
        advanced=True,
    )


def unit_length(r_MCHW: Tensor) -> Tensor:
    """Each sample's change scaled to length 1; a change of nothing stays nothing."""
    largest_M111 = r_MCHW.abs().amax(dim=(1, 2, 3), keepdim=True)
    scaled = r_MCHW / torch.where(largest_M111 > 0, largest_M111, 1)
    length_M111 = scaled.square().sum(dim=(1, 2, 3), keepdim=True).sqrt()
    return scaled / torch.where(length_M111 > 0, length_M111, 1)


def random_directions(index_N: Tensor, views: int, step: Tensor, key: Tensor, shape: torch.Size) -> Tensor:
    """A random direction of length 1 for each view of each sample, float32 of the given shape (M, C, H, W).

    A function of the sample's position, of its view and of the integers `step` and `key`, whatever the order.
    """
    view_M = torch.arange(views, device=index_N.device).repeat_interleave(len(index_N))
    seeds_M = index_N.repeat(views) * _BY_SAMPLE + view_M * _BY_VIEW + step * _BY_STEP + key
    uniform = words_of(seeds_M, shape[1:].numel()).view(shape) * (2 / (LEVELS - 1)) - 1
    return unit_length(uniform)


def worst_direction(divergence: Callable[[Tensor], Tensor], d_MCHW: Tensor, xi: float, iterations: int) -> Tensor:
    """The direction of length 1 in which each answer changes most, without a gradient.

    Parameters
    ----------
    divergence : from a change (M, C, H, W) to the divergence of each answer from that without it, (M,)
    d_MCHW : directions of length 1 to begin with
    xi : length of the changes that are tried
    """
    with torch.enable_grad():
        for _ in range(iterations):
            r_MCHW = (xi * d_MCHW).detach().requires_grad_()
            (gradient,) = torch.autograd.grad(divergence(r_MCHW).sum(), r_MCHW)
            d_MCHW = unit_length(gradient)
    return d_MCHW.detach()


def entropy_M(log_p_MK: Tensor) -> Tensor:
    """The entropy of each answer, in [0, log K]."""
    return -(log_p_MK.exp() * log_p_MK).sum(dim=1)


class VAT(FewLabels):
    """Smooth answers around every picture, and sure ones."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="vat",
        title="VAT",
        family="Baseline",
        summary="Few labels; no small change of a picture, not even the worst one, may change the answer.",
        explanation=(
            "A classifier learns from the few labels that there are. Around every picture, labelled or not, the small "
            "change that would change the answer most is found and the answer there is pulled back; all answers are "
            "made sure. Hide labels with the training's setting Labels."
        ),
        energy=(
            "A picture gets low energy with its label, and all that lies close to it the same energies as the picture. "
            "The borders move to where there are no pictures; the labels keep it from collapsing."
        ),
        experience="The answer on a picture is predicted from the picture with its worst change, by a KL divergence.",
        formula=(
            r"\mathcal{L} = -\frac{1}{B} \sum_{b} \log p(y_b \mid x_b) + \frac{1}{M} \sum_{m} \left["
            r" w \, \mathrm{KL}(p(\cdot \mid x_m) \, \| \, p(\cdot \mid x_m + r_m)) + e \, H(p(\cdot \mid x_m)) \right]"
        ),
        paper=Paper(
            title="Virtual Adversarial Training: A Regularization Method for Supervised and Semi-Supervised Learning",
            authors="Miyato, Maeda, Koyama, Ishii",
            year=2018,
            venue="IEEE TPAMI",
            url="https://arxiv.org/abs/1704.03976",
        ),
        needs=Needs(min_views=1, labels=True),
        metrics=(
            SUPERVISED_LOSS,
            UNSUPERVISED_LOSS,
            MetricSpec(
                name="smoothness",
                title="Change by the worst change",
                better="lower",
                description="mean KL divergence between the answers without and with the adversarial change",
            ),
            MetricSpec(
                name="answer_entropy",
                title="Entropy of the answers",
                better="lower",
                description="mean entropy of the class probabilities; log K knows nothing",
            ),
            ACCURACY,
        ),
        figures=(
            FigureSpec(
                name="pictures",
                title="Worst changes",
                kind="pictures",
                description="a view, the change that alters its answer most, stretched, and both together",
                columns=("View", "Worst change", "Changed view"),
            ),
            CONFIDENCE,
            BALANCE,
            CONFUSION,
        ),
        chance=Chance(formula="(1 + e) ln K", expression="(1 + entropy_weight) * log(classes)"),
        views_preset="supervised-cifar",
    )
    Config: ClassVar[type[Model]] = VATConfig
    config: VATConfig
    steps: Tensor
    key: Tensor

    def __init__(self, config: VATConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("key", torch.randint(2**62, ()))

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy of the labelled views, smoothness and entropy of all."""
        check_views(self.spec, views)
        assert views.labels is not None
        labels_M = views.labels.repeat(len(views.inputs))
        x_M3SS = torch.cat(views.inputs)
        h_MD = backbone(x_M3SS)
        logits_MK = self.head(h_MD)
        log_p_MK = log_probabilities(logits_MK)
        r_M3SS = self._worst_change(x_M3SS, log_p_MK.detach(), views, backbone)
        smoothness = self._divergence_M(x_M3SS + r_M3SS, log_p_MK.detach(), backbone).mean()
        entropy = entropy_M(log_p_MK).mean()
        supervised = labelled_cross_entropy(logits_MK, labels_M)
        unsupervised = self.config.weight * smoothness + self.config.entropy_weight * entropy
        terms = {
            "supervised_loss": supervised.detach(),
            "unsupervised_loss": unsupervised.detach(),
            "smoothness": smoothness.detach(),
            "answer_entropy": entropy.detach(),
            "accuracy": labelled_accuracy(logits_MK.detach(), labels_M),
        }
        return Step(supervised + unsupervised, terms, h_MD.detach())

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Count the steps: each has random directions of its own."""
        super().after_step(backbone, progress)
        self.steps.add_(1)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """What all of them show, with the worst change of the pictures shown."""
        shown = super().figures(views, backbone)
        first = shown_first(views)
        few = Views({"A": (views.inputs[0][first],)}, views.index[first])
        with evaluating(backbone, self):
            x_N3SS = few.inputs[0]
            r_N3SS = self._worst_change(x_N3SS, log_probabilities(self.head(backbone(x_N3SS))), few, backbone)
        columns = [stretched(part) for part in (x_N3SS, r_N3SS, x_N3SS + r_N3SS)]
        return {**shown, "pictures": rows_of(columns)}

    def _worst_change(self, x_M3SS: Tensor, log_p_MK: Tensor, views: Views, backbone: Backbone) -> Tensor:
        """The change of length epsilon that alters the answer most, without a gradient."""
        start = random_directions(views.index, len(views.inputs), self.steps, self.key, x_M3SS.shape)
        found = worst_direction(
            lambda r: self._divergence_M(x_M3SS + r, log_p_MK, backbone),
            start,
            self.config.xi,
            self.config.iterations,
        )
        return self.config.epsilon * found

    def _divergence_M(self, x_M3SS: Tensor, log_p_MK: Tensor, backbone: Backbone) -> Tensor:
        """KL of the answers on changed views from the answers given, one a view."""
        with unrecorded(backbone, self.head):
            return divergence_M(log_p_MK, log_probabilities(self.head(backbone(x_M3SS))))
