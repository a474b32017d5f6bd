"""SimMIM: patches are covered by a token, and one linear layer says what they were.

Xie, Zhang, Cao, Lin, Bao, Yao, Dai, Hu: SimMIM: a Simple Framework for Masked Image Modeling (CVPR 2022).

With M the hidden pixels of all colours, x their values and y the prediction,

    L = 1/|M| |y_M - x_M|_1   (equation 1)

The encoder is given all places: at hidden ones a learned token stands for the content, positions added. The head is
one linear layer a token (section 3.3), the target plain pixels of the normalised view. The mask's patches are larger
than the encoder's in the paper (32 px of 192 against 4 or 16; 60 % hidden): each entry covers all patches under it.
The preset
`simmim-cifar` hides 60 % of the patches of 8 px in views of 32.

We differ in the head's first weights, which begin near 0, so that the loss begins at its chance level: the mean
distance of a pixel from its mean, sqrt(2 / pi) if pixels were normally distributed, as they roughly are.

Shapes: N samples, L patches, P = 3 * patch^2 numbers a patch, D features
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.models.small_vit import INITIAL_STD
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.pictures import SHOWN_ROWS
from workbench.objectives.samples import masked_mean, of_chosen
from workbench.objectives.vision.masked.patches import (
    COLUMNS,
    VISIBLE_ERROR,
    mask_scale,
    patchify,
    pictures,
    pixel_head,
    spread_mask,
)
from workbench.plugins.specs import Chance, FigureSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class SimMIMConfig(Model):
    """SimMIM has no settings of its own: how much is hidden is set in the view operation `patch_mask`."""


def simmim_error(predicted_NLP: Tensor, pixels_NLP: Tensor) -> Tensor:
    """Mean absolute error of every patch over its pixels, (N, L)."""
    return (predicted_NLP - pixels_NLP).abs().mean(dim=2)


class SimMIM(Objective):
    """Masked image modelling with a mask token and a linear head."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="simmim",
        title="SimMIM",
        family="Masked",
        summary="Patches of a picture are covered by a token; one linear layer on the encoder says what they were.",
        explanation=(
            "The encoder itself fills in what is covered, since the head is but one linear layer. Large covered "
            "patches make the task harder than copying from the nearest pixels. Every step costs as much as one on the "
            "whole picture, unlike with MAE."
        ),
        energy=(
            "A picture whose covered patches fit what is seen gets low energy: the absolute error of the prediction. "
            "Nothing is pushed up; the target is pixels, which cannot collapse."
        ),
        experience="Covered pixels are predicted from the seen ones of the same picture, by an absolute error.",
        formula=r"\mathcal{L} = \frac{1}{|M|} \, \| y_M - x_M \|_1",
        paper=Paper(
            title="SimMIM: a Simple Framework for Masked Image Modeling",
            authors="Xie, Zhang, Cao, Lin, Bao, Yao, Dai, Hu",
            year=2022,
            venue="CVPR",
            url="https://arxiv.org/abs/2111.09886",
        ),
        needs=Needs(min_views=1, max_views=1, targets=("mask",), tokens=True, patches=True),
        metrics=(VISIBLE_ERROR,),
        figures=(
            FigureSpec(
                name="reconstructions",
                title="Reconstructions",
                kind="pictures",
                description="Each picture is stretched from its smallest to its largest value.",
                columns=COLUMNS,
            ),
        ),
        chance=Chance(formula="≈ √(2/π) (every pixel at the mean)", expression="sqrt(2 / 3.141592653589793)"),
        views_preset="simmim-cifar",
    )
    Config: ClassVar[type[Model]] = SimMIMConfig

    def __init__(self, config: SimMIMConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.token = nn.Parameter(torch.randn(facts.width) * INITIAL_STD)
        self.head: nn.Module = nn.Identity()

    def attach(self, backbone: Backbone) -> None:
        """The encoder's patch says how many numbers the head makes."""
        self.head = pixel_head(self.spec, backbone.width, backbone)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The error of the hidden patches."""
        check_views(self.spec, views)
        predicted_NLP, hidden_NL, tokens_NLD = self._predict(views, backbone)
        pixels_NLP = patchify(views.inputs[0], backbone.patch).float()
        error_NL = simmim_error(predicted_NLP, pixels_NLP)
        terms = {"visible_error": masked_mean(error_NL.detach(), ~hidden_NL)}
        each_N = of_chosen(error_NL, hidden_NL)
        return Step(masked_mean(error_NL, hidden_NL), terms, tokens_NLD.detach().mean(dim=1), each_N)

    def _predict(self, views: Views, backbone: Backbone) -> tuple[Tensor, Tensor, Tensor]:
        """Predictions (N, L, P) in float32, what is hidden (N, L), the encoder's tokens (N, L, D)."""
        (x,), mask_NM = views.inputs, views.targets["mask"][0]
        hidden_NL = spread_mask(mask_NM, mask_scale(backbone, x.shape[2], mask_NM.shape[1]))
        tokens_NLD = backbone.encode_covered(x, hidden_NL, self.token)
        return self.head(tokens_NLD).float(), hidden_NL, tokens_NLD

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pictures, what is seen of them, the prediction, and both together."""
        with evaluating(backbone, self):
            x = views.inputs[0][:SHOWN_ROWS].float()
            predicted_NLP, hidden_NL, _ = self._predict(views, backbone)
            rows = pictures(x, predicted_NLP[:SHOWN_ROWS], hidden_NL[:SHOWN_ROWS], backbone.patch)
            return {"reconstructions": rows.cpu().numpy()}
