r"""Jigsaw: the tiles of a picture come shuffled, and the network says in which of a fixed set of orders.

Noroozi, Favaro: Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles (ECCV 2016).

With x_1 ... x_T the tiles of a picture, s_1 ... s_P the set of permutations and y the one by which it was shuffled,

    L = -1/N sum_n log softmax(g[f(x_{s_y(1)}), ..., f(x_{s_y(T)})])_y

where g is an MLP on the features of all tiles side by side, and f sees one tile at a time (the context-free network of
section 3.2), so that what lies beside a tile helps g and never f. The view operation `jigsaw` cuts, shuffles and names
the permutation; gaps, jitter and the normalisation of each tile keep edges and brightness from giving the answer away
(section 3.4). The permutations differ from each other in as many places as possible (algorithm 1).

The paper has nine tiles of 64 px and up to 1000 permutations on an AlexNet whose tiles meet in a layer of 4096 numbers;
VISSL takes 2000 permutations. We differ in size and in g, which has batch normalisation.

Shapes: N samples, T = rows^2 tiles, h side of a tile in px, P permutations, D features
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.errors import Problem, RecipeError
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.figures import confusion_KK
from workbench.objectives.pictures import SHOWN_ROWS
from workbench.objectives.vision.pretext.tiles import assembled, check_tiles, encode_tiles, visible
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views
from workbench.views.operations.permutations import permutation_set


class JigsawConfig(Model):
    """Settings of the jigsaw task. `rows` and `permutations` are those of the view operation `jigsaw`."""

    rows: int = setting(3, "Rows", "cells a side of the view's grid: 3 makes nine tiles", unit="cells", ge=2, le=5)
    permutations: int = setting(
        100, "Permutations", "how many orders there are to tell apart, as in the view's jigsaw", ge=2, le=1000
    )
    hidden: int = setting(256, "Hidden", "width of the layer in which the tiles meet", ge=1, le=16384)


def permutation_loss(logits_NP: Tensor, permutation_N: Tensor) -> Tensor:
    """Cross-entropy of the permutations, (N,); log P for a guess."""
    return F.cross_entropy(logits_NP.float(), permutation_N, reduction="none")


def right_places(guess_NT: Tensor, truth_NT: Tensor) -> Tensor:
    """The share of tiles that the answer puts where they belong, a scalar in [0, 1]; 1/T for a guess.

    Rows say for each tile, in the order in which tiles are given, the cell that it goes to.
    """
    return (guess_NT == truth_NT).float().mean()


class Jigsaw(Objective):
    """Classification of the order in which tiles are given."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="jigsaw",
        title="Jigsaw",
        family="Pretext task",
        summary="The network says in which order the tiles of a picture were dealt.",
        explanation=(
            "The view is cut into tiles, which are shuffled by one of a fixed set of orders, and the network has to "
            "say by which. It encodes every tile by itself, so it has to know of each what part of a thing it shows. "
            "More permutations, and ones that differ less, make the task harder."
        ),
        energy=(
            "Shuffled tiles and the order that they were dealt in get low energy, all other orders of the set high "
            "energy: the softmax pushes them apart, so nothing can collapse."
        ),
        experience=(
            "The order is predicted from all tiles together, each encoded without a look at the others, by a "
            "cross-entropy over the set of permutations."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{N} \sum_{n=1}^{N} \log \, p(y_n \mid"
            r" f(x_{\sigma(1)}), \ldots, f(x_{\sigma(T)})), \quad \sigma = \sigma_{y_n}"
        ),
        paper=Paper(
            title="Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles",
            authors="Noroozi, Favaro",
            year=2016,
            venue="ECCV",
            url="https://arxiv.org/abs/1603.09246",
        ),
        needs=Needs(min_views=1, max_views=1, targets=("permutation",), min_batch=2),
        metrics=(
            MetricSpec(
                name="jigsaw_accuracy",
                title="Jigsaw accuracy",
                better="higher",
                description="share of puzzles whose order is told rightly; one in the number of permutations is chance",
            ),
            MetricSpec(
                name="tile_accuracy",
                title="Tile accuracy",
                better="higher",
                description="share of tiles that the answer puts where they belong; one in nine is chance for nine",
            ),
        ),
        figures=(
            FigureSpec(
                name="puzzles",
                title="Puzzles",
                kind="pictures",
                description="the tiles as given to the network, put together by its answer, and put together right",
                columns=("puzzle", "its answer", "right answer"),
            ),
            FigureSpec(
                name="places",
                title="Places taken for places",
                kind="matrix",
                x="cell in the answer",
                y="true cell",
                value="share",
                description=(
                    "share of the tiles of each cell (row) that the answer puts in each cell (column), cells counted "
                    "row by row; right answers on the diagonal"
                ),
            ),
        ),
        chance=Chance(formula="ln P for P permutations", expression="log(permutations)"),
        views_preset="jigsaw-cifar",
    )
    Config: ClassVar[type[Model]] = JigsawConfig
    loss_unit: ClassVar[str] = "nat"
    config: JigsawConfig

    def __init__(self, config: JigsawConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.tiles = config.rows**2
        self.register_buffer("orders", _orders(config), persistent=False)
        self.head = mlp(self.tiles * facts.width, config.hidden, config.permutations, layers=2)

    orders: Tensor

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy of the permutation of each puzzle."""
        check_views(self.spec, views)
        check_tiles(self.spec, views.inputs[0], self.tiles)
        h_NTD = encode_tiles(views.inputs[0], backbone)
        logits_NP, truth_N = self.head(h_NTD.flatten(1)), views.targets["permutation"][0]
        guess_N = logits_NP.detach().argmax(dim=1)
        terms = {
            "jigsaw_accuracy": (guess_N == truth_N).float().mean(),
            "tile_accuracy": right_places(self.orders[guess_N], self.orders[truth_N]),
        }
        loss_N = permutation_loss(logits_NP, truth_N)
        return Step(loss_N.mean(), terms, h_NTD.detach().flatten(0, 1), loss_N.detach())

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 puzzles with the answers, and which cells are taken for which."""
        with evaluating(backbone, self):
            tiles, truth_NT = views.inputs[0], self.orders[views.targets["permutation"][0]]
            guess_NT = self.orders[self.head(encode_tiles(tiles, backbone).flatten(1)).argmax(dim=1)]
            shown = visible(tiles[:SHOWN_ROWS])
            given_NT = torch.arange(self.tiles, device=tiles.device).expand(len(shown), -1)
            cells = (given_NT, guess_NT[:SHOWN_ROWS], truth_NT[:SHOWN_ROWS])
            rows = torch.stack([assembled(shown, cell_NT, self.tiles) for cell_NT in cells], dim=1)
            places_TT = confusion_KK(truth_NT.flatten(), guess_NT.flatten(), self.tiles)
            return {"puzzles": rows.cpu().numpy(), "places": places_TT.cpu().numpy()}


def _orders(config: JigsawConfig) -> Tensor:
    """The set of permutations, int64 (P, T): row p says for each tile given the cell that it comes from."""
    try:
        return torch.tensor(permutation_set(config.rows**2, config.permutations))
    except ValueError as error:
        raise RecipeError([Problem("objective.permutations", str(error))]) from None
