"""Exemplar networks: every picture is a class of its own, whose members are its distorted copies.

Dosovitskiy, Springenberg, Riedmiller, Brox: Discriminative Unsupervised Feature Learning with Convolutional Neural
Networks (NIPS 2014), section 2.2 (equation 5).

    L = -1/M' sum_{m: y_m >= 0} log softmax(W f(T x_m) + b)[y_m]

with T random distortions, drawn anew whenever a picture is seen, and y the number of the picture. Classes are given to
the first K pictures that training meets; a picture that comes later has none, is left out of the loss (M' counts the
others) and teaches nothing, so K is best the number of pictures that are learned from: set `training.samples` to it.
Over several processes each divides by its own M'.

The paper takes 32-px patches of pictures, 8000 to 32,000 of them, makes 150 copies of each beforehand, and finds that
more classes help until pictures become too alike to be told apart. We take whole pictures of 32 px, and make copies
without end.

Shapes: V views of N samples, M = V * N, D features, K surrogate classes, S samples in the training split
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.distributed import gather, rank
from workbench.objectives.pictures import SHOWN_ROWS, rows_of, stretched
from workbench.objectives.samples import masked_mean, of_chosen
from workbench.objectives.vision.baseline.supervised import label_costs, labelled_accuracy
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

NO_CLASS = -1


class ExemplarConfig(Model):
    """Settings of exemplar networks."""

    exemplars: int = setting(
        4096,
        "Exemplars",
        "pictures that are classes; further ones are left out, so set training.samples to the same number",
        unit="pictures",
        ge=2,
        le=100_000,
    )


def classes_with(class_S: Tensor, index_N: Tensor, exemplars: int) -> Tensor:
    """The pictures' classes once these are known too: those without one take the next free numbers, by their index.

    Parameters
    ----------
    class_S : int64, below 0 for pictures without a class
    index_N : pictures met now, each once
    exemplars : K; pictures beyond it stay without a class

    Returns
    -------
    class_S : a new tensor
    """
    known_S = class_S >= 0
    met_S = torch.zeros_like(known_S).index_fill(0, index_N, True)
    fresh_S = met_S & ~known_S
    next_S = known_S.sum() + fresh_S.cumsum(0) - 1
    return torch.where(fresh_S & (next_S < exemplars), next_S, class_S)


class Exemplar(Objective):
    """Classification of distorted pictures as the picture that they were made of."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="exemplar",
        title="Exemplar networks",
        family="Pretext task",
        summary="Every picture is a class of its own, to be known again under any distortion.",
        explanation=(
            "A linear classifier has one class for each picture, and has to name the picture that a distorted copy was "
            "made of. What the distortions change is forgotten, what tells pictures apart is kept. The classifier "
            "grows with the pictures, and pictures that are alike are pushed apart as if they were not."
        ),
        energy=(
            "A distorted copy and the weights of its picture's class get low energy, those of all other pictures high "
            "energy, which keeps the space from collapsing."
        ),
        experience="The picture's number is predicted from a distorted copy, by a cross-entropy over all pictures.",
        formula=(
            r"\mathcal{L} = -\frac{1}{M} \sum_{m=1}^{M} \log"
            r" \frac{\exp(w_{y_m} \cdot f(T x_m))}{\sum_{k=1}^{K} \exp(w_k \cdot f(T x_m))}"
        ),
        paper=Paper(
            title="Discriminative Unsupervised Feature Learning with Convolutional Neural Networks",
            authors="Dosovitskiy, Springenberg, Riedmiller, Brox",
            year=2014,
            venue="NIPS",
            url="https://arxiv.org/abs/1406.6909",
        ),
        needs=Needs(
            min_views=1,
            bounds=(Bound(setting="exemplars", at_most="samples", why="one for each picture that is learned from"),),
        ),
        metrics=(
            MetricSpec(
                name="exemplar_accuracy",
                title="Exemplar accuracy",
                better="higher",
                description="share of views that are taken for their own picture; one in the exemplars is chance",
            ),
            MetricSpec(
                name="exemplar_share",
                title="Views with a class",
                better="higher",
                description="share of the batch that is learned from; the others' pictures are beyond the exemplars",
            ),
        ),
        figures=(
            FigureSpec(
                name="confused",
                title="Most confused with",
                kind="pictures",
                description="a copy of a picture, and a copy of that picture of the batch it is taken for most, "
                "other than itself",
                columns=("copy", "most confused with"),
            ),
        ),
        chance=Chance(formula="ln K for K exemplars", expression="log(exemplars)"),
        views_preset="exemplar",
    )
    Config: ClassVar[type[Model]] = ExemplarConfig
    loss_unit: ClassVar[str] = "nat"
    by_picture: ClassVar[bool] = True
    config: ExemplarConfig

    def __init__(self, config: ExemplarConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.head = nn.Linear(facts.width, config.exemplars)
        self.register_buffer("classes", torch.full((facts.samples,), NO_CLASS, dtype=torch.int64))
        self._met_N: Tensor | None = None

    classes: Tensor

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy over the views of all pictures that have a class."""
        check_views(self.spec, views)
        samples = len(views.index)
        self._met_N = gather(views.index)
        own_N = self._met_N[rank() * samples : (rank() + 1) * samples]
        label_N = classes_with(self.classes, self._met_N, self.config.exemplars)[own_N]
        label_M = label_N.repeat(len(views.inputs))
        h_MD = backbone(torch.cat(views.inputs))
        logits_MK = self.head(h_MD)
        terms = {
            "exemplar_accuracy": labelled_accuracy(logits_MK.detach(), label_M),
            "exemplar_share": (label_N >= 0).float().mean(),
        }
        cost_M, known_M = label_costs(logits_MK, label_M), label_M >= 0
        each_N = of_chosen(*(x.view(-1, samples).T for x in (cost_M, known_M)))
        return Step(masked_mean(cost_M, known_M), terms, h_MD.detach(), each_N)

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Give the batch's pictures their classes for good."""
        if self._met_N is not None:
            self.classes.copy_(classes_with(self.classes, self._met_N, self.config.exemplars))
            self._met_N = None

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pictures with a class, each beside the picture of the batch that it is taken for most."""
        with evaluating(backbone, self):
            label_N = self.classes[views.index]
            known = (label_N >= 0).nonzero().flatten()
            if len(known) < 2:
                return {}
            pictures = views.inputs[0][known]
            sim_NN = self.head(backbone(pictures))[:, label_N[known]]
            rival_N = sim_NN.fill_diagonal_(-torch.inf).argmax(dim=1)
            shown = stretched(pictures)
            return {"confused": rows_of((shown[:SHOWN_ROWS], shown[rival_N[:SHOWN_ROWS]]))}
