"""Every learning objective, in the order that lists show."""

from __future__ import annotations

from workbench.objectives.base import Objective
from workbench.objectives.vision.baseline.supcon import SupCon
from workbench.objectives.vision.baseline.supervised import Supervised
from workbench.objectives.vision.clustering.deepcluster_v2 import DeepClusterV2
from workbench.objectives.vision.clustering.swav import SwAV
from workbench.objectives.vision.contrastive.instance_discrimination import InstanceDiscrimination
from workbench.objectives.vision.contrastive.moco import MoCo
from workbench.objectives.vision.contrastive.moco_v3 import MoCoV3
from workbench.objectives.vision.contrastive.nnclr import NNCLR
from workbench.objectives.vision.contrastive.simclr import SimCLR
from workbench.objectives.vision.contrastive.triplet import Triplet
from workbench.objectives.vision.distillation.byol import BYOL
from workbench.objectives.vision.distillation.dino import DINO
from workbench.objectives.vision.distillation.simsiam import SimSiam
from workbench.objectives.vision.masked.mae import MAE
from workbench.objectives.vision.masked.simmim import SimMIM
from workbench.objectives.vision.pretext.rotation import Rotation
from workbench.objectives.vision.redundancy.barlow_twins import BarlowTwins
from workbench.objectives.vision.redundancy.sigreg import SIGReg
from workbench.objectives.vision.redundancy.vicreg import VICReg
from workbench.objectives.vision.redundancy.w_mse import WMSE

OBJECTIVES: tuple[type[Objective], ...] = (
    SimCLR,
    MoCo,
    MoCoV3,
    NNCLR,
    InstanceDiscrimination,
    Triplet,
    SwAV,
    DeepClusterV2,
    BYOL,
    SimSiam,
    DINO,
    Rotation,
    MAE,
    SimMIM,
    Supervised,
    SupCon,
    BarlowTwins,
    VICReg,
    WMSE,
    SIGReg,
)
