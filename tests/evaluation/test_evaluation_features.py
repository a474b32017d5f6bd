"""Extraction: right rows, in order, and an encoder that is not changed by being looked at."""

from __future__ import annotations

import copy

import numpy as np
import pyarrow as pa
import pytest
import torch
from numpy.typing import NDArray

from workbench.core.errors import Cancelled
from workbench.data.base import DataInfo, Dataset, Samples
from workbench.evaluation.features import extract
from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.recipes.models import Choice

CPU = torch.device("cpu")


class Pictures(Dataset):
    """Pictures held in memory."""

    def __init__(self, samples: int) -> None:
        rng = np.random.default_rng(0)
        self.images = rng.integers(0, 256, (samples, 3, 16, 16), dtype=np.uint8)
        self.info = DataInfo("noise", "image", samples, {"image": (3, 16, 16)})

    @property
    def labels(self) -> None:
        return None

    def batch(self, index: NDArray[np.int64]) -> Samples:
        return Samples({"image": self.images[index]}, None, index)

    def table(self) -> pa.Table:
        return pa.table({"id": [str(i) for i in range(len(self))]})


def inputs(images: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(images).to(device).float() / 255


@pytest.fixture
def backbone() -> Backbone:
    torch.manual_seed(0)
    net = build_backbone(Choice(id="tiny_cnn", width=4), 16)
    net(torch.randn(8, 3, 16, 16))
    return net


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_rows_follow_the_index_whatever_the_batch(backbone: Backbone, batch: int) -> None:
    data, index = Pictures(20), np.array([3, 19, 0, 3, 7])
    rows = extract(backbone, inputs, data, index, CPU, batch=batch)
    with torch.no_grad():
        wanted = backbone.eval()(inputs(data.images[index], CPU))
    torch.testing.assert_close(rows, wanted, rtol=1e-4, atol=1e-5)
    assert not rows.requires_grad


def test_buffers_stay_as_they_were_to_the_bit(backbone: Backbone) -> None:
    before = copy.deepcopy(backbone.state_dict())
    extract(backbone, inputs, Pictures(20), np.arange(20), CPU)
    assert all(torch.equal(tensor, before[name]) for name, tensor in backbone.state_dict().items())


def test_every_part_gets_its_own_mode_back(backbone: Backbone) -> None:
    frozen = next(part for part in backbone.modules() if isinstance(part, torch.nn.BatchNorm2d)).eval()
    extract(backbone, inputs, Pictures(4), np.arange(4), CPU)
    assert backbone.training
    assert not frozen.training


def test_progress_reaches_one_and_can_cancel(backbone: Backbone) -> None:
    shares: list[float] = []

    def watch(share: float, words: str) -> None:
        shares.append(share)
        if len(shares) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        extract(backbone, inputs, Pictures(20), np.arange(20), CPU, batch=5, progress=watch)
    assert shares == [0.25, 0.5]
    assert backbone.training
    shares[:] = [0.0] * 5
    extract(backbone, inputs, Pictures(20), np.arange(20), CPU, batch=5, progress=watch)
    assert shares[-1] == 1.0


def test_no_samples_give_no_rows(backbone: Backbone) -> None:
    assert extract(backbone, inputs, Pictures(4), np.arange(0), CPU).shape == (0, backbone.width)
