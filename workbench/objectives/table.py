"""Every learning objective, in the order that lists show."""

from __future__ import annotations

from workbench.objectives.base import Objective
from workbench.objectives.vision.baseline.supervised import Supervised
from workbench.objectives.vision.contrastive.simclr import SimCLR
from workbench.objectives.vision.pretext.rotation import Rotation

OBJECTIVES: tuple[type[Objective], ...] = (SimCLR, Rotation, Supervised)
