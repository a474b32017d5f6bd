"""Random resized crop."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.geometry import axis_matrices
from workbench.views.operations.base import Floats, Geometry, OperationConfig, Ordered, Scene, Share, Values

TRIES = 10
Ratio = Annotated[float, setting(..., "Ratio", "width over height", ge=0.1, le=10)]


class RandomResizedCrop(Geometry):
    """Cut a box of random area and aspect and stretch it to the view (Szegedy et al. 2015, section 6).

    Area is uniform and aspect log-uniform; boxes that do not fit are drawn again, ten times at most, after which the
    largest centred box within the aspect bounds is taken. Boxes are not rounded to whole pixels, so small pictures
    keep the full range of areas.
    """

    spec = OperationSpec(
        id="random_resized_crop",
        title="Random resized crop",
        kind="geometry",
        summary="Cuts a box of random size and shape and stretches it to the view.",
    )

    class Config(OperationConfig):
        scale: Annotated[tuple[Share, Share], Ordered] = setting(
            (0.2, 1.0), "Area", "area of the box as a share of the picture's", widget="range", neutral=(1.0, 1.0)
        )
        ratio: Annotated[tuple[Ratio, Ratio], Ordered] = setting(
            (3 / 4, 4 / 3),
            "Aspect",
            "width over height of the box",
            widget="range",
            log=True,
            advanced=True,
            neutral=(1.0, 1.0),
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        place_x, place_y = rng.random((2, scene.samples))
        (width, height), none = self._largest(scene), np.ones(scene.samples, bool)
        for _ in range(TRIES):
            open_ = np.flatnonzero(none)  # most boxes fit at the first try
            if not len(open_):
                break
            box = self._box(rng, scene.height[open_] * scene.width[open_])
            fits = (box[0] <= scene.width[open_]) & (box[1] <= scene.height[open_])
            width[open_[fits]], height[open_[fits]] = box[:, fits]
            none[open_[fits]] = False
        left = np.where(none, 0.5, place_x) * (scene.width - width)
        top = np.where(none, 0.5, place_y) * (scene.height - height)
        return {"left": left, "top": top, "width": width, "height": height}

    def place(self, values: Values, scene: Scene) -> tuple[Floats, Scene]:
        matrices = axis_matrices(
            values["width"] / scene.size, values["left"], values["height"] / scene.size, values["top"]
        )
        side = np.full(scene.samples, float(scene.size))
        return matrices, Scene(scene.size, scene.view, side, side)

    def _box(self, rng: np.random.Generator, area: Floats) -> Floats:
        """Width and height (2, M) of a box in each of M pictures of these areas."""
        low, high = self.config.ratio
        share, ratio = rng.uniform(*self.config.scale, len(area)), rng.uniform(math.log(low), math.log(high), len(area))
        return np.sqrt(share * area) * np.exp(np.stack([ratio, -ratio]) / 2)

    def _largest(self, scene: Scene) -> tuple[Floats, Floats]:
        low, high = self.config.ratio
        return np.minimum(scene.width, scene.height * high), np.minimum(scene.height, scene.width / low)
