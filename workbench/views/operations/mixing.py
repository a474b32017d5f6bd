"""Mixing the pictures of a batch: mixup and cutmix.

Both blend a sample with a partner and tell the objective how much of each there is. The partners are a random
permutation of the batch (Zhang et al. 2018, section 3), taken as they were before this operation, so no picture holds
more than two. A sample that meets itself, as in a batch of one, stays as it is with share 1.

Both make the same targets, so a branch takes one of them: two would leave a picture of up to four samples, which one
partner and one share cannot describe. To use both, give each a branch of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.cpu import Workers, compiled
from workbench.views.operations.base import Filter, Floats, OperationConfig, Scene, Values

Array = NDArray[Any]
Integers = NDArray[np.int64]
TARGETS = ("mix_partner", "mix_share")


class MixConfig(OperationConfig):
    """Settings of both."""

    alpha: float = setting(
        1.0, "Alpha", "the share is drawn from Beta(alpha, alpha): 1 is uniform, near 0 mixes little", gt=0, le=32
    )


class Mix(Filter):
    """Base of both: draws the partners and the shares, and publishes them.

    mix_partner : int64 (N,), the position in the batch of the other picture; its own where nothing was mixed
    mix_share : float32 (N,), how much is the sample's own picture; 1 where nothing was mixed
    """

    config: MixConfig

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        partner = rng.permutation(scene.samples)
        share = rng.beta(self.config.alpha, self.config.alpha, scene.samples)
        share, more = self.region(rng, scene, share)
        return {"partner": partner, "share": np.where(partner == np.arange(scene.samples), 1.0, share), **more}

    def region(self, rng: np.random.Generator, scene: Scene, share: Floats) -> tuple[Floats, Values]:
        """The share that a mixture really leaves of the own picture, and what else describes the mixture."""
        return share, {}

    def targets(self, values: Values, applied: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        own = np.arange(len(applied))
        return {
            "mix_partner": np.where(applied, values["partner"], own).astype(np.int64),
            "mix_share": np.where(applied, values["share"], 1.0).astype(np.float32),
        }

    def captions(self, values: Values, applied: NDArray[np.bool_]) -> list[str]:
        made = self.targets(values, applied)
        pairs = zip(made["mix_share"].tolist(), made["mix_partner"].tolist(), strict=True)
        return ["" if share == 1 else f"{share:.0%} own, {1 - share:.0%} picture {who + 1}" for share, who in pairs]


class Mixup(Mix):
    """Blend every pixel with the partner's: share x own + (1 - share) x partner (Zhang et al. 2018, equation 2).

    Each sample draws its own share, where the paper's code draws one for the whole batch.
    """

    spec = OperationSpec(
        id="mixup",
        title="Mixup",
        kind="mix",
        summary="Blends the picture with another one of the batch.",
        targets=TARGETS,
    )

    class Config(MixConfig):
        alpha: float = setting(
            0.2,
            "Alpha",
            "the share is drawn from Beta(alpha, alpha): 1 is uniform, near 0 mixes little",
            gt=0,
            le=32,
        )

    config: Config

    def on_cpu(self, x: NDArray[np.float32], values: Values, applied: NDArray[np.bool_], workers: Workers) -> None:
        rows, others = _pairs(x, values, applied)
        share = values["share"][rows].astype(np.float32)
        workers.spread(len(rows), lambda a, b: _blend(x, rows[a:b], others[a:b], share[a:b]))

    def on_device(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        share = torch.from_numpy(self.targets(values, applied)["mix_share"]).to(x.device)[:, None, None, None]
        partner = torch.from_numpy(values["partner"]).to(x.device)
        return torch.where(share == 1, x, share * x + (1 - share) * x[partner])


class Cutmix(Mix):
    """Paste a box of the partner's picture (Yun et al. 2019, equations 1 and 2).

    The box has the picture's aspect and the area 1 - share, its centre lies anywhere, and what hangs over the edge is
    cut off; the share that is published is the one really left, in whole pixels.
    """

    spec = OperationSpec(
        id="cutmix",
        title="Cutmix",
        kind="mix",
        summary="Pastes a box of another picture of the batch.",
        targets=TARGETS,
    )

    Config = MixConfig

    def region(self, rng: np.random.Generator, scene: Scene, share: Floats) -> tuple[Floats, Values]:
        extent = np.stack([scene.width, scene.height]).round()
        centre = np.floor(rng.random((2, scene.samples)) * extent)
        half = np.floor(0.5 * np.sqrt(1 - share) * extent)
        (left, top), (right, bottom) = np.maximum(centre - half, 0), np.minimum(centre + half, extent)
        left_over = 1 - (right - left) * (bottom - top) / (extent[0] * extent[1])
        return left_over, {"box": np.stack([top, bottom, left, right], axis=1).astype(np.int64)}

    def on_cpu(self, x: NDArray[np.float32], values: Values, applied: NDArray[np.bool_], workers: Workers) -> None:
        rows, others = _pairs(x, values, applied)
        box = values["box"][rows]
        workers.spread(len(rows), lambda a, b: _paste(x, rows[a:b], others[a:b], box[a:b]))

    def on_device(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        top, bottom, left, right = torch.from_numpy(values["box"]).to(x.device)[:, :, None, None].unbind(1)
        y = torch.arange(x.shape[2], device=x.device)[:, None]
        inside_y, column = (y >= top) & (y < bottom), torch.arange(x.shape[3], device=x.device)
        inside = inside_y & (column >= left) & (column < right) & torch.from_numpy(applied).to(x.device)[:, None, None]
        return torch.where(inside[:, None], x[torch.from_numpy(values["partner"]).to(x.device)], x)


def _pairs(x: Array, values: Values, applied: NDArray[np.bool_]) -> tuple[Integers, Array]:
    """The samples that change, and their partners' pictures as they are before anything changes."""
    partner = values["partner"]
    rows = np.flatnonzero(applied & (partner != np.arange(len(partner))))
    return rows, x[partner[rows]]


@compiled
def _blend(x: Array, rows: Array, others: Array, share: Array) -> None:
    for m in range(len(rows)):
        own, other, weight = x[rows[m]], others[m], share[m]
        for c in range(own.shape[0]):
            for i in range(own.shape[1]):
                for j in range(own.shape[2]):
                    own[c, i, j] = weight * own[c, i, j] + (np.float32(1) - weight) * other[c, i, j]


@compiled
def _paste(x: Array, rows: Array, others: Array, box: Array) -> None:
    for m in range(len(rows)):
        for c in range(x.shape[1]):
            for i in range(box[m, 0], box[m, 1]):
                for j in range(box[m, 2], box[m, 3]):
                    x[rows[m], c, i, j] = others[m, c, i, j]
