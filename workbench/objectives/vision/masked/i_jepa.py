"""I-JEPA: from one part of a picture, predict what a slow teacher makes of other parts.

Assran, Duval, Misra, Bojanowski, Vincent, Rabbat, LeCun, Ballas: Self-Supervised Learning from Images with a
Joint-Embedding Predictive Architecture (CVPR 2023).

With B target blocks, M_b the patches of block b, s_i the teacher's token of patch i of the whole picture and y_i what
the predictor makes of it from the context alone,

    L = 1/B sum_b 1/|M_b| sum_{i in M_b} 1/D |y_i - t_i|^2,   t_i = (s_i - mean(s_i)) / std(s_i)

The encoder is given the patches of the context and no other; the teacher, its moving average, sees the whole picture
(section 3). The predictor is a narrow transformer on the context's tokens and, for one block at a time, a learned token
at the place of each of its patches. Contexts and blocks come from the view operation `block_masks`; samples that it
left without a mask are left out.

Targets are layer-normalised without weights, as in the authors' code. They have mean 0 and variance 1, so predicting
nothing costs 1. The paper writes the squared distance, summed over a token's numbers and not their mean; its code takes
a smooth L1 distance. We differ in size as well: the paper's predictor is 384 wide and 6 to 12 blocks deep, its teacher
momentum starts at 0.996.

Shapes: N samples, L patches, K of the context, B blocks of T patches, D features, E predictor width
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.errors import Problem, RecipeError, RunFailed
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.models.positions import grid_positions
from workbench.models.small_vit import INITIAL_STD, initialise
from workbench.models.teacher import Teacher, rising_momentum
from workbench.models.transformer import transformer_blocks
from workbench.objectives.alarms import LOWER_RATE, targets_alike
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.pictures import HIDDEN_GREY, SHOWN_ROWS, rows_of, stretched
from workbench.objectives.samples import masked_mean, of_chosen
from workbench.objectives.vision.masked.patches import mask_scale, spread_positions, unpatchify
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

EPSILON = 1e-6


class IJEPAConfig(Model):
    """Settings of I-JEPA. What is seen and what is predicted is set in the view operation `block_masks`."""

    predictor_width: int = setting(
        64, "Predictor width", "numbers a token; a multiple of 4 and of the heads", ge=16, le=1024
    )
    predictor_depth: int = setting(2, "Predictor depth", "transformer blocks of the predictor", ge=1, le=12)
    predictor_heads: int = setting(4, "Predictor heads", "attention heads of a block", ge=1, le=16)
    momentum: float = setting(
        0.99, "Teacher momentum", "share of its weights that the teacher keeps in a step; rises to 1", ge=0, le=1
    )


class Tokens(nn.Module):
    """An encoder whose output is its tokens, so that a teacher can be made of it."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, x: Tensor) -> Tensor:
        """All tokens, (N, L, D)."""
        return self.backbone.tokens(x)


class Predictor(nn.Module):
    """From the tokens of the context to those of a block of patches."""

    def __init__(self, config: IJEPAConfig, width: int) -> None:
        super().__init__()
        self.width = config.predictor_width
        self.embed = nn.Linear(width, self.width)
        self.blocks = transformer_blocks(self.width, config.predictor_heads, config.predictor_depth)
        self.norm = nn.LayerNorm(self.width)
        self.out = nn.Linear(self.width, width)
        initialise(self)
        # Near 0, so that the loss begins at its chance level.
        nn.init.normal_(self.out.weight, std=INITIAL_STD)
        self.token = nn.Parameter(torch.randn(self.width) * INITIAL_STD)

    def forward(self, seen_NKD: Tensor, context_NK: Tensor, targets_NBT: Tensor, rows: int) -> Tensor:
        """Predicted tokens (N, B, T, D) of the patches at `targets_NBT`; blocks do not see each other."""
        blocks = targets_NBT.shape[1]
        at_LE = grid_positions(rows, rows, self.width, rows, seen_NKD.device)
        seen_NKE = self.embed(seen_NKD) + at_LE[context_NK]
        asked_NBTE = self.token + at_LE[targets_NBT]
        seen_NBKE = seen_NKE[:, None].expand(-1, blocks, -1, -1)
        tokens = torch.cat([seen_NBKE, asked_NBTE.to(seen_NKE.dtype)], dim=2).flatten(0, 1)
        for block in self.blocks:
            tokens = block(tokens)
        answer: Tensor = self.out(self.norm(tokens[:, context_NK.shape[1] :]))
        return answer.view(-1, blocks, *answer.shape[1:])


def normalised(tokens_NLD: Tensor) -> Tensor:
    """Every token with mean 0 and variance 1 over its numbers, in float32 (float64 stays)."""
    tokens_NLD = tokens_NLD if tokens_NLD.dtype == torch.float64 else tokens_NLD.float()
    return F.layer_norm(tokens_NLD, tokens_NLD.shape[-1:], eps=EPSILON)


def tokens_at(tokens_NLD: Tensor, places_NBT: Tensor) -> Tensor:
    """The tokens at these positions, (N, B, T, D)."""
    index = places_NBT.flatten(1)[:, :, None].expand(-1, -1, tokens_NLD.shape[2])
    return tokens_NLD.gather(1, index).view(*places_NBT.shape, -1)


def jepa_error(predicted_NBTD: Tensor, target_NBTD: Tensor) -> Tensor:
    """Mean squared error of every predicted token over its numbers, (N, B, T)."""
    return (predicted_NBTD - target_NBTD).square().mean(dim=3)


class IJEPA(Objective):
    """Prediction of a picture's parts in the space of features."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="i_jepa",
        title="I-JEPA",
        family="Masked",
        summary="From one part of a picture, what a slow teacher makes of other parts is predicted: no pixels.",
        explanation=(
            "The encoder sees a part of the picture; a small predictor says what features a teacher gives to blocks "
            "that are missing from it. What cannot be known, such as the exact texture, need not be in the features, "
            "so they tend to what things are. It needs no colour distortions and no second view."
        ),
        energy=(
            "A context and a block that fits it get low energy: the squared distance of predicted and true features. "
            "Nothing is pushed up; the teacher, which moves slowly and gets no gradient, is what stops collapse."
        ),
        experience=(
            "A teacher's features of hidden blocks are predicted from the seen part of the same picture, by a squared "
            "error in feature space."
        ),
        formula=(
            r"\mathcal{L} = \frac{1}{B} \sum_{b=1}^{B} \frac{1}{|M_b|} \sum_{i \in M_b}"
            r" \frac{1}{D} \, \| y_i - \mathrm{LN}(s_i) \|^2"
        ),
        paper=Paper(
            title="Self-Supervised Learning from Images with a Joint-Embedding Predictive Architecture",
            authors="Assran, Duval, Misra, Bojanowski, Vincent, Rabbat, LeCun, Ballas",
            year=2023,
            venue="CVPR",
            url="https://arxiv.org/abs/2301.08243",
        ),
        needs=Needs(min_views=1, max_views=1, targets=("mask", "visible", "blocks"), tokens=True, patches=True),
        metrics=(
            MetricSpec(
                name="target_spread",
                title="Target spread",
                better="higher",
                description="how far the teacher's tokens differ among patches and pictures, at most 1; 0 is collapse",
            ),
            MetricSpec(
                name="explained",
                title="Explained share",
                better="higher",
                description="share of the targets' variance that the predictor explains; 0 for their mean, 1 for all",
            ),
            MetricSpec(
                name="momentum",
                title="Teacher momentum",
                description="share of its weights that the teacher kept in the last step",
            ),
        ),
        alarms=(targets_alike(LOWER_RATE, ("objective.momentum", "raise it towards 0.996")),),
        figures=(
            FigureSpec(
                name="masks",
                title="Context, targets and errors",
                kind="pictures",
                description=(
                    "What the encoder sees, what is asked for, and how wrong the prediction is in each asked patch: "
                    "white is twice the error of predicting nothing, black is none."
                ),
                columns=("Picture", "Context", "Targets", "Error"),
            ),
        ),
        chance=Chance(formula="1 (every feature at its mean)", expression="1"),
        views_preset="i-jepa-cifar",
    )
    Config: ClassVar[type[Model]] = IJEPAConfig
    config: IJEPAConfig
    momentum: Tensor

    def __init__(self, config: IJEPAConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        problems = _problems(config)
        if problems:
            raise RecipeError(problems)
        self.predictor = Predictor(config, facts.width)
        self.register_buffer("momentum", torch.tensor(config.momentum))

    def attach(self, backbone: Backbone) -> None:
        """Copy the encoder into the teacher; raises RunFailed for one from which patches cannot be left out."""
        if not backbone.spec.patches:
            raise RunFailed(
                f"{self.spec.title} hides patches from the backbone, and {backbone.spec.title} takes whole pictures "
                "only.",
                "Choose a backbone that is made of patches, such as small_vit.",
            )
        self.teacher = Teacher(Tokens(backbone))

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The error of the predicted tokens of all target blocks."""
        check_views(self.spec, views)
        predicted_NBTD, target_NBTD, known_NBT, seen_NKD = self._predict(views, backbone)
        error_NBT = jepa_error(predicted_NBTD, target_NBTD)
        loss = masked_mean(error_NBT, known_NBT)
        variance_D = target_NBTD.flatten(0, 2).var(dim=0, correction=0)
        terms = {
            "target_spread": variance_D.mean().sqrt(),
            "explained": 1 - loss.detach() / variance_D.mean().clamp(min=EPSILON),
            "momentum": self.momentum.clone(),
        }
        return Step(loss, terms, seen_NKD.detach().mean(dim=1), of_chosen(error_NBT, known_NBT))

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """The teacher follows, ever more slowly."""
        momentum = rising_momentum(self.config.momentum, progress)
        self.teacher.follow(Tokens(backbone), momentum)
        self.momentum.fill_(momentum)

    def _predict(self, views: Views, backbone: Backbone) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Predictions and targets (N, B, T, D) in float32, which of them count (N, B, T), the context's tokens."""
        (x,), (context_NK, targets_NBT) = views.inputs, _places(views, backbone)
        known_NBT = targets_NBT >= 0
        targets_NBT = targets_NBT.clamp(min=0)
        seen_NKD = backbone.encode(x, context_NK)
        predicted_NBTD = self.predictor(seen_NKD, context_NK, targets_NBT, x.shape[2] // backbone.patch)
        target_NBTD = tokens_at(normalised(self.teacher(x)), targets_NBT)
        return predicted_NBTD.float(), target_NBTD, known_NBT, seen_NKD

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pictures, their contexts, their targets and the errors of these."""
        few = _first(views, SHOWN_ROWS)
        with evaluating(backbone, self):
            predicted_NBTD, target_NBTD, known_NBT, _ = self._predict(few, backbone)
            error_NBT = torch.where(known_NBT, jepa_error(predicted_NBTD, target_NBTD), 0)
            return {"masks": rows_of(_columns(few, error_NBT, backbone))}


def _first(views: Views, count: int) -> Views:
    return Views(
        {"A": tuple(view[:count] for view in views.inputs)},
        views.index[:count],
        None,
        {name: views.targets[name][:, :count] for name in ("mask", "visible", "blocks")},
    )


def _places(views: Views, backbone: Backbone) -> tuple[Tensor, Tensor]:
    """Positions of the context (N, K) and of the targets (N, B, T) among the encoder's patches; -1 is none."""
    seen_NK, blocks_NBT = views.targets["visible"][0], views.targets["blocks"][0]
    entries = views.targets["mask"].shape[2]
    scale = mask_scale(backbone, views.inputs[0].shape[2], entries)
    known_NBT = (blocks_NBT >= 0).repeat_interleave(scale**2, dim=2)
    spread_NBT = spread_positions(blocks_NBT.clamp(min=0).flatten(0, 1), entries, scale).view_as(known_NBT)
    return spread_positions(seen_NK, entries, scale), torch.where(known_NBT, spread_NBT, -1)


def _columns(views: Views, error_NBT: Tensor, backbone: Backbone) -> list[Tensor]:
    """Picture, context, targets and errors, (N, 3, S, S) each in [0, 1]; what is not chosen is grey."""
    (x,), (context_NK, targets_NBT), patch = views.inputs, _places(views, backbone), backbone.patch
    picture, count = stretched(x), (x.shape[2] // patch) ** 2
    is_seen, is_target = (_chosen(places, count) for places in (context_NK, targets_NBT))
    # A patch that lies in several blocks shows the mean of its errors.
    at_NM = targets_NBT.flatten(1).clamp(min=0)
    error_NL = error_NBT.new_zeros(len(x), count).scatter_add(1, at_NM, error_NBT.flatten(1))
    times_NL = error_NBT.new_zeros(len(x), count).scatter_add(1, at_NM, torch.ones_like(error_NBT).flatten(1))
    bright_NL = torch.where(is_target, (error_NL / times_NL.clamp(min=1) / 2).clamp(0, 1), HIDDEN_GREY)
    seen, target = (torch.where(_pixels(chosen, patch) > 0, picture, HIDDEN_GREY) for chosen in (is_seen, is_target))
    return [picture, seen, target, _pixels(bright_NL, patch)]


def _chosen(places: Tensor, count: int) -> Tensor:
    """Positions (N, ...) as a mask (N, count); -1 chooses nothing."""
    at_NM = places.flatten(1)
    held = torch.zeros(len(at_NM), count + 1, dtype=torch.bool, device=at_NM.device)
    return held.scatter(1, torch.where(at_NM < 0, count, at_NM), True)[:, :count]


def _pixels(value_NL: Tensor, patch: int) -> Tensor:
    """One number a patch as a picture of flat patches, (N, 3, S, S)."""
    return unpatchify(value_NL.float()[:, :, None].expand(-1, -1, 3 * patch**2), patch)


def _problems(config: IJEPAConfig) -> list[Problem]:
    width, heads, problems = config.predictor_width, config.predictor_heads, []
    if width % 4:
        words = f"{width} is not a multiple of 4, which positions of rows and columns need."
        problems.append(Problem("objective.predictor_width", words))
    if width % heads:
        problems.append(Problem("objective.predictor_heads", f"{heads} heads do not divide a width of {width}."))
    return problems
