"""DINO: a student learns a slow teacher's soft classes, from small crops what the teacher sees in large ones.

Caron, Touvron, Misra and others: Emerging Properties in Self-Supervised Vision Transformers (ICCV 2021).

Both networks end in K prototypes. With c the centre, a moving average of the teacher's outputs,

    P_t(x) = softmax((g_t(x) - c) / tau_t),   P_s(x) = softmax(g_s(x) / tau_s)          (equation 1)
    L = mean over g, v != g of  - sum_k P_t(x_g)[k] log P_s(x_v)[k]                      (equation 3)

where g runs over the global views, those whose side is the largest, and v over all views. Only the student sees the
smaller ones. Centring keeps one prototype from taking everything, the low temperature of the teacher (sharpening) keeps
the classes from becoming uniform, and each alone would collapse the other way (section 3.1). The centre that a batch
is compared with is that of the batches before it. Over several processes the centre is that of all their samples.

The head is an MLP, a projection to length 1 and prototypes of length 1, as the authors' code has them (appendix C). For
the first share of the run the prototypes keep their initial values (appendix A: one epoch of 100).

We differ in sizes: the paper's head is 2048 wide with a bottleneck of 256 and K = 65536, its teacher momentum starts at
0.996 and its teacher temperature rises from 0.04 to 0.07 in 30 of 300 epochs. On CIFAR solo-learn takes K = 4096,
lightly K = 2048 and 0.04 throughout, which in a short run sharpens sooner and is the default here; a small bottleneck
helps it, because cosines spread by 1 / sqrt(P). The head has batch normalisation by default, as lightly's on CIFAR,
because the default encoder is convolutional; without it its activation is GELU. Prototypes are held still by being put
back after the optimiser's step, so the optimiser's memory of their gradients goes on.

Shapes: N samples in a batch, G global views of V views, D features, P bottleneck, K prototypes
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.modes import evaluating
from workbench.models.teacher import Teacher, rising_momentum
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.distributed import gather
from workbench.objectives.multi_crop import features, largest
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class DINOConfig(Model):
    """Settings of DINO."""

    prototypes: int = setting(1024, "Prototypes", "soft classes that teacher and student share", ge=2, le=262144)
    hidden: int = setting(256, "Head hidden", "width of the head's hidden layers", ge=1, le=16384)
    bottleneck: int = setting(64, "Head bottleneck", "width in which prototypes are compared", ge=2, le=4096)
    layers: int = setting(2, "Head layers", "linear layers before the prototypes", ge=1, le=4)
    batch_norm: bool = setting(True, "Batch norm", "normalise the head's hidden layers; not for transformers")
    student_temperature: float = setting(
        0.1, "Student temperature", "divides the student's outputs", gt=0, le=10, log=True
    )
    teacher_temperature: float = setting(
        0.04, "Teacher temperature", "divides the teacher's; below the student's to sharpen", gt=0, le=10, log=True
    )
    first_temperature: float = setting(
        0.04, "First teacher temperature", "where the teacher's temperature begins", gt=0, le=10, log=True
    )
    warmup: float = setting(
        0.1, "Temperature warm-up", "share of the run in which the teacher's temperature rises", ge=0, le=1
    )
    momentum: float = setting(
        0.99, "Teacher momentum", "share of its weights that the teacher keeps in a step; rises to 1", ge=0, le=1
    )
    centre_momentum: float = setting(0.9, "Centre momentum", "share of the centre that a step keeps", ge=0, le=1)
    frozen: float = setting(
        0.05, "Frozen prototypes", "share of the run in which the prototypes keep their first values", ge=0, le=1
    )


class DINOHead(nn.Module):
    """An MLP, a projection to length 1 and K unit prototypes: (N, D) features -> (N, K) cosines in [-1, 1]."""

    def __init__(self, width: int, config: DINOConfig) -> None:
        super().__init__()
        shape = (width, config.hidden, config.bottleneck, config.layers)
        self.mlp = mlp(*shape) if config.batch_norm else plain_mlp(*shape)
        self.prototypes = nn.Parameter(torch.randn(config.prototypes, config.bottleneck))

    def forward(self, h_ND: Tensor) -> Tensor:
        z_NP = self.mlp(h_ND)
        # Half precision has too few digits for cosines that are then divided by a temperature of 0.04.
        with torch.autocast(h_ND.device.type, enabled=False):
            return F.normalize(z_NP.float(), dim=1) @ F.normalize(self.prototypes.float(), dim=1).T


def plain_mlp(width_in: int, hidden: int, width_out: int, layers: int) -> nn.Sequential:
    """Linear layers with GELU between them, the head for transformers."""
    widths = [width_in, *[hidden] * (layers - 1)]
    parts = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.GELU())]
    return nn.Sequential(*parts, nn.Linear(widths[-1], width_out))


def sharpened(out_GNK: Tensor, centre_K: Tensor, temperature: Tensor | float) -> Tensor:
    """The teacher's probabilities: centred and divided by its temperature (equation 1 and section 3.1)."""
    return F.softmax((out_GNK - centre_K) / temperature, dim=-1)


def distillation(teacher_GNK: Tensor, student_VNK: Tensor, own_G: list[int]) -> Tensor:
    """Mean cross-entropy of the student's log-probabilities under the teacher's, for all pairs of different views.

    Parameters
    ----------
    teacher_GNK : probabilities of the global views
    student_VNK : log-probabilities of all views
    own_G : the place of each global view among all views, which it is not compared with

    Returns
    -------
    Scalar at or above 0: the mean over samples and over G (V - 1) pairs; ln K where both are uniform.
    """
    views, samples = student_VNK.shape[:2]
    cross_GV = -torch.einsum("gnk,vnk->gv", teacher_GNK, student_VNK) / samples
    itself = sum(cross_GV[place, own] for place, own in enumerate(own_G))
    return (cross_GV.sum() - itself) / (len(own_G) * (views - 1))


def entropy(p_MK: Tensor) -> Tensor:
    """Mean entropy of distributions in nats, a scalar in [0, ln K]."""
    entropies_M: Tensor = torch.special.entr(p_MK).sum(dim=-1)
    return entropies_M.mean()


class DINO(Objective):
    """Self-distillation without labels."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="dino",
        title="DINO",
        family="Distillation",
        summary="The student learns the soft classes that a slow teacher gives; small crops learn from large ones.",
        explanation=(
            "A teacher, the moving average of the student, sorts large crops into soft classes that nobody named; the "
            "student has to give every crop of the picture the same answer. The teacher's outputs are centred, so that "
            "no class takes everything, and sharpened, so that they do not all become equal. The loss starts flat near "
            "ln K."
        ),
        energy=(
            "Views of one picture get low energy (the same soft class); nothing is pushed up. Centring and sharpening "
            "pull against each other and keep the classes in use."
        ),
        experience="The teacher's soft class of a large crop is predicted from every other crop, by a cross-entropy.",
        formula=(
            r"\mathcal{L} = -\frac{1}{G(V-1)} \sum_{g} \sum_{v \neq g} \sum_{k=1}^{K}"
            r" P_t(x_g)_k \, \log P_s(x_v)_k, \quad P_t = \mathrm{softmax}\left( \frac{g_t - c}{\tau_t} \right)"
        ),
        paper=Paper(
            title="Emerging Properties in Self-Supervised Vision Transformers",
            authors="Caron, Touvron, Misra, Jégou, Mairal, Bojanowski, Joulin",
            year=2021,
            venue="ICCV",
            url="https://arxiv.org/abs/2104.14294",
        ),
        needs=Needs(
            min_views=2,
            min_batch=2,
            bounds=(
                Bound(
                    setting="prototypes",
                    at_most="samples",
                    why="the number of training samples, because a prototype without a sample learns nothing",
                ),
            ),
        ),
        metrics=(
            MetricSpec(
                name="teacher_entropy",
                title="Teacher entropy",
                unit="nat",
                description="mean entropy of the teacher's soft classes; 0 or ln K for good is collapse",
            ),
            MetricSpec(
                name="student_entropy",
                title="Student entropy",
                unit="nat",
                description="mean entropy of the student's soft classes",
            ),
            MetricSpec(
                name="usage_entropy",
                title="Prototype usage",
                unit="nat",
                better="higher",
                description="entropy of the teacher's mean soft class over the batch; 0 when one takes everything",
            ),
            MetricSpec(
                name="kl",
                title="KL divergence",
                unit="nat",
                better="lower",
                description="teacher to student, the loss without the teacher's entropy; 0 for good is collapse",
            ),
            MetricSpec(
                name="momentum",
                title="Teacher momentum",
                description="share of its weights that the teacher kept in the last step",
            ),
        ),
        figures=(
            FigureSpec(
                name="mean_output",
                title="Mean output",
                kind="lines",
                description="mean probability of each prototype over the batch, most used by the teacher first",
                rows=("teacher", "student"),
            ),
            FigureSpec(
                name="centre",
                title="Centre",
                kind="bars",
                description="what is subtracted from the teacher's outputs, prototypes in the same order",
            ),
        ),
        chance=Chance(formula="ln K", expression="log(prototypes)"),
        views_preset="dino-cifar",
    )
    Config: ClassVar[type[Model]] = DINOConfig
    config: DINOConfig
    centre: Tensor
    momentum: Tensor
    temperature: Tensor

    def __init__(self, config: DINOConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.head = DINOHead(facts.width, config)
        self.register_buffer("centre", torch.zeros(config.prototypes))
        self.register_buffer("momentum", torch.tensor(config.momentum))
        self.register_buffer("temperature", torch.tensor(self._temperature_at(0.0)))
        self._seen_K: Tensor | None = None

    def attach(self, backbone: Backbone) -> None:
        """Copy encoder and head into the teacher."""
        self.teacher = Teacher(nn.Sequential(backbone, self.head))

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Cross-entropy of every view with the teacher's soft classes of the other, global ones."""
        check_views(self.spec, views)
        own_G = largest(views.inputs)
        h_V = features(views.inputs, backbone)
        out_GNK = self._teacher_outputs(views.inputs, own_G)
        self._seen_K = out_GNK.mean(dim=(0, 1))
        out_VNK = self.head(torch.cat(h_V)).reshape(len(h_V), -1, self.config.prototypes)
        teacher_GNK = sharpened(out_GNK, self.centre, self.temperature)
        student_VNK = F.log_softmax(out_VNK / self.config.student_temperature, dim=-1)
        loss = distillation(teacher_GNK, student_VNK, own_G)
        terms = self._terms(loss.detach(), teacher_GNK, student_VNK.detach())
        return Step(loss, terms, torch.cat([h_V[place] for place in own_G]).detach())

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Hold the prototypes while they are frozen, then move teacher, centre and temperature."""
        config = self.config
        if progress <= config.frozen:
            # The teacher's have not moved either, so they are the first ones.
            with torch.no_grad():
                self.head.prototypes.copy_(self.teacher.net.get_parameter("1.prototypes"))
        momentum = rising_momentum(config.momentum, progress)
        self.teacher.follow(nn.Sequential(backbone, self.head), momentum)
        self.momentum.fill_(momentum)
        self.temperature.fill_(self._temperature_at(progress))
        if self._seen_K is not None:
            self.centre.lerp_(gather(self._seen_K[None]).mean(dim=0), 1 - config.centre_momentum)
            self._seen_K = None

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Mean soft classes of teacher and student over the global views, and the centre."""
        with evaluating(backbone, self):
            own_G = largest(views.inputs)
            teacher_GNK = sharpened(self._teacher_outputs(views.inputs, own_G), self.centre, self.temperature)
            out_MK = self.head(backbone(torch.cat([views.inputs[place] for place in own_G])))
            student_K = F.softmax(out_MK / self.config.student_temperature, dim=-1).mean(dim=0)
            teacher_K = teacher_GNK.mean(dim=(0, 1))
            order_K = teacher_K.argsort(descending=True)
            both = torch.stack([teacher_K, student_K])[:, order_K]
            return {"mean_output": both.cpu().numpy(), "centre": self.centre[order_K].cpu().numpy()}

    def _teacher_outputs(self, inputs: tuple[Tensor, ...], own_G: list[int]) -> Tensor:
        """The teacher's cosines, (G, N, K)."""
        out_MK: Tensor = self.teacher(torch.cat([inputs[place] for place in own_G]))
        return out_MK.reshape(len(own_G), -1, out_MK.shape[-1])

    def _terms(self, loss: Tensor, teacher_GNK: Tensor, student_VNK: Tensor) -> dict[str, Tensor]:
        teacher_entropy = entropy(teacher_GNK)
        return {
            "teacher_entropy": teacher_entropy,
            "student_entropy": entropy(student_VNK.exp()),
            "usage_entropy": entropy(teacher_GNK.mean(dim=(0, 1))),
            "kl": loss - teacher_entropy,
            "momentum": self.momentum.clone(),
        }

    def _temperature_at(self, progress: float) -> float:
        """The teacher's temperature: from the first to the last along a line, then constant (appendix A)."""
        config = self.config
        share = min(1.0, progress / config.warmup) if config.warmup > 0 else 1.0
        return config.first_temperature + share * (config.teacher_temperature - config.first_temperature)
