"""Automatic contrast."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.cpu import compiled
from workbench.views.operations.base import OperationConfig, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter

_FLAT = np.float32(0.5 / 255)


class Autocontrast(SampleFilter):
    """Stretch each channel so that its darkest pixel becomes 0 and its brightest 1.

    Equals torchvision's `autocontrast` of floats: nothing is rounded. A channel that spans less than half a count of
    255 stays as it is, because only rounding errors would be stretched. Grey pictures stay grey.
    """

    spec = OperationSpec(
        id="autocontrast", title="Autocontrast", kind="filter", summary="Stretches each colour over the whole range."
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views that are stretched (0.5 in torchvision)", ge=0, le=1)

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        _autocontrast(x, rows)

    def changed(self, x: Tensor, values: Values) -> Tensor:
        low, high = torch.aminmax(x.flatten(2), dim=2)
        span = (high - low)[..., None, None]
        stretched = (x - low[..., None, None]).div_(span.clamp_min(float(_FLAT))).clamp_(0, 1)
        return torch.where(span < float(_FLAT), x, stretched)


@compiled
def _autocontrast(x: Array, rows: Array) -> None:
    for m in range(len(rows)):
        for c in range(x.shape[1]):
            flat = x[rows[m], c].reshape(-1)
            low = high = flat[0]
            for i in range(len(flat)):
                low, high = min(low, flat[i]), max(high, flat[i])
            if high - low < _FLAT:
                continue
            gain = np.float32(1.0) / (high - low)
            for i in range(len(flat)):
                flat[i] = min((flat[i] - low) * gain, np.float32(1.0))
