"""Views of several sizes: which of them are the large ones, and their features.

Shapes: V views of N samples, D features
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workbench.models.base import Backbone


def largest(inputs: Sequence[Tensor]) -> list[int]:
    """Which views have the largest side."""
    side = max(view.shape[-1] for view in inputs)
    return [place for place, view in enumerate(inputs) if view.shape[-1] == side]


def features(inputs: Sequence[Tensor], backbone: Backbone) -> list[Tensor]:
    """The encoder's features, (N, D) a view; views of one size pass it as one batch.

    Caron et al.: Unsupervised Learning of Visual Features by Contrasting Cluster Assignments (2020), section 3.3.
    """
    found: dict[int, Tensor] = {}
    for size in dict.fromkeys(view.shape[-1] for view in inputs):
        places = [place for place, view in enumerate(inputs) if view.shape[-1] == size]
        h_MD = backbone(torch.cat([inputs[place] for place in places]))
        found.update(zip(places, h_MD.chunk(len(places)), strict=True))
    return [found[place] for place in range(len(inputs))]
