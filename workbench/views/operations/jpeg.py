"""JPEG compression."""

from __future__ import annotations

from io import BytesIO
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.counts import HALF
from workbench.views.cpu import Workers
from workbench.views.operations.base import Filter, OperationConfig, Ordered, Scene, Values

Quality = Annotated[int, setting(..., "Quality", "1 is the coarsest, 100 the finest", ge=1, le=100)]


class Jpeg(Filter):
    """Compress the view as a JPEG of random quality and decompress it again; the qualities are equally likely.

    Equals torchvision's `jpeg`: libjpeg's quality scale, colour at half the resolution. It is real compression, sample
    by sample on the processor: views on another device visit the host for it, which costs two copies and more time
    than all other operations together. Colours are rounded to bytes first, as `workbench.views.counts` says. The range
    ends at 25, the mildest of ImageNet-C's five qualities (Hendrycks and Dietterich 2019). Even quality 100 rounds.
    """

    spec = OperationSpec(
        id="jpeg", title="JPEG", kind="filter", summary="Adds the blocks and ripples of strong JPEG compression."
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views that are compressed", ge=0, le=1)
        quality: Annotated[tuple[Quality, Quality], Ordered] = setting(
            (25, 95), "Quality", "1 is the coarsest, 100 the finest", widget="range", neutral=(100, 100)
        )

    config: Config

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._workers = Workers(torch.get_num_threads())

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        low, high = self.config.quality
        return {"quality": rng.integers(low, high, scene.samples, endpoint=True)}

    def on_cpu(self, x: NDArray[np.float32], values: Values, applied: NDArray[np.bool_], workers: Workers) -> None:
        rows = np.flatnonzero(applied)

        def work(start: int, stop: int) -> None:
            for row in rows[start:stop].tolist():
                x[row] = _compressed(x[row], int(values["quality"][row]))

        workers.spread(len(rows), work)

    def on_device(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        rows = np.flatnonzero(applied)
        index = torch.from_numpy(rows).to(x.device)
        chosen = x[index].cpu().numpy()
        quality = {"quality": values["quality"][rows]}
        self.on_cpu(chosen, quality, np.ones(len(rows), np.bool_), self._workers)
        return x.index_copy(0, index, torch.from_numpy(chosen).to(x.device))


def _compressed(picture: NDArray[np.float32], quality: int) -> NDArray[np.float32]:
    """A picture (3, H, W) in [0, 1] after compression."""
    # Rounded by numpy, because torch would start threads of its own in every worker.
    as_bytes = (picture * 255 + HALF).astype(np.uint8).transpose(1, 2, 0)
    stored = BytesIO()
    Image.fromarray(np.ascontiguousarray(as_bytes)).save(stored, "JPEG", quality=quality)
    decoded = np.asarray(Image.open(stored), np.float32)
    return decoded.transpose(2, 0, 1) / np.float32(255)
