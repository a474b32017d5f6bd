"""Features of a whole data set, from an encoder that must not notice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.base import Dataset, Progress, no_progress
from workbench.models.base import Backbone
from workbench.models.modes import evaluating

Inputs = Callable[[NDArray[np.uint8], torch.device], Tensor]


def extract(
    backbone: Backbone,
    inputs: Inputs,
    dataset: Dataset,
    index: NDArray[np.int64],
    device: torch.device,
    *,
    batch: int = 512,
    progress: Progress = no_progress,
) -> Tensor:
    """Features of some samples of a data set, in evaluation mode and without gradients.

    Parameters
    ----------
    backbone : the encoder, on `device`; its mode and its normalisation buffers are left as they were
    inputs : the views' evaluation transform: uint8 (n, C, H, W) and the device -> what the encoder takes
    index : positions in the data set, in the order of the rows wanted
    batch : samples at once
    progress : called after each batch; raises Cancelled to stop

    Returns
    -------
    float32 (N, D) on the CPU
    """
    features_ND = torch.empty(len(index), backbone.width)
    with evaluating(backbone):
        for start in range(0, len(index), batch):
            part = index[start : start + batch]
            images = dataset.batch(part).fields["image"]
            features_ND[start : start + len(part)] = backbone.features(inputs(images, device)).float().cpu()
            progress((start + len(part)) / len(index), "extracting features")
    return features_ND
