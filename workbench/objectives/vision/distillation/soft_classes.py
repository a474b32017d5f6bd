"""Self-distillation to soft classes: a student learns what a slow teacher calls its views. Shared by DINO and iBOT.

Caron, Touvron, Misra and others: Emerging Properties in Self-Supervised Vision Transformers (ICCV 2021).

Both networks end in K prototypes, the classes that nobody named. The teacher's outputs are centred and sharpened:
centring keeps one prototype from taking everything, a temperature below the student's keeps the classes from becoming
uniform, and each alone would collapse the other way (section 3.1). The head is an MLP, a projection to length 1 and
prototypes of length 1, as the authors' code has them (appendix C). A centre is the moving average of the teacher's
outputs over the batches before, of all processes. For the first share of the run the prototypes keep their initial
values (appendix A); they are put back after the optimiser's step, so the optimiser's memory of their gradients goes on.

Shapes: N samples in a batch, G global views of V views, D features, P bottleneck, K prototypes, M outputs of any kind
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.heads import mlp
from workbench.models.teacher import Teacher, rising_momentum
from workbench.objectives.base import Facts, Objective
from workbench.objectives.distributed import gather
from workbench.plugins.specs import Bound, FigureSpec, MetricSpec

ENOUGH_SAMPLES = Bound(
    setting="prototypes",
    at_most="samples",
    why="the number of training samples, because a prototype without a sample learns nothing",
)
SOFT_CLASS_METRICS = (
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
)
MEAN_OUTPUT = FigureSpec(
    name="mean_output",
    title="Mean output",
    kind="lines",
    x="prototype",
    y="mean probability",
    description="mean probability of each prototype over the batch, most used by the teacher first",
    rows=("teacher", "student"),
)
CENTRE = FigureSpec(
    name="centre",
    title="Centre",
    kind="bars",
    x="prototype",
    y="centre (logits)",
    description="what is subtracted from the teacher's outputs, prototypes in the same order",
)


class SoftClassConfig(Model):
    """Settings of a teacher of soft classes, and of the student that learns them."""

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

    def __init__(self, width: int, config: SoftClassConfig) -> None:
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


def entropy(p_MK: Tensor) -> Tensor:
    """Mean entropy of distributions in nats, a scalar in [0, ln K]."""
    entropies_M: Tensor = torch.special.entr(p_MK).sum(dim=-1)
    return entropies_M.mean()


class SelfDistillation(Objective):
    """What objectives on soft classes share: head, teacher, centre, and how they move.

    Attributes
    ----------
    centre : (K,), taken from the teacher's outputs
    temperature : the teacher's, which rises while it warms up
    momentum : share of its weights that the teacher kept in the last step
    """

    config: SoftClassConfig
    centre: Tensor
    momentum: Tensor
    temperature: Tensor
    prototypes_of: str = "1.prototypes"
    """Where `network` keeps the prototypes."""

    def __init__(self, config: SoftClassConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.head = DINOHead(facts.width, config)
        self.register_buffer("centre", torch.zeros(config.prototypes))
        self.register_buffer("momentum", torch.tensor(config.momentum))
        self.register_buffer("temperature", torch.tensor(self._temperature_at(0.0)))
        self._seen_K: Tensor | None = None

    def network(self, backbone: Backbone) -> nn.Module:
        """Encoder and head as the one network that the teacher is a copy of."""
        return nn.Sequential(backbone, self.head)

    def attach(self, backbone: Backbone) -> None:
        """Copy encoder and head into the teacher."""
        self.teacher = Teacher(self.network(backbone))

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Hold the prototypes while they are frozen, then move teacher, centre and temperature."""
        config = self.config
        if progress <= config.frozen:
            # The teacher's have not moved either, so they are the first ones.
            with torch.no_grad():
                self.head.prototypes.copy_(self.teacher.net.get_parameter(self.prototypes_of))
        momentum = rising_momentum(config.momentum, progress)
        self.teacher.follow(self.network(backbone), momentum)
        self.momentum.fill_(momentum)
        self.temperature.fill_(self._temperature_at(progress))
        if self._seen_K is not None:
            self.follow_outputs(self.centre, self._seen_K)
            self._seen_K = None

    def follow_outputs(self, centre_K: Tensor, seen_K: Tensor) -> None:
        """Move a centre towards a batch's mean output, the mean over all processes."""
        centre_K.lerp_(gather(seen_K[None]).mean(dim=0), 1 - self.config.centre_momentum)

    def soft_class_terms(self, loss: Tensor, teacher_GNK: Tensor, student_VNK: Tensor) -> dict[str, Tensor]:
        """The values of `SOFT_CLASS_METRICS`.

        Parameters
        ----------
        loss : mean cross-entropy between views
        teacher_GNK : probabilities
        student_VNK : log-probabilities
        """
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


def usage(teacher_MK: Tensor, student_MK: Tensor, centre_K: Tensor) -> dict[str, Tensor]:
    """`MEAN_OUTPUT` and `CENTRE`, prototypes in the order of what the teacher uses most, from probabilities."""
    mean_2K = torch.stack([teacher_MK.mean(dim=0), student_MK.mean(dim=0)])
    order_K = mean_2K[0].argsort(descending=True)
    return {"mean_output": mean_2K[:, order_K], "centre": centre_K[order_K]}
