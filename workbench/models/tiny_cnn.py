"""A convolutional encoder that learns something useful in two minutes on two CPU cores.

Where the time goes decides its shape: on a CPU a 3x3 convolution at full resolution costs as much as all the others
together, so every early stage halves the map before it widens it. With 32-pixel views the maps are 16, 8, 4 and 4
pixels wide.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.plugins.specs import BackboneSpec


class TinyCNNConfig(Model):
    """Settings of the tiny CNN."""

    width: int = setting(
        32, "Width", "channels of the first convolution; features have eight times as many", ge=4, le=256
    )


class TinyCNN(Backbone):
    """Four 3x3 convolutions with batch normalisation and ReLU, then the mean over positions.

    Channels are width x (1, 2, 4, 8). Views above 64 px are halved further, one more stage of the last width for each
    doubling, so that the last map stays small.

    Shapes: x (N, 3, H, W) float -> features (N, 8 * width).
    """

    spec: ClassVar[BackboneSpec] = BackboneSpec(
        id="tiny_cnn",
        title="Tiny CNN",
        summary="Four convolutions with early strides: the one to start with on a CPU.",
    )
    Config: ClassVar[type[Model]] = TinyCNNConfig

    def __init__(self, config: TinyCNNConfig, image_size: int) -> None:
        super().__init__()
        stages = [(config.width, 2), (2 * config.width, 2), (4 * config.width, 2), (8 * config.width, 1)]
        extra = max(0, (image_size - 1).bit_length() - 6)
        stages += [(8 * config.width, 2)] * extra
        layers, channels = [], 3
        for width, stride in stages:
            layers.append(conv_bn_relu(channels, width, stride))
            channels = width
        self.stages = nn.Sequential(*layers)
        self.width = channels

    def features(self, x: Tensor) -> Tensor:
        """The mean of the last map over its positions, (N, D)."""
        maps_NDhw: Tensor = self.stages(x.contiguous(memory_format=torch.channels_last))
        return maps_NDhw.mean(dim=(2, 3))


def conv_bn_relu(channels: int, width: int, stride: int) -> nn.Sequential:
    """A 3x3 convolution without bias, batch normalisation and ReLU."""
    conv = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True))
