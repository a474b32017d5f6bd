"""The small residual network made for 32-pixel pictures.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition (CVPR 2016), section 4.2: a 3x3 stem at full
resolution, then three stages of n basic blocks with widths 16, 32, 64 and maps of side 32, 16, 8; 6n + 2 layers.
We differ in the shortcuts that change the shape: a 1x1 convolution (the paper's option B), where the paper pads zeros.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.plugins.specs import BackboneSpec, Paper

RESNET_PAPER = Paper(
    title="Deep Residual Learning for Image Recognition",
    authors="He, Zhang, Ren, Sun",
    year=2016,
    venue="CVPR",
    url="https://arxiv.org/abs/1512.03385",
)


class SmallResNetConfig(Model):
    """Settings of the small ResNet."""

    depth: int = setting(1, "Depth", "residual blocks in each of the three stages: n gives 6n + 2 layers", ge=1, le=18)
    width: int = setting(16, "Width", "channels of the first stage; features have four times as many", ge=4, le=256)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: (N, C, H, W) -> (N, width, H / stride, W / stride)."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != width:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class SmallResNet(Backbone):
    """A ResNet of 6n + 2 layers in three stages.

    Shapes: x (N, 3, H, W) float -> features (N, 4 * width).
    """

    spec: ClassVar[BackboneSpec] = BackboneSpec(
        id="small_resnet",
        title="Small ResNet",
        summary="Three residual stages at full resolution: better than the tiny CNN, two to three times slower.",
        paper=RESNET_PAPER,
    )
    Config: ClassVar[type[Model]] = SmallResNetConfig

    def __init__(self, config: SmallResNetConfig, image_size: int) -> None:
        super().__init__()
        width = config.width
        # A large view would keep every stage at a resolution that no CPU bears: halve it at once in the stem.
        stem_stride = 1 if image_size <= 64 else 4
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 3, stem_stride, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.stages = nn.Sequential(
            _stage(width, width, config.depth, 1),
            _stage(width, 2 * width, config.depth, 2),
            _stage(2 * width, 4 * width, config.depth, 2),
        )
        self.width = 4 * width

    def features(self, x: Tensor) -> Tensor:
        """The mean of the last map over its positions, (N, D)."""
        maps_NDhw: Tensor = self.stages(self.stem(x.contiguous(memory_format=torch.channels_last)))
        return maps_NDhw.mean(dim=(2, 3))


def _stage(channels: int, width: int, depth: int, stride: int) -> nn.Sequential:
    first = BasicBlock(channels, width, stride)
    return nn.Sequential(first, *(BasicBlock(width, width, 1) for _ in range(depth - 1)))
