"""Every view operation there is."""

from __future__ import annotations

from workbench.views.operations.base import Operation
from workbench.views.operations.blur import GaussianBlur
from workbench.views.operations.colour_jitter import ColourJitter
from workbench.views.operations.crop import RandomResizedCrop
from workbench.views.operations.flip import HorizontalFlip
from workbench.views.operations.greyscale import Greyscale
from workbench.views.operations.normalize import Normalize
from workbench.views.operations.quarter_turn import QuarterTurn

OPERATIONS: tuple[type[Operation], ...] = (
    RandomResizedCrop,
    HorizontalFlip,
    QuarterTurn,
    ColourJitter,
    Greyscale,
    GaussianBlur,
    Normalize,
)
