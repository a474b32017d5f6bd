"""Every learning objective, in the order that lists show."""

from __future__ import annotations

from workbench.objectives.base import Objective
from workbench.objectives.vision.baseline.fixmatch import FixMatch
from workbench.objectives.vision.baseline.pseudo_label import PseudoLabel
from workbench.objectives.vision.baseline.s4l import S4L
from workbench.objectives.vision.baseline.supcon import SupCon
from workbench.objectives.vision.baseline.supervised import Supervised
from workbench.objectives.vision.baseline.uda import UDA
from workbench.objectives.vision.baseline.vat import VAT
from workbench.objectives.vision.clustering.clusterfit import ClusterFit
from workbench.objectives.vision.clustering.deepcluster import DeepCluster
from workbench.objectives.vision.clustering.deepcluster_v2 import DeepClusterV2
from workbench.objectives.vision.clustering.swav import SwAV
from workbench.objectives.vision.contrastive.cpc import CPC
from workbench.objectives.vision.contrastive.instance_discrimination import InstanceDiscrimination
from workbench.objectives.vision.contrastive.moco import MoCo
from workbench.objectives.vision.contrastive.moco_v3 import MoCoV3
from workbench.objectives.vision.contrastive.nnclr import NNCLR
from workbench.objectives.vision.contrastive.pirl import PIRL
from workbench.objectives.vision.contrastive.simclr import SimCLR
from workbench.objectives.vision.contrastive.triplet import Triplet
from workbench.objectives.vision.distillation.byol import BYOL
from workbench.objectives.vision.distillation.dino import DINO
from workbench.objectives.vision.distillation.ibot import IBOT
from workbench.objectives.vision.distillation.simsiam import SimSiam
from workbench.objectives.vision.generative.autoencoder import Autoencoder
from workbench.objectives.vision.generative.bigan import BiGAN
from workbench.objectives.vision.generative.colourisation import Colourisation
from workbench.objectives.vision.generative.context_encoder import ContextEncoder
from workbench.objectives.vision.generative.pixel_gpt import PixelGPT
from workbench.objectives.vision.generative.split_brain import SplitBrain
from workbench.objectives.vision.generative.vae import VAE
from workbench.objectives.vision.masked.i_jepa import IJEPA
from workbench.objectives.vision.masked.mae import MAE
from workbench.objectives.vision.masked.simmim import SimMIM
from workbench.objectives.vision.pretext.exemplar import Exemplar
from workbench.objectives.vision.pretext.geometric_transform import GeometricTransform
from workbench.objectives.vision.pretext.jigsaw import Jigsaw
from workbench.objectives.vision.pretext.relative_position import RelativePosition
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
    PIRL,
    Triplet,
    CPC,
    SwAV,
    DeepCluster,
    DeepClusterV2,
    ClusterFit,
    BYOL,
    SimSiam,
    DINO,
    IBOT,
    Rotation,
    GeometricTransform,
    Exemplar,
    Jigsaw,
    RelativePosition,
    Autoencoder,
    VAE,
    ContextEncoder,
    BiGAN,
    Colourisation,
    SplitBrain,
    PixelGPT,
    MAE,
    SimMIM,
    IJEPA,
    Supervised,
    SupCon,
    PseudoLabel,
    VAT,
    UDA,
    FixMatch,
    S4L,
    BarlowTwins,
    VICReg,
    WMSE,
    SIGReg,
)
