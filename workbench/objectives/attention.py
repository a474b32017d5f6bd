"""Where each head of a transformer looks, painted over the picture.

Caron et al.: Emerging Properties in Self-Supervised Vision Transformers (ICCV 2021), figures 1 and 3.

Shapes: N samples, H heads, S side of a picture
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from workbench.models.attention import attention_maps
from workbench.models.base import Backbone
from workbench.objectives.pictures import SHOWN_ROWS, rows_of, stretched
from workbench.plugins.specs import FigureSpec

SHOWN_HEADS = 8
_SHADE = 0.55
_GLOW = (1.0, 0.66, 0.12)

ATTENTION = FigureSpec(
    name="attention",
    title="Attention",
    kind="pictures",
    description=(
        "The picture, then where each head of the last block looks: brightest for the patch that counts most. "
        "Only transformers have it."
    ),
)


def attention_pictures(backbone: Backbone, x: Tensor) -> NDArray[np.floating[Any]] | None:
    """At most 8 pictures, each with what up to 8 heads of the last block look at: (N, 1 + H, S, S, 3) in [0, 1].

    Parameters
    ----------
    x : normalised views (N, 3, S, S)

    Returns
    -------
    None for an encoder without attention over a grid of patches.
    """
    x = x[:SHOWN_ROWS]
    maps_NHrc = attention_maps(backbone, x)
    if maps_NHrc is None:
        return None
    picture = stretched(x)
    glows = [_glowing(picture, maps_NHrc[:, head]) for head in range(min(maps_NHrc.shape[1], SHOWN_HEADS))]
    return rows_of([picture, *glows])


def _glowing(picture: Tensor, map_Nrc: Tensor) -> Tensor:
    """The picture in dark grey with a glow that is full where the map is largest and gone where it is smallest."""
    low, high = map_Nrc.amin(dim=(1, 2), keepdim=True), map_Nrc.amax(dim=(1, 2), keepdim=True)
    share = (map_Nrc - low) / (high - low).clamp(min=torch.finfo(map_Nrc.dtype).tiny)
    glow = F.interpolate(share[:, None].float(), size=picture.shape[2:], mode="nearest")
    dark = _SHADE * picture.mean(dim=1, keepdim=True)
    return dark + glow * (picture.new_tensor(_GLOW).view(1, 3, 1, 1) - dark)
