r"""Relative position: of two tiles of a picture, say on which side of the first the second lay.

Doersch, Gupta, Efros: Unsupervised Visual Representation Learning by Context Prediction (ICCV 2015).

With c the middle tile of a 3 x 3 grid, t one of its eight neighbours and y which of them,

    L = -1/M sum_m log softmax(g[f(c_m), f(t_m)])_{y_m},   y_m in {0, ..., 7}

where g is an MLP on the features of both side by side; each tile passes f alone. Pairs whose position is -1 (the view
operation left them out) are left out of the mean, which over several processes each takes over its own. Gaps of half a
tile, jitter and the loss of colours keep the network from continuing lines across the edge and from reading the place
off the lens's colour fringes (section 3.1).

The paper has tiles of 96 px, gaps of 48, jitter of 7, and layers of 4096 numbers after the tiles meet. We differ in
size, in g, which has one hidden layer with batch normalisation, and in the grid, which fills the view instead of lying
anywhere in a large picture; a crop before it does the placing.

Shapes: N samples, M of them with a position, h side of a tile in px, D features
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.figures import confusion_KK
from workbench.objectives.pictures import SHOWN_ROWS
from workbench.objectives.samples import masked_mean, of_chosen
from workbench.objectives.vision.pretext.tiles import assembled, check_tiles, encode_tiles, visible
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

DIRECTIONS = ("top left", "top", "top right", "left", "right", "bottom left", "bottom", "bottom right")
"""The positions 0 to 7 in words: the neighbours of the middle tile, row by row."""
UNKNOWN = -1
_CELLS = 9
_MIDDLE = 4
_SIDE_BY_SIDE = (3, 5)


class RelativePositionConfig(Model):
    """Settings of the relative position task. Tiles, gap and jitter are set in the view operation."""

    hidden: int = setting(256, "Hidden", "width of the layer in which the two tiles meet", ge=1, le=16384)


def position_loss(logits_N8: Tensor, position_N: Tensor) -> Tensor:
    """Cross-entropy of the positions, (N,); log 8 for a guess, 0 for a pair that has none."""
    return F.cross_entropy(logits_N8.float(), position_N, ignore_index=UNKNOWN, reduction="none")


def position_accuracy(guess_N: Tensor, position_N: Tensor) -> Tensor:
    """The share of the pairs with a position whose position is told rightly, a scalar."""
    return (guess_N == position_N).sum() / (position_N != UNKNOWN).sum().clamp(min=1)


class RelativePosition(Objective):
    """Eight-way classification of where a tile lay beside another."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="relative_position",
        title="Relative position",
        family="Pretext task",
        summary="Given two tiles of a picture, the network says where the second lay beside the first.",
        explanation=(
            "The network gets the middle tile of a picture and one of its eight neighbours, and has to say which. To "
            "know that an ear belongs above an eye it has to recognise both. Lines that run from tile to tile would "
            "give the answer away, so there is a gap between them."
        ),
        energy=(
            "Two tiles and their true position get low energy, the other seven positions high energy: the softmax "
            "pushes them apart, so nothing can collapse."
        ),
        experience=(
            "The direction from one tile to another is predicted from both, each encoded without a look at the other, "
            "by a cross-entropy over eight classes."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{M} \sum_{m=1}^{M} \log \, p(y_m \mid f(c_m), f(t_m)),"
            r" \quad y_m \in \{0, \ldots, 7\}"
        ),
        paper=Paper(
            title="Unsupervised Visual Representation Learning by Context Prediction",
            authors="Doersch, Gupta, Efros",
            year=2015,
            venue="ICCV",
            url="https://arxiv.org/abs/1505.05192",
        ),
        needs=Needs(min_views=1, max_views=1, targets=("position",), min_batch=2),
        metrics=(
            MetricSpec(
                name="position_accuracy",
                title="Position accuracy",
                better="higher",
                description="share of pairs whose position is told rightly; one in eight is chance",
            ),
        ),
        figures=(
            FigureSpec(
                name="pairs",
                title="Pairs of tiles",
                kind="pictures",
                description="the two tiles side by side, the second where the network puts it, and where it belongs",
                columns=("pair", "its answer", "right answer"),
            ),
            FigureSpec(
                name="confusion",
                title="Positions taken for positions",
                kind="matrix",
                x="taken for",
                y="true position",
                value="share",
                description="share of each true position (row) that was taken for each position (column)",
                columns=DIRECTIONS,
                rows=DIRECTIONS,
            ),
        ),
        chance=Chance(formula="ln 8", expression="log(8)"),
        views_preset="relative-position-cifar",
    )
    Config: ClassVar[type[Model]] = RelativePositionConfig
    loss_unit: ClassVar[str] = "nat"
    config: RelativePositionConfig

    def __init__(self, config: RelativePositionConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.head = mlp(2 * facts.width, config.hidden, len(DIRECTIONS), layers=2)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy over the pairs that have a position."""
        check_views(self.spec, views)
        check_tiles(self.spec, views.inputs[0], 2)
        h_N2D = encode_tiles(views.inputs[0], backbone)
        logits_N8, position_N = self.head(h_N2D.flatten(1)), views.targets["position"][0]
        accuracy = position_accuracy(logits_N8.detach().argmax(dim=1), position_N)
        loss_N, known_N = position_loss(logits_N8, position_N), position_N != UNKNOWN
        h_MD = h_N2D.detach().flatten(0, 1)
        return Step(masked_mean(loss_N, known_N), {"position_accuracy": accuracy}, h_MD, of_chosen(loss_N, known_N))

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pairs with the answers, and which positions are taken for which."""
        with evaluating(backbone, self):
            tiles, position_N = views.inputs[0], views.targets["position"][0]
            guess_N = self.head(encode_tiles(tiles, backbone).flatten(1)).argmax(dim=1)
            confusion_88 = confusion_KK(position_N, guess_N, len(DIRECTIONS))
            known = (position_N != UNKNOWN).nonzero().flatten()[:SHOWN_ROWS]
            rows = pair_pictures(tiles[known], guess_N[known], position_N[known])
            return {"pairs": rows.cpu().numpy(), "confusion": confusion_88.cpu().numpy()}


def pair_pictures(tiles_N23hh: Tensor, guess_N: Tensor, position_N: Tensor) -> Tensor:
    """The pair, the answer and the truth on the grid of nine cells, (N, 3, H, W, 3) in [0, 1]."""
    shown = visible(tiles_N23hh)
    side_by_side_N2 = torch.tensor(_SIDE_BY_SIDE, device=shown.device).expand(len(shown), -1)
    cells = (side_by_side_N2, cells_of(guess_N), cells_of(position_N))
    return torch.stack([assembled(shown, cell_N2, _CELLS) for cell_N2 in cells], dim=1)


def cells_of(position_N: Tensor) -> Tensor:
    """The cells, of nine counted row by row, in which the middle tile and its neighbour lie, int64 (N, 2)."""
    neighbour_N = position_N + (position_N >= _MIDDLE).long()
    return torch.stack([torch.full_like(neighbour_N, _MIDDLE), neighbour_N], dim=1)
