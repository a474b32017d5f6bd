"""Every encoder architecture, in the order that lists show."""

from __future__ import annotations

from workbench.models.base import Backbone
from workbench.models.small_resnet import SmallResNet
from workbench.models.small_vit import SmallViT
from workbench.models.timm_backbone import TimmBackbone
from workbench.models.tiny_cnn import TinyCNN
from workbench.models.torchvision_resnet import ResNet18, ResNet50

BACKBONES: tuple[type[Backbone], ...] = (TinyCNN, SmallResNet, SmallViT, ResNet18, ResNet50, TimmBackbone)
