"""Every view operation there is."""

from __future__ import annotations

from workbench.views.operations.affine import Affine
from workbench.views.operations.autocontrast import Autocontrast
from workbench.views.operations.base import Operation
from workbench.views.operations.block_masks import BlockMasks
from workbench.views.operations.blur import GaussianBlur
from workbench.views.operations.centre_crop import CentreCrop
from workbench.views.operations.channels import ChannelDrop, ChannelShuffle
from workbench.views.operations.colour_jitter import ColourJitter
from workbench.views.operations.colour_split import ColourSplit
from workbench.views.operations.crop import RandomResizedCrop
from workbench.views.operations.elastic import Elastic
from workbench.views.operations.equalize import Equalize
from workbench.views.operations.erasing import Cutout, RandomErasing
from workbench.views.operations.flip import HorizontalFlip, VerticalFlip
from workbench.views.operations.greyscale import Greyscale
from workbench.views.operations.jpeg import Jpeg
from workbench.views.operations.known_transform import KnownTransform
from workbench.views.operations.mixing import Cutmix, Mixup
from workbench.views.operations.noise import GaussianNoise, SaltAndPepper
from workbench.views.operations.normalize import Normalize
from workbench.views.operations.patch_grid import Jigsaw, PatchGrid, RelativePosition
from workbench.views.operations.patch_mask import PatchMask
from workbench.views.operations.perspective import Perspective
from workbench.views.operations.policies import RandAugment, TrivialAugment
from workbench.views.operations.posterize import Posterize
from workbench.views.operations.quarter_turn import QuarterTurn
from workbench.views.operations.region_mask import RegionMask
from workbench.views.operations.resize import Resize
from workbench.views.operations.rotation import Rotation
from workbench.views.operations.sharpness import Sharpness
from workbench.views.operations.sobel import Sobel
from workbench.views.operations.solarize import Invert, Solarize
from workbench.views.operations.torchvision_transform import TorchvisionTransform

OPERATIONS: tuple[type[Operation], ...] = (
    RandomResizedCrop,
    CentreCrop,
    Resize,
    HorizontalFlip,
    VerticalFlip,
    Rotation,
    QuarterTurn,
    KnownTransform,
    Affine,
    Perspective,
    Elastic,
    ColourJitter,
    Greyscale,
    Invert,
    ChannelDrop,
    ChannelShuffle,
    Solarize,
    Posterize,
    Equalize,
    Autocontrast,
    Sharpness,
    GaussianBlur,
    GaussianNoise,
    SaltAndPepper,
    Cutout,
    RandomErasing,
    Sobel,
    Jpeg,
    TorchvisionTransform,
    Mixup,
    Cutmix,
    RandAugment,
    TrivialAugment,
    Normalize,
    PatchMask,
    BlockMasks,
    RegionMask,
    PatchGrid,
    Jigsaw,
    RelativePosition,
    ColourSplit,
)
