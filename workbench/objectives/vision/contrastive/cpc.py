r"""CPC: from the rows of a picture that were read, tell which tile comes next among many that do not.

van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive Coding (2018), version "v1"; Henaff,
Srinivas and others: Data-Efficient Image Recognition with Contrastive Predictive Coding (ICML 2020), version "v2".

The picture is a grid of R x R overlapping tiles, each of which the encoder sees alone. A context network reads the grid
row by row; from its output c_{ij} at row i and column j the tile k rows below is predicted. With z a tile's features,

    L = mean over k, i, j and samples of  - log( exp(s(c_{ij}, z_{i+k,j})) / sum over candidates z' exp(s(c_{ij}, z')) )
    s(c, z) = (W_k c) . (V z) / sqrt(P)                                                       (equations 3 and 4)

- v1: a convolution along each row and a gated recurrent unit down every column, downwards only (section 3.3; the paper
  found such a row-GRU and a PixelCNN to do alike). The paper has V = 1.
- v2: features are layer-normalised, masked convolutions read the grid (appendix), and every picture is read in all
  four directions, each with a context network of its own.

The nearest rows are not predicted, because their tiles overlap what was read. Candidates are the tile itself, those at
its place in the other pictures of all processes, and all others of its own picture: N + R^2 - 1 of them. The code in
v2's appendix takes every tile of the batch, which for R = 7 costs a matrix N R^2 times as high as it is wide.

We differ in sizes (the papers use 7 x 7 tiles of 64 and 80 px of pictures of 256 and 260), and a tile is distorted with
its picture, not by itself; v2's encoder without batch normalisation is a matter of `backbone`.

Shapes: N samples, B of all processes, R rows, T = R^2 tiles, D features, C context, P projection, M predicted tiles
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.errors import Problem, RecipeError
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.alarms import LARGER_BATCH, LOWER_RATE, few_directions
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.contrast import CONTRASTIVE_ACCURACY, places
from workbench.objectives.distributed import gather
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.siamese import OUTPUT_DIMENSIONS, output_dimensions
from workbench.objectives.vision.pretext.tiles import check_tiles, encode_tiles
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

DIRECTIONS = {"v1": 1, "v2": 4}
MASKED_LAYERS = 2


class CPCConfig(Model):
    """Settings of CPC. `rows` is that of the grid that the view operation `patch_grid` makes."""

    version: Literal["v1", "v2"] = setting(
        "v1", "Version", "v1 reads downwards with a GRU; v2 reads in four directions with masked convolutions"
    )
    rows: int = setting(7, "Rows", "rows of tiles, as many as the views have", unit="tiles", ge=2, le=32)
    skip: int = setting(1, "Rows skipped", "nearest rows that are not predicted, as they overlap", ge=0, le=30)
    steps: int = setting(3, "Rows predicted", "how many rows after the skipped ones are predicted", ge=1, le=31)
    context: int = setting(128, "Context", "numbers that sum up what was read", ge=1, le=4096)
    projection: int = setting(64, "Projection", "numbers in which tiles are compared", ge=1, le=4096)


class RowGRU(nn.Module):
    """Reads a grid from the top: a convolution along each row, then a recurrent unit down each column."""

    def __init__(self, width: int, context: int) -> None:
        super().__init__()
        self.along = nn.Conv2d(width, context, (1, 3), padding=(0, 1))
        self.down = nn.GRU(context, context, batch_first=True)

    def forward(self, z_NRRD: Tensor) -> Tensor:
        """Contexts (N, R, R, C); one at row i knows rows 0 to i."""
        seen_NCRR = self.along(z_NRRD.permute(0, 3, 1, 2)).relu()
        columns = seen_NCRR.permute(0, 3, 2, 1)
        read, _ = self.down(columns.flatten(0, 1))
        out: Tensor = read.view(*columns.shape[:3], -1).transpose(1, 2)
        return out


class MaskedConvolutions(nn.Module):
    """Reads a grid from the top: residual convolutions that look along a row and at the row before."""

    def __init__(self, width: int, context: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(width, context, 1)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(context, context, (1, 3), padding=(0, 1)),
                # One empty row on top makes two rows into one: a row and the one before it.
                nn.ZeroPad2d((0, 0, 1, 0)),
                nn.Conv2d(context, context, (2, 1)),
                nn.ReLU(),
                nn.Conv2d(context, context, 1),
            )
            for _ in range(MASKED_LAYERS)
        )

    def forward(self, z_NRRD: Tensor) -> Tensor:
        """Contexts (N, R, R, C); one at row i knows rows 0 to i."""
        c_NCRR = self.enter(z_NRRD.permute(0, 3, 1, 2))
        for layer in self.layers:
            c_NCRR = c_NCRR + layer(c_NCRR)
        out: Tensor = c_NCRR.relu().permute(0, 2, 3, 1)
        return out


class Reader(nn.Module):
    """A context network and a prediction for each number of rows ahead."""

    def __init__(self, config: CPCConfig, width: int) -> None:
        super().__init__()
        network = RowGRU if config.version == "v1" else MaskedConvolutions
        self.context = network(width, config.context)
        self.ahead = nn.ModuleList(nn.Linear(config.context, config.projection) for _ in range(config.steps))


def scores(predicted_NMP: Tensor, tiles_NTP: Tensor, all_BTP: Tensor, below_M: Tensor) -> Tensor:
    """How well each prediction fits each of its candidates, (N, M, B + T) in float32 (float64 stays).

    Parameters
    ----------
    tiles_NTP : all tiles of the pictures that are predicted
    all_BTP : the same of all processes, their own among them
    below_M : int64, which tile each prediction is of

    Returns
    -------
    First the tile at this place in each of the B pictures, then the T tiles of the picture itself; its tile at this
    place, which the first part has, is -inf in the second.
    """
    with torch.autocast(predicted_NMP.device.type, enabled=False):
        given = (predicted_NMP, tiles_NTP, all_BTP)
        predicted, tiles, everyone = (x if x.dtype == torch.float64 else x.float() for x in given)
        others_NMB = torch.einsum("nmp,bmp->nmb", predicted, everyone[:, below_M])
        within_NMT = torch.einsum("nmp,ntp->nmt", predicted, tiles)
        itself_MT = below_M[:, None] == torch.arange(tiles.shape[1], device=below_M.device)
        both = torch.cat([others_NMB, within_NMT.masked_fill(itself_MT, -torch.inf)], dim=2)
        return both / math.sqrt(predicted.shape[2])


def cpc_loss(score_NMC: Tensor, own_N: Tensor) -> Tensor:
    """Mean cross-entropy of candidate `own_N` over each sample's predictions, (N,).

    log(B + T - 1) when all finite scores are equal.
    """
    wanted_M = own_N.repeat_interleave(score_NMC.shape[1])
    cost_M = F.cross_entropy(score_NMC.flatten(0, 1), wanted_M, reduction="none")
    return cost_M.view(score_NMC.shape[:2]).mean(dim=1)


class CPC(Objective):
    """Contrastive prediction of the rows to come."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="cpc",
        title="CPC",
        family="Contrastive",
        summary="A picture is read tile by tile from the top; which tile comes rows below is told among many others.",
        explanation=(
            "Each tile passes the encoder by itself, a small network reads the rows above, and the tile some rows "
            "below has to be picked from the tiles of the same picture and of others. Neighbouring rows are left out; "
            "they overlap. What helps is what the parts of a thing have in common. Version 2 reads in all directions."
        ),
        energy=(
            "What was read and the tile that follows it get low energy (a high score). Other tiles of the same picture "
            "and tiles at the same place in others are pushed up."
        ),
        experience=(
            "The features of tiles some rows below are predicted from the rows above, by telling them from other tiles."
        ),
        formula=(
            r"\mathcal{L} = -\,\mathrm{mean}_{k,i,j} \; \log \frac{\exp(c_{ij}^{\top} W_k z_{i+k,j})}"
            r"{\sum_{z'} \exp(c_{ij}^{\top} W_k z')}"
        ),
        paper=Paper(
            title="Representation Learning with Contrastive Predictive Coding",
            authors="van den Oord, Li, Vinyals",
            year=2018,
            venue="arXiv",
            url="https://arxiv.org/abs/1807.03748",
        ),
        needs=Needs(
            min_views=1,
            max_views=1,
            min_batch=2,
            bounds=(
                Bound(
                    setting="steps",
                    at_most="rows - 1 - skip",
                    why="the rows that are left below the first and the skipped ones",
                ),
            ),
        ),
        metrics=(
            CONTRASTIVE_ACCURACY,
            MetricSpec(
                name="nearest_loss",
                title="Loss of the nearest row",
                unit="nat",
                better="lower",
                description="the part of the nearest row that is predicted",
            ),
            MetricSpec(
                name="farthest_loss",
                title="Loss of the farthest row",
                unit="nat",
                better="lower",
                description="the part of the farthest row that is predicted",
            ),
            OUTPUT_DIMENSIONS,
        ),
        alarms=(few_directions(LOWER_RATE, LARGER_BATCH, below="1.5"),),
        figures=(
            FigureSpec(
                name="accuracy",
                title="Accuracy by rows ahead",
                kind="bars",
                x="rows ahead",
                y="share told right",
                description="share of the tiles that are told from all other candidates, nearest predicted row first",
            ),
            FigureSpec(
                name="similarity",
                title="Predictions and tiles",
                kind="matrix",
                x="picture of the tile",
                y="picture of the prediction",
                value="score",
                positives="diagonal",
                description=(
                    "score of the prediction from a picture's first row (row) for the tile at that place in each "
                    "picture (column); the diagonal should be bright"
                ),
            ),
        ),
        chance=Chance(formula="ln(N + R² − 1)", expression="log(batch_size + rows ** 2 - 1)"),
        views_preset="cpc-cifar",
    )
    Config: ClassVar[type[Model]] = CPCConfig
    loss_unit: ClassVar[str] = "nat"
    config: CPCConfig

    def __init__(self, config: CPCConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        if config.skip + config.steps >= config.rows:
            most = config.rows - 1 - config.skip
            words = f"{config.rows} rows leave {max(most, 0)} to predict, not {config.steps}: lower this or the skip."
            raise RecipeError([Problem("objective.steps", words)])
        self.norm = nn.LayerNorm(facts.width) if config.version == "v2" else nn.Identity()
        self.readers = nn.ModuleList(Reader(config, facts.width) for _ in range(DIRECTIONS[config.version]))
        # A bias would add the same to the scores of all candidates.
        self.project = nn.Linear(facts.width, config.projection, bias=False)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The cross-entropy of all predicted tiles, over directions and rows ahead."""
        check_views(self.spec, views)
        h_NTD = self._encode(views, backbone)
        z_NRRD, tiles_NRRP = self._grids(h_NTD)
        own_N = places(len(h_NTD), h_NTD.device)
        losses, hits = [], []
        for score_NMC in self._scores(z_NRRD, tiles_NRRP):
            losses.append(cpc_loss(score_NMC, own_N))
            hits.append((score_NMC.detach().argmax(dim=2) == own_N[:, None]).float().mean())
        loss_WSN = torch.stack(losses).view(-1, self.config.steps, len(h_NTD))
        terms = {
            "contrastive_accuracy": torch.stack(hits).mean(),
            "nearest_loss": loss_WSN[:, 0].mean().detach(),
            "farthest_loss": loss_WSN[:, -1].mean().detach(),
            "output_dimensions": output_dimensions(tiles_NRRP.detach().flatten(0, 2)),
        }
        return Step(loss_WSN.mean(), terms, h_NTD.detach().mean(dim=1), loss_WSN.detach().mean(dim=(0, 1)))

    def _encode(self, views: Views, backbone: Backbone) -> Tensor:
        (tiles,) = views.inputs
        check_tiles(self.spec, tiles, self.config.rows**2)
        return encode_tiles(tiles, backbone)

    def _grids(self, h_NTD: Tensor) -> tuple[Tensor, Tensor]:
        """The tiles as they are read, (N, R, R, D), and as they are compared, (N, R, R, P)."""
        rows = self.config.rows
        z_NRRD = self.norm(h_NTD).view(-1, rows, rows, h_NTD.shape[2])
        return z_NRRD, self.project(z_NRRD)

    def _scores(self, z_NRRD: Tensor, tiles_NRRP: Tensor) -> Iterator[Tensor]:
        """Scores (N, M, B + T) for every direction and, in each, every number of rows ahead."""
        rows = self.config.rows
        all_BRRP = gather(tiles_NRRP)
        for turns, reader in enumerate(self.readers):
            assert isinstance(reader, Reader)
            # A picture that is turned and read from its top is read from another side.
            turned = [torch.rot90(x, turns, (1, 2)) for x in (z_NRRD, tiles_NRRP, all_BRRP)]
            context_NRRC = reader.context(turned[0])
            tiles_NTP, all_BTP = (x.flatten(1, 2) for x in turned[1:])
            for step, ahead in enumerate(reader.ahead):
                gap = 1 + self.config.skip + step
                predicted_NMP = ahead(context_NRRC[:, : rows - gap]).flatten(1, 2)
                below_M = torch.arange(gap * rows, rows**2, device=z_NRRD.device)
                yield scores(predicted_NMP, tiles_NTP, all_BTP, below_M)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Accuracy by rows ahead, and how well predictions of the nearest row fit the tiles of other pictures."""
        with evaluating(backbone, self):
            h_NTD = self._encode(views, backbone)
            own_N = places(len(h_NTD), h_NTD.device)
            found = list(self._scores(*self._grids(h_NTD)))
            hits = [(score_NMC.argmax(dim=2) == own_N[:, None]).float().mean() for score_NMC in found]
            accuracy_S = torch.stack(hits).view(-1, self.config.steps).mean(dim=0)
            shown, middle = min(len(h_NTD), SHOWN_SAMPLES), self.config.rows // 2
            similarity = found[0][:shown, middle, own_N[:shown]]
            return {"accuracy": accuracy_S.cpu().numpy(), "similarity": similarity.cpu().numpy()}
