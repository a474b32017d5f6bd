"""The few passes that a view is made of, as plain arrays: what both backends run.

`cpu.py` and `batched.py` take the same steps and agree to 1/255 of the range. A view operation that fits neither
fused pass (a per-sample transform of another library, say) is one more `FilterStep`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views.geometry import AxisMap
from workbench.views.warp import Warp

if TYPE_CHECKING:
    from workbench.views.operations.base import Filter, Values


@dataclass(frozen=True)
class FusedStep:
    """One resampling and one recolouring: out = clamp(A x + B m + b, 0, 1) · gain + bias, m the mean of the view.

    map : where pixels come from along each axis; None keeps them where they are
    size : S, side of the output in px; not used without a map
    transform : (N, 3, 7) float32, (A | B | b), in the units of [0, 1]
    gain, bias : (N, 3) float32
    warp : where pixels come from in the samples that turn, shear, tilt or look outside; `map` is not used for these
    """

    map: AxisMap | None
    size: int
    transform: NDArray[np.float32]
    gain: NDArray[np.float32]
    bias: NDArray[np.float32]
    warp: Warp | None = None


@dataclass(frozen=True)
class FilterStep:
    """A batched operation at its own place."""

    operation: Filter
    values: Values
    applied: NDArray[np.bool_]


Step = FusedStep | FilterStep


def unit_of(dtype: Any) -> float:
    """The value of one count in units of [0, 1]: 1/255 for bytes, 1 for floats."""
    return 1 / 255 if str(dtype).endswith("uint8") else 1.0
