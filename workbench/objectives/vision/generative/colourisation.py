"""Colourisation: from the lightness of a picture, say its colours.

Zhang, Isola, Efros: Colorful Image Colorization (ECCV 2016), and Larsson, Maire, Shakhnarovich: Learning
Representations for Automatic Colorization (ECCV 2016), found at the same time that this teaches features.

The view is CIE Lab; the encoder is given L. For each place of a map, with Z its soft-encoded colour over Q bins,

    L_cl = - mean over places of w(q*) sum_q Z_q log P_q            (equation 2)
    w(q) ~ ((1 - lambda) p_q + lambda / Q)^-1,  E[w] = 1            (equation 4)

where q* is the nearest bin and p the share of each bin in the data. The read-out is the annealed mean (equation 5,
T = 0.38). With classes switched off the loss is half the squared distance in the ab plane (equation 1), in units of 110
of Lab; it has no chance level, because what grey costs depends on the pictures.

We differ in the encoder: the paper's predicts from feature maps at a quarter of the input's side, ours from tokens
where the backbone gives them and otherwise from the pooled vector through a decoder, so that all that the map shows has
to be in the features. The prior p is learned while training, where the paper counts ImageNet's (`ab_bins.BinPrior`), so
the first step weighs all bins alike. The target is the mean colour of each place of the map.

Shapes: N samples, D features, Q bins, h = w side of the map, M = N * h * w places, S side of the view
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.pictures import SHOWN_ROWS, rows_of
from workbench.objectives.samples import of_entries
from workbench.objectives.vision.generative.ab_bins import (
    BINS,
    BinPrior,
    annealed_mean,
    bin_cross_entropy,
    bins_used,
    gamut_bins,
    importance,
    soft_labels,
)
from workbench.objectives.vision.generative.colour_maps import (
    BINS_USED,
    COLOUR_ERROR,
    SATURATION,
    MapHead,
    colour_terms,
    half_square,
    painted,
    places,
    require_colour,
    resized,
)
from workbench.plugins.specs import Bound, Chance, FigureSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views
from workbench.views.lab import COLOUR_SCALE


class ColourisationConfig(Model):
    """Settings of colourisation."""

    quantised: bool = setting(
        True, "Colour classes", "on: choose among quantised colours; off: predict a and b by regression, which is dull"
    )
    side: int = setting(
        8, "Map", "side of the map of colours; the paper predicts a quarter of the input", unit="px", ge=1, le=256
    )
    rebalance: float = setting(
        0.5, "Rebalancing", "how far rare colours are made to count as much as common ones; classes only", ge=0, le=1
    )
    temperature: float = setting(
        0.38, "Read-out temperature", "1 shows the mean colour, near 0 the most likely one; classes only", gt=0, le=1
    )


class Colourisation(Objective):
    """Lightness in, colours out."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="colourisation",
        title="Colourisation",
        family="Generative",
        summary="The network sees a picture in grey and says which colours it has.",
        explanation=(
            "To know that grass is green and the sky is blue, one has to see that it is grass and sky. Many things may "
            "have several colours: as a choice among colour classes the prediction can say so, while a regression "
            "answers with their mean, a dull brown. Rare, lively colours are weighed up against the grey of most "
            "pixels."
        ),
        energy=(
            "A picture gets low energy when its colours are likely given its lightness. The softmax over colour "
            "classes pushes all other colours up; the target is given, so nothing can collapse."
        ),
        experience="The colours (a and b) of a picture are predicted from its lightness (L), by a cross-entropy.",
        formula=r"\mathcal{L} = -\frac{1}{hw} \sum_{h,w} w(q^*_{hw}) \sum_{q=1}^{Q} Z_{hwq} \, \log P_{hwq}",
        paper=Paper(
            title="Colorful Image Colorization",
            authors="Zhang, Isola, Efros",
            year=2016,
            venue="ECCV",
            url="https://arxiv.org/abs/1603.08511",
        ),
        needs=Needs(
            min_views=1,
            max_views=1,
            targets=("lab",),
            colour=True,
            given="lightness",
            bounds=(Bound(setting="side", at_most="size", why="the side of a view"),),
        ),
        metrics=(COLOUR_ERROR, SATURATION, BINS_USED),
        figures=(
            FigureSpec(
                name="colours",
                title="Colours",
                kind="pictures",
                description=(
                    "The prediction is a coarse map of colours, laid over the lightness that was given. The third "
                    "column shows the true colours as coarsely."
                ),
                columns=("What is seen", "Prediction", "True colours, coarse", "Picture"),
            ),
        ),
        chance=Chance(formula=f"ln {BINS}; none for regression", expression=f"log({BINS}) / quantised"),
        views_preset="colourisation-cifar",
    )
    Config: ClassVar[type[Model]] = ColourisationConfig
    config: ColourisationConfig
    bins: Tensor

    def __init__(self, config: ColourisationConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        require_colour(self.spec, facts)
        self.head: nn.Module = nn.Identity()
        self.prior = BinPrior()
        self.register_buffer("bins", gamut_bins().clone(), persistent=False)

    def attach(self, backbone: Backbone) -> None:
        """Whether the backbone gives tokens decides where the map comes from."""
        self.head = MapHead(backbone, BINS if self.config.quantised else 2, self.config.side)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The loss of the map of colours."""
        check_views(self.spec, views)
        target = resized(views.targets["lab"][0][:, 1:].float(), self.config.side)
        predicted, h_ND = self.head(views.inputs[0], backbone)
        loss_Nhw = self._bin_loss(predicted, target) if self.config.quantised else half_square(predicted, target)
        ab = self._read_out(predicted.detach())
        terms = {**colour_terms(ab, target * COLOUR_SCALE), "bins_used": bins_used(places(ab))}
        return Step(loss_Nhw.mean(), terms, h_ND.detach(), of_entries(loss_Nhw))

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Count the colours of the step's pictures."""
        self.prior.update()

    def _bin_loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of every place, (N, h, w)."""
        nearest_MK, share_MK = soft_labels(places(target) * COLOUR_SCALE, self.bins)
        self.prior.note(nearest_MK, share_MK)
        weight_Q = importance(self.prior.share, self.config.rebalance)
        return bin_cross_entropy(places(logits), nearest_MK, share_MK, weight_Q).view_as(target[:, 0])

    def _read_out(self, predicted: Tensor) -> Tensor:
        """Predicted colours in units of Lab, (N, 2, h, w)."""
        if not self.config.quantised:
            return predicted * COLOUR_SCALE
        return annealed_mean(predicted, self.bins, self.config.temperature)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pictures: grey, with predicted colours, with true ones as coarse, and as they are."""
        with evaluating(backbone, self):
            x, lab = views.inputs[0][:SHOWN_ROWS], views.targets["lab"][0][:SHOWN_ROWS].float()
            light, true = lab[:, :1], lab[:, 1:] * COLOUR_SCALE
            predicted = self._read_out(self.head(x, backbone)[0])
            shown = (true * 0, predicted, resized(true, self.config.side), true)
            return {"colours": rows_of([painted(light, colours) for colours in shown])}
