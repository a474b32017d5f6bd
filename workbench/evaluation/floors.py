"""The floor that any encoder must beat: the pictures themselves.

The other floor, an encoder with its initial weights, is measured with the same functions as a trained one.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def raw_pixel_features(images_NCHW: NDArray[np.uint8]) -> Tensor:
    """The pixels of each picture as one vector, float32 (N, C * H * W) in [0, 1], not centred."""
    flat = np.ascontiguousarray(images_NCHW).reshape(len(images_NCHW), -1)
    return torch.from_numpy(flat).float().div_(255)
