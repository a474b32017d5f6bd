"""SwAV: the prototypes that one view is assigned to are predicted from the other views.

Caron, Misra, Mairal, Goyal, Bojanowski, Joulin: Unsupervised Learning of Visual Features by Contrasting Cluster
Assignments (NeurIPS 2020).

With z the normalised projections, c_k the K normalised prototypes and p_v = softmax(z_v . c / tau), the loss is the
swapped prediction (equations 1 and 2), the mean over all pairs of an assigning view a and another view v,

    L = mean_{a != v} mean_n - sum_k q_a[n, k] log p_v[n, k]

q_a is the optimal transport of the batch onto the prototypes in equal parts, smoothed by epsilon (equations 3 to 5),
found by rounds of Sinkhorn-Knopp. We take its steps on logarithms in float32, where exp(1 / 0.05) is no danger.
Views of the largest side assign, all views predict (multi-crop, section 3.3). Over several processes the transport is
that of the whole batch.

A queue of earlier projections can take part in the transport, for batches smaller than the number of prototypes. Rows
that are not filled yet have no mass, so that it is used from its first real rows on; it holds the first large view
only, since all large views are distorted alike. In the paper each large view has a queue, used once it is full.

Prototypes are held at first (appendix A: their gradients are cancelled in the first epoch). Here they are put back
after the step, which no optimiser's momentum and no weight decay gets around; later they are given length 1 again.

Paper and reference code: 3000 prototypes, projector 2048-128, tau 0.1, epsilon 0.05, 3 rounds, a queue of 3840 from
epoch 15 for batches of 256. The defaults here suit a small encoder on a CPU.

Shapes: V views of N samples, A of them assign, D features, P projections, K prototypes, L rows of the queue
"""

from __future__ import annotations

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
from workbench.objectives.alarms import LOWER_RATE, assignments_alike, prototypes_unused
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.contrast import MEAN_AGE
from workbench.objectives.distributed import gather, rank
from workbench.objectives.figures import SHOWN_SAMPLES
from workbench.objectives.multi_crop import between_views
from workbench.objectives.queue import Queue
from workbench.objectives.vision.clustering.crops import encode, entropy, nearest_pictures, shares_K
from workbench.plugins.specs import Bound, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

SHOWN_PROTOTYPES, SHOWN_PICTURES = 8, 6


class SwAVConfig(Model):
    """Settings of SwAV."""

    prototypes: int = setting(
        256, "Prototypes", "directions that pictures are assigned to; several times the classes", ge=2, le=100_000
    )
    temperature: float = setting(0.1, "Temperature", "divides the scores that predict", gt=0, le=10, log=True)
    epsilon: float = setting(
        0.05,
        "Epsilon",
        "smooths the assignments; too high makes all of them alike",
        gt=0,
        le=1,
        log=True,
    )
    rounds: int = setting(
        3,
        "Sinkhorn rounds",
        "of equal shares for all prototypes; 0 assigns without any balance and collapses",
        ge=0,
        le=50,
    )
    freeze: float = setting(
        0.01, "Hold prototypes", "share of the run at whose start the prototypes stay as they are", ge=0, le=1
    )
    queue: int = setting(
        0,
        "Queue",
        "earlier samples that are assigned along, for small batches; 0 for none",
        unit="samples",
        ge=0,
        le=1_000_000,
    )
    queue_start: float = setting(
        0.1,
        "Queue from",
        "share of the run after which the queue fills; too early it misleads",
        ge=0,
        le=1,
        advanced=True,
    )
    hidden: int = setting(256, "Projector hidden", "width of the projector's hidden layer", ge=1, le=16384)
    output: int = setting(128, "Projector output", "width in which prototypes live", ge=2, le=4096)


@torch.no_grad()
def sinkhorn(scores_NK: Tensor, epsilon: float, rounds: int, mass_N: Tensor | None = None) -> Tensor:
    """Assignments of samples to prototypes in equal parts (equations 3 to 5), by Sinkhorn-Knopp on logarithms.

    Parameters
    ----------
    scores_NK : cosines in [-1, 1]
    epsilon : strength of the entropy, above 0
    rounds : how often columns and rows are brought to their sums; 0 is a plain softmax of the rows
    mass_N : weights of the rows at or above 0; all alike without

    Returns
    -------
    q_NK : float32, at or above 0; rows sum to 1, and the columns of the rows with mass come near to equal sums
    """
    log_NK = scores_NK.float() / epsilon
    mass_N1 = torch.zeros_like(log_NK[:, :1]) if mass_N is None else mass_N.float().log()[:, None]
    for _ in range(rounds):
        log_NK = log_NK - torch.logsumexp(log_NK + mass_N1, dim=0)
        log_NK = log_NK - torch.logsumexp(log_NK, dim=1, keepdim=True)
    return log_NK.softmax(dim=1)


def swapped_loss(q_ANK: Tensor, scores_VNK: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of predicting an assignment from another view (equations 1 and 2).

    Parameters
    ----------
    q_ANK : assignments of the first A views
    scores_VNK : cosines of all V views with the prototypes
    temperature : tau, above 0

    Returns
    -------
    (N,), the mean over the A (V - 1) pairs of different views; log K when all scores are equal.
    """
    log_p_VNK = F.log_softmax(scores_VNK / temperature, dim=-1)
    return between_views(q_ANK, log_p_VNK, range(len(q_ANK)))


def assignment_terms(q_ANK: Tensor, scores_VNK: Tensor) -> dict[str, Tensor]:
    """How evenly prototypes are used, how sharp the assignments are, and how often another view agrees with them."""
    assigning, views, prototypes = len(q_ANK), len(scores_VNK), scores_VNK.shape[-1]
    nearest_VN, target_AN = scores_VNK.argmax(dim=-1), q_ANK.argmax(dim=-1)
    usage_K = shares_K(nearest_VN, prototypes)
    same_AV = (target_AN[:, None] == nearest_VN[None]).float().mean(dim=2)
    others = same_AV.sum() - same_AV[:, :assigning].diagonal().sum()
    return {
        "prototype_entropy": entropy(usage_K),
        "prototype_usage": (usage_K > 0).float().mean(),
        "assignment_entropy": entropy(q_ANK).mean(),
        "assignment_accuracy": others / (assigning * (views - 1)),
    }


class SwAV(Objective):
    """Swapped prediction of balanced assignments to learned prototypes."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="swav",
        title="SwAV",
        family="Clustering",
        summary="Pictures are assigned to prototypes in equal parts; each view predicts the assignment of another.",
        explanation=(
            "Learned prototypes share the pictures of a batch among them, each getting its part. Every view then has "
            "to tell the prototypes that another view of its picture was assigned to. Small extra crops make more of "
            "each picture at little cost."
        ),
        energy=(
            "Views and the prototypes that their picture was assigned to get low energy. The equal shares stop the "
            "collapse onto one prototype: no two pictures are ever compared."
        ),
        experience=(
            "A picture's assignment, worked out from a large crop, is predicted from its other crops, by a "
            "cross-entropy over the prototypes."
        ),
        formula=(
            r"\mathcal{L} = -\frac{1}{N} \sum_{n=1}^{N} \sum_{k=1}^{K} q_{nk}^{(a)} \, \log"
            r" \frac{\exp(z_n^{(v)} \cdot c_k / \tau)}{\sum_{j} \exp(z_n^{(v)} \cdot c_j / \tau)}, \quad a \neq v"
        ),
        paper=Paper(
            title="Unsupervised Learning of Visual Features by Contrasting Cluster Assignments",
            authors="Caron, Misra, Mairal, Goyal, Bojanowski, Joulin",
            year=2020,
            venue="NeurIPS",
            url="https://arxiv.org/abs/2006.09882",
        ),
        needs=Needs(
            min_views=2,
            min_batch=2,
            bounds=(
                Bound(setting="prototypes", at_most="samples", why="one for each sample of the training split"),
                Bound(setting="queue", at_most="samples", why="the number of samples in the training split"),
            ),
        ),
        metrics=(
            MetricSpec(
                name="prototype_entropy",
                title="Prototype entropy",
                better="higher",
                description="of the views' nearest prototypes, as a share of log K; near 0 all views share one",
            ),
            MetricSpec(
                name="prototype_usage",
                title="Prototypes in use",
                better="higher",
                description="share of the prototypes that are nearest to some view of the batch",
            ),
            MetricSpec(
                name="assignment_entropy",
                title="Assignment entropy",
                better="lower",
                description="of a picture's assignment, as a share of log K; 1 says that all pictures look alike",
            ),
            MetricSpec(
                name="assignment_accuracy",
                title="Assignment accuracy",
                better="higher",
                description="share of views whose nearest prototype is the one another view was assigned to",
            ),
            MEAN_AGE,
        ),
        alarms=(
            prototypes_unused(
                "prototype_entropy",
                ("objective.rounds", "set it to 3; with 0 there is no balance"),
                ("objective.epsilon", "lower it to 0.05 or less"),
                LOWER_RATE,
            ),
            assignments_alike(
                ("objective.epsilon", "lower it to 0.02 or less"),
                ("objective.freeze", "hold the prototypes for longer"),
                LOWER_RATE,
            ),
        ),
        figures=(
            FigureSpec(
                name="usage",
                title="Use of the prototypes",
                kind="bars",
                x="prototype",
                y="share of the views",
                description="share of the batch's views nearest to each prototype, the most used first",
            ),
            FigureSpec(
                name="before",
                title="Assignments before Sinkhorn",
                kind="matrix",
                x="prototype",
                y="sample",
                value="probability",
                description="softmax of the scores of 32 samples (rows) over the prototypes (columns)",
            ),
            FigureSpec(
                name="after",
                title="Assignments after Sinkhorn",
                kind="matrix",
                x="prototype",
                y="sample",
                value="probability",
                description="the same samples with equal shares for all prototypes: what the other views predict",
            ),
            FigureSpec(
                name="nearest",
                title="Pictures nearest to a prototype",
                kind="pictures",
                description="for each of the most used prototypes (row) the pictures with the highest scores",
            ),
        ),
        chance=Chance(formula="ln K", expression="log(prototypes)"),
        views_preset="swav-cifar",
    )
    Config: ClassVar[type[Model]] = SwAVConfig
    loss_unit: ClassVar[str] = "nat"
    config: SwAVConfig

    def __init__(self, config: SwAVConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.projector = mlp(facts.width, config.hidden, config.output, layers=2)
        start_KP = F.normalize(torch.randn(config.prototypes, config.output), dim=1)
        self.prototypes = nn.Parameter(start_KP)
        self.register_buffer("start", start_KP.clone())
        self.queue = Queue(config.queue, config.output) if config.queue else None
        self._queueing = False
        self._fresh_NP: Tensor | None = None
        self.register_load_state_dict_post_hook(_see_queue)  # type: ignore[no-untyped-call]

    start: Tensor

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Swapped prediction between the large views and all others."""
        check_views(self.spec, views)
        h_VND, assigning = encode(views.inputs, backbone)
        z_VNP = self._project(h_VND)
        scores_VNK = self._scores(z_VNP)
        q_ANK = torch.stack([self._assign(z_NP) for z_NP in z_VNP.detach()[:assigning]])
        self._fresh_NP = gather(z_VNP[0].detach())
        loss_N = swapped_loss(q_ANK, scores_VNK, self.config.temperature)
        terms = assignment_terms(q_ANK, scores_VNK.detach())
        terms["queue_age"] = loss_N.new_zeros(()) if self.queue is None else self.queue.mean_age()
        return Step(loss_N.mean(), terms, h_VND[:assigning].detach().flatten(0, 1), loss_N.detach())

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """Hold the prototypes or give them length 1, and store the batch once the queue's time has come."""
        held = progress <= self.config.freeze
        with torch.no_grad():
            self.prototypes.copy_(self.start if held else F.normalize(self.prototypes, dim=1))
        if self.queue is not None and self._fresh_NP is not None and progress >= self.config.queue_start:
            self.queue.push(self._fresh_NP)
            self._queueing = True
        self._fresh_NP = None

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Use of the prototypes, assignments of at most 32 samples, and pictures nearest to some prototypes."""
        with evaluating(backbone, self):
            h_VND, _ = encode(views.inputs, backbone)
            z_VNP = self._project(h_VND)
            scores_VNK = self._scores(z_VNP)
            usage_K = shares_K(scores_VNK.argmax(dim=-1), self.config.prototypes)
            large = max(views.inputs, key=lambda view: view.shape[-1])
            shown = {
                "usage": usage_K.sort(descending=True).values,
                "before": (scores_VNK[0] / self.config.epsilon).softmax(dim=1)[:SHOWN_SAMPLES],
                "after": self._assign(z_VNP[0])[:SHOWN_SAMPLES],
                "nearest": nearest_pictures(large, scores_VNK[0], SHOWN_PROTOTYPES, SHOWN_PICTURES),
            }
            return {name: array.cpu().numpy() for name, array in shown.items()}

    def _project(self, h_VND: Tensor) -> Tensor:
        z_MP = F.normalize(self.projector(h_VND.flatten(0, 1)).float(), dim=1)
        return z_MP.reshape(*h_VND.shape[:2], -1)

    def _scores(self, z: Tensor) -> Tensor:
        """Cosines with the prototypes in float32: half precision has too few digits to be divided by epsilon."""
        with torch.autocast(z.device.type, enabled=False):
            return z @ F.normalize(self.prototypes, dim=1).T

    @torch.no_grad()
    def _assign(self, z_NP: Tensor) -> Tensor:
        """Assignments of this process's samples, balanced over those of all processes and of the queue."""
        rows, samples = gather(z_NP), len(z_NP)
        mass = torch.ones_like(rows[:, 0])
        if self.queue is not None and self._queueing:
            rows = torch.cat([rows, self.queue.rows])
            mass = torch.cat([mass, (self.queue.age >= 0).float()])
        q_NK = sinkhorn(self._scores(rows), self.config.epsilon, self.config.rounds, mass)
        return q_NK[rank() * samples : (rank() + 1) * samples]


def _see_queue(objective: nn.Module, _: Any) -> None:
    """Whether a loaded queue holds anything: asked once here, so that no step has to ask the device."""
    if isinstance(objective, SwAV) and objective.queue is not None:
        objective._queueing = bool((objective.queue.age >= 0).any())
