"""Region masks: a part of the view is taken out, for the objective to paint in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.operations.base import OperationConfig, Ordered, Scene, Task, Values
from workbench.views.operations.patch_mask import HIDDEN_GREY

Area = Annotated[float, setting(..., "Area", "a share of the view", gt=0, lt=1)]

# A silhouette is a disc whose outline is bent by noise of this many bumps a side and this height against the radius.
_BUMPS = 6
_BEND = 0.35


class RegionMask(Task):
    """Hide a region of the view (context encoder: Pathak et al. 2016, section 3.3).

    - centre: a square in the middle
    - blocks: `blocks` rectangles of equal area and of aspects from 1/2 to 2 anywhere in the view; they may overlap,
      so what they hide is at most the drawn area
    - silhouette: one random shape with a smooth outline. The paper takes outlines of PASCAL segments; here a disc at
      a random place is bent by smooth noise, so that no other data set is needed.

    Hidden pixels become 0: the mean colour of a normalised view, which is the paper's choice, and black otherwise.

    Targets: "region", bool (N, S, S), true where hidden; "picture", float32 (N, 3, S, S), the whole view. A sample to
    which the operation is not applied has nothing hidden.
    """

    spec = OperationSpec(
        id="region_mask",
        title="Region mask",
        kind="task",
        summary="Takes a region out of the view, for the objective to paint in.",
        targets=("region", "picture"),
    )

    class Config(OperationConfig):
        kind: Literal["centre", "blocks", "silhouette"] = setting(
            "centre", "Region", "a square in the middle, random rectangles, or a random shape"
        )
        area: Annotated[tuple[Area, Area], Ordered] = setting(
            (0.25, 0.25), "Area", "share of the view that is hidden", widget="range"
        )
        blocks: int = setting(4, "Blocks", "how many rectangles, for random rectangles", ge=1, le=16, advanced=True)

    config: Config

    @classmethod
    def clash(cls, config: Any, size: int, normalised: bool) -> str:
        if round(config.area[0] * size**2) < 1:
            return f"An area of {config.area[0]:g} hides less than a pixel of views of {size} px; make it larger."
        return ""

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        n = scene.samples
        area = rng.uniform(*self.config.area, n)
        if self.config.kind == "centre":
            side = np.maximum(1, np.rint(np.sqrt(area) * scene.size))
            return {"box": _box(side, side, np.full(n, 0.5), np.full(n, 0.5), scene.size)[:, None]}
        if self.config.kind == "blocks":
            aspect, top, left = rng.random((3, n, self.config.blocks))
            each, ratio = area[:, None] / self.config.blocks * scene.size**2, 2.0 ** (2 * aspect - 1)
            height, width = np.sqrt(each * ratio), np.sqrt(each / ratio)
            height, width = (np.clip(np.floor(extent), 1, scene.size) for extent in (height, width))
            return {"box": _box(height, width, top, left, scene.size)}
        return {
            "pixels": np.maximum(1, np.rint(area * scene.size**2)).astype(np.int64),
            "centre": rng.uniform(0.25, 0.75, (n, 2)),
            "bumps": rng.standard_normal((n, _BUMPS, _BUMPS)),
        }

    def pose(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> tuple[Tensor, Mapping[str, Tensor]]:
        region = self._region(x, values, applied)
        return x.masked_fill(region[:, None], 0), {"region": region, "picture": x}

    def depict(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        return x.masked_fill(self._region(x, values, applied)[:, None], HIDDEN_GREY)

    def _region(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        made = _boxes(x, values["box"]) if "box" in values else _silhouettes(x, values)
        return made & torch.from_numpy(applied).to(x.device)[:, None, None]


def _box(height: Any, width: Any, top: Any, left: Any, size: int) -> NDArray[np.int64]:
    """Boxes (..., 4) of top, bottom, left and right, at these shares of the room that is left."""
    first, start = np.floor(top * (size - height + 1)), np.floor(left * (size - width + 1))
    return np.stack([first, first + height, start, start + width], axis=-1).astype(np.int64)


def _boxes(x: Tensor, box: NDArray[np.int64]) -> Tensor:
    """The union of each sample's boxes (N, B, 4) as pixels (N, S, S)."""
    top, bottom, left, right = torch.from_numpy(box).to(x.device)[..., None].unbind(2)
    place = torch.arange(x.shape[2], device=x.device)
    in_rows, in_columns = (place >= top) & (place < bottom), (place >= left) & (place < right)
    return torch.einsum("nby,nbx->nyx", in_rows.float(), in_columns.float()) > 0


def _silhouettes(x: Tensor, values: Values) -> Tensor:
    """Bent discs of the drawn numbers of pixels, (N, S, S)."""
    size = x.shape[2]
    bumps = torch.from_numpy(values["bumps"]).to(x.device, torch.float32)
    bent = F.interpolate(bumps[:, None], size=(size, size), mode="bicubic", align_corners=False)[:, 0]
    place = (torch.arange(size, device=x.device) + 0.5) / size
    centre = torch.from_numpy(values["centre"]).to(x.device, torch.float32)[:, :, None]
    (y, x_), pixels = (place - centre).unbind(1), torch.from_numpy(values["pixels"]).to(x.device)
    radius = torch.sqrt(pixels / size**2 / torch.pi)[:, None, None]
    distance = torch.sqrt(y[:, :, None] ** 2 + x_[:, None, :] ** 2) / radius + _BEND * bent
    outline = distance.flatten(1).sort(dim=1).values.gather(1, pixels[:, None] - 1)
    return distance <= outline[:, :, None]
