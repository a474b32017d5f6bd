"""torchvision's ResNet-18 and ResNet-50, with the stem that small pictures need.

The ImageNet stem (7x7 stride 2, max-pool stride 2) leaves an 8x8 map of a 32-pixel picture before the first block. The
small stem is one 3x3 convolution, stride 1, padding 1, without pooling, as in SimCLR's CIFAR-10 experiments
(Chen et al. 2020, appendix B.9). Weights are drawn at random; nothing is downloaded.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.small_resnet import RESNET_PAPER
from workbench.plugins.specs import BackboneSpec

SMALL_IMAGE_PX = 64


class TorchvisionResNetConfig(Model):
    """Settings of torchvision's ResNets."""

    stem: Literal["auto", "small", "imagenet"] = setting(
        "auto",
        "Stem",
        f"first layers: small keeps the resolution, imagenet divides it by 4; auto is small up to {SMALL_IMAGE_PX} px",
    )


class TorchvisionResNet(Backbone):
    """A torchvision ResNet without its classifier.

    Shapes: x (N, 3, H, W) float -> features (N, D), the mean of the last map over its positions.
    """

    Config: ClassVar[type[Model]] = TorchvisionResNetConfig

    def __init__(self, config: TorchvisionResNetConfig, image_size: int) -> None:
        import torchvision.models  # here, because it takes seconds

        super().__init__()
        self.net = torchvision.models.get_model(self.spec.id, weights=None)
        self.width = self.net.fc.in_features
        self.net.fc = nn.Identity()
        if config.stem == "small" or (config.stem == "auto" and image_size <= SMALL_IMAGE_PX):
            self.net.conv1 = nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
            nn.init.kaiming_normal_(self.net.conv1.weight, mode="fan_out", nonlinearity="relu")
            self.net.maxpool = nn.Identity()

    def features(self, x: Tensor) -> Tensor:
        """The mean of the last map over its positions, (N, D)."""
        features_ND: Tensor = self.net(x.contiguous(memory_format=torch.channels_last))
        return features_ND


class ResNet18(TorchvisionResNet):
    """ResNet-18, D = 512."""

    spec: ClassVar[BackboneSpec] = BackboneSpec(
        id="resnet18",
        title="ResNet-18",
        paper=RESNET_PAPER,
        summary="The usual encoder of CIFAR-10 comparisons; 512 features; wants a GPU.",
    )


class ResNet50(TorchvisionResNet):
    """ResNet-50, D = 2048."""

    spec: ClassVar[BackboneSpec] = BackboneSpec(
        id="resnet50",
        title="ResNet-50",
        paper=RESNET_PAPER,
        summary="The usual encoder of ImageNet comparisons; 2048 features; wants a GPU.",
    )
