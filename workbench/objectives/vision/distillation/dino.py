"""DINO: a student learns a slow teacher's soft classes, from small crops what the teacher sees in large ones.

Caron, Touvron, Misra and others: Emerging Properties in Self-Supervised Vision Transformers (ICCV 2021).

Both networks end in K prototypes. With c the centre, a moving average of the teacher's outputs,

    P_t(x) = softmax((g_t(x) - c) / tau_t),   P_s(x) = softmax(g_s(x) / tau_s)          (equation 1)
    L = mean over g, v != g of  - sum_k P_t(x_g)[k] log P_s(x_v)[k]                      (equation 3)

where g runs over the global views, those whose side is the largest, and v over all views. Only the student sees the
smaller ones. Centring keeps one prototype from taking everything, the low temperature of the teacher (sharpening) keeps
the classes from becoming uniform, and each alone would collapse the other way (section 3.1). The centre that a batch
is compared with is that of the batches before it. `soft_classes` has the head, the teacher and the centre.

We differ in sizes: the paper's head is 2048 wide with a bottleneck of 256 and K = 65536, its teacher momentum starts at
0.996 and its teacher temperature rises from 0.04 to 0.07 in 30 of 300 epochs. On CIFAR solo-learn takes K = 4096,
lightly K = 2048 and 0.04 throughout, which in a short run sharpens sooner and is the default here; a small bottleneck
helps it, because cosines spread by 1 / sqrt(P). The head has batch normalisation by default, as lightly's on CIFAR,
because the default encoder is convolutional; without it its activation is GELU.

Shapes: N samples in a batch, G global views of V views, D features, P bottleneck, K prototypes
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import Model
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.objectives.alarms import LOWER_RATE, teacher_flat, teacher_peaked
from workbench.objectives.attention import ATTENTION, attention_pictures
from workbench.objectives.base import Step
from workbench.objectives.checks import check_views
from workbench.objectives.multi_crop import between_views, features, largest
from workbench.objectives.vision.distillation.soft_classes import (
    CENTRE,
    ENOUGH_SAMPLES,
    MEAN_OUTPUT,
    SOFT_CLASS_METRICS,
    SelfDistillation,
    SoftClassConfig,
    sharpened,
    usage,
)
from workbench.plugins.specs import Chance, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class DINOConfig(SoftClassConfig):
    """Settings of DINO."""


class DINO(SelfDistillation):
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
        needs=Needs(min_views=2, min_batch=2, bounds=(ENOUGH_SAMPLES,)),
        metrics=SOFT_CLASS_METRICS,
        alarms=(
            teacher_flat(
                ("objective.teacher_temperature", "lower it to 0.04"), ("objective.momentum", "raise it"), LOWER_RATE
            ),
            teacher_peaked(
                ("objective.centre_momentum", "lower it to 0.9 or less, so that the centre follows"),
                ("objective.teacher_temperature", "raise it"),
                LOWER_RATE,
            ),
        ),
        figures=(MEAN_OUTPUT, CENTRE, ATTENTION),
        chance=Chance(formula="ln K", expression="log(prototypes)"),
        views_preset="dino-cifar",
    )
    Config: ClassVar[type[Model]] = DINOConfig
    loss_unit: ClassVar[str] = "nat"

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
        loss_N = between_views(teacher_GNK, student_VNK, own_G)
        loss = loss_N.mean()
        terms = self.soft_class_terms(loss.detach(), teacher_GNK, student_VNK.detach())
        return Step(loss, terms, torch.cat([h_V[place] for place in own_G]).detach(), loss_N.detach())

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Mean soft classes of teacher and student over the global views, the centre, and where a transformer looks."""
        with evaluating(backbone, self):
            own_G = largest(views.inputs)
            x_MD = torch.cat([views.inputs[place] for place in own_G])
            teacher_GNK = sharpened(self._teacher_outputs(views.inputs, own_G), self.centre, self.temperature)
            student_MK = F.softmax(self.head(backbone(x_MD)) / self.config.student_temperature, dim=-1)
            shown = usage(teacher_GNK.flatten(0, 1), student_MK, self.centre)
            attention = attention_pictures(backbone, views.inputs[own_G[0]])
        pictures = {} if attention is None else {"attention": attention}
        return {**{name: array.cpu().numpy() for name, array in shown.items()}, **pictures}

    def _teacher_outputs(self, inputs: tuple[Tensor, ...], own_G: list[int]) -> Tensor:
        """The teacher's cosines, (G, N, K)."""
        out_MK: Tensor = self.teacher(torch.cat([inputs[place] for place in own_G]))
        return out_MK.reshape(len(own_G), -1, out_MK.shape[-1])
