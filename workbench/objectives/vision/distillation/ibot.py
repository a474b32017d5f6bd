"""iBOT: DINO on whole views, and the same game on patches that the student does not see.

Zhou, Wei, Wang, Shen, Xie, Yuille, Kong: iBOT: Image BERT Pre-Training with Online Tokenizer (ICLR 2022).

Teacher and student give soft classes to a view as a whole and to each of its patches, through one head. The student is
given a learned token in place of the hidden patches, the teacher sees everything. With M the hidden patches of x_g,

    L     = w_c L_cls + w_p L_mim
    L_cls = DINO's loss between different views
    L_mim = mean over g of 1/|M| sum_{i in M} - sum_k P_t(x_g)_i[k] log P_s(masked x_g)_i[k]     (equation 2)

so the teacher is the tokeniser of masked image modelling, and learns while it is used. Views and patches have centres
of their own (authors' code). Global views are those of the largest size; they alone are masked, and the view operation
`patch_mask` says how: in the paper half of them, 10 to 50 % in blocks. Of a view without hidden patches nothing is
asked; the mean is over those that have some, where the authors' code divides by all.

The features of the encoder stand for the view: a class token as in the paper where `backbone.pool` says so, otherwise
the mean of the tokens. We differ in sizes as DINO does; the head has no batch normalisation, as for transformers.
Patches are scored where something may be hidden, not everywhere, so the patches' centre is that of hidden ones.

Shapes: N samples in a batch, G global views of V views, M = G N, L patches, H scored ones, D features, K prototypes
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.errors import RunFailed
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.models.small_vit import INITIAL_STD
from workbench.objectives.alarms import LOWER_RATE, teacher_flat, teacher_peaked
from workbench.objectives.attention import ATTENTION, attention_pictures
from workbench.objectives.base import Facts, Step
from workbench.objectives.checks import check_views
from workbench.objectives.multi_crop import between_views, features, largest
from workbench.objectives.pictures import HIDDEN_GREY, rows_of, stretched
from workbench.objectives.samples import masked_mean, of_chosen
from workbench.objectives.vision.distillation.soft_classes import (
    CENTRE,
    ENOUGH_SAMPLES,
    MEAN_OUTPUT,
    SOFT_CLASS_METRICS,
    DINOHead,
    SelfDistillation,
    SoftClassConfig,
    sharpened,
    usage,
)
from workbench.objectives.vision.masked.patches import mask_scale, spread_mask, unpatchify
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views


class IBOTConfig(SoftClassConfig):
    """Settings of iBOT. How much is hidden is set in the view operation `patch_mask`."""

    batch_norm: bool = setting(False, "Batch norm", "normalise the head's hidden layers; not for transformers")
    class_weight: float = setting(1.0, "View weight", "of the loss between views", ge=0, le=100)
    patch_weight: float = setting(1.0, "Patch weight", "of the loss on hidden patches", ge=0, le=100)


class ViewAndPatches(nn.Module):
    """An encoder and a head that scores whole views and chosen patches alike."""

    def __init__(self, encoder: Backbone, head: DINOHead) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(
        self, x: Tensor, at_MH: Tensor, hidden_ML: Tensor | None = None, cover_D: Tensor | None = None
    ) -> Tensor:
        """Cosines with the prototypes, (M, 1 + H, K): of the view, and of the patches at `at_MH`."""
        return self.scored(*self.encoded(x, at_MH, hidden_ML, cover_D))

    def encoded(
        self, x: Tensor, at_MH: Tensor, hidden_ML: Tensor | None = None, cover_D: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Features (M, D) and tokens (M, H, D) of the patches at `at_MH`."""
        h_MD, tokens_MLD = self.encoder.features_and_tokens(x, hidden_ML, cover_D)
        return h_MD, tokens_MLD.gather(1, at_MH[:, :, None].expand(-1, -1, tokens_MLD.shape[2]))

    def scored(self, h_MD: Tensor, tokens_MHD: Tensor) -> Tensor:
        """The head on features and tokens, (M, 1 + H, K)."""
        both_MHD = torch.cat([h_MD[:, None], tokens_MHD], dim=1)
        out: Tensor = self.head(both_MHD.flatten(0, 1))
        return out.view(*both_MHD.shape[:2], -1)


def masked_distillation(teacher_MHK: Tensor, student_MHK: Tensor, hidden_MH: Tensor) -> Tensor:
    """Cross-entropy of the student's log-probabilities under the teacher's on hidden patches.

    Parameters
    ----------
    teacher_MHK, student_MHK : probabilities, and log-probabilities of the same patches
    hidden_MH : bool, which of them count

    Returns
    -------
    (M,) at or above 0: the mean over a view's hidden patches; ln K where both are uniform, 0 where nothing is hidden.
    """
    cross_MH = torch.where(hidden_MH, -(teacher_MHK * student_MHK).sum(dim=2), 0)
    return cross_MH.sum(dim=1) / hidden_MH.sum(dim=1).clamp(min=1)


class IBOT(SelfDistillation):
    """Self-distillation of views and of hidden patches."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="ibot",
        title="iBOT",
        family="Distillation",
        summary="DINO, and for patches that the student does not see: the soft class that the teacher gives them.",
        explanation=(
            "As in DINO, crops of one picture have to get the same soft class from a student and its slow teacher. In "
            "addition some patches are hidden from the student, which has to name the teacher's soft class of each. "
            "The teacher so becomes a tokeniser that nobody had to train beforehand."
        ),
        energy=(
            "Views of one picture, and a hidden patch with what surrounds it, get low energy (the same soft class); "
            "nothing is pushed up. Centring and sharpening keep the classes in use."
        ),
        experience=(
            "The teacher's soft class of a large crop is predicted from other crops, and those of hidden patches from "
            "the patches around them, by cross-entropies."
        ),
        formula=(
            r"\mathcal{L} = w_c \, \mathcal{L}_{DINO} - w_p \, \frac{1}{|M|} \sum_{i \in M} \sum_{k=1}^{K}"
            r" P_t(x)_{ik} \, \log P_s(\hat{x})_{ik}"
        ),
        paper=Paper(
            title="iBOT: Image BERT Pre-Training with Online Tokenizer",
            authors="Zhou, Wei, Wang, Shen, Xie, Yuille, Kong",
            year=2022,
            venue="ICLR",
            url="https://arxiv.org/abs/2111.07832",
        ),
        needs=Needs(
            min_views=2,
            min_batch=2,
            targets=("mask", "visible"),
            target_views="largest",
            tokens=True,
            patches=True,
            bounds=(ENOUGH_SAMPLES,),
        ),
        metrics=(
            *SOFT_CLASS_METRICS,
            MetricSpec(name="view_loss", title="Loss of views", unit="nat", better="lower", description="DINO's part"),
            MetricSpec(
                name="patch_loss",
                title="Loss of patches",
                unit="nat",
                better="lower",
                description="the part of the hidden patches",
            ),
            MetricSpec(
                name="patch_agreement",
                title="Patches named alike",
                better="higher",
                description="share of the hidden patches whose likeliest soft class is the teacher's",
            ),
        ),
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
        figures=(
            FigureSpec(
                name="masked",
                title="What the student sees",
                kind="pictures",
                description="The first global view, and the same with what is hidden from the student in grey.",
                columns=("Picture", "Student's input"),
            ),
            ATTENTION,
            MEAN_OUTPUT,
            CENTRE,
        ),
        chance=Chance(formula="(w_c + w_p) ln K", expression="(class_weight + patch_weight) * log(prototypes)"),
        views_preset="ibot-cifar",
    )
    Config: ClassVar[type[Model]] = IBOTConfig
    loss_unit: ClassVar[str] = "nat"
    config: IBOTConfig
    patch_centre: Tensor
    prototypes_of = "head.prototypes"

    def __init__(self, config: IBOTConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.register_buffer("patch_centre", torch.zeros(config.prototypes))
        self.cover = nn.Parameter(torch.randn(facts.width) * INITIAL_STD)
        self._seen_patch_K: Tensor | None = None

    def network(self, backbone: Backbone) -> nn.Module:
        """Encoder and head, for views and patches."""
        return ViewAndPatches(backbone, self.head)

    def attach(self, backbone: Backbone) -> None:
        """Copy encoder and head into the teacher; raises RunFailed for an encoder whose patches cannot be hidden."""
        if not backbone.spec.patches:
            raise RunFailed(
                f"{self.spec.title} hides patches from the backbone, and {backbone.spec.title} takes whole pictures "
                "only.",
                "Choose a backbone that is made of patches, such as small_vit.",
            )
        super().attach(backbone)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """DINO's loss between views, and the cross-entropy on what is hidden of the global ones."""
        check_views(self.spec, views)
        own_G = largest(views.inputs)
        x_M, hidden_ML, at_MH = masked_views(views, own_G, backbone)
        hidden_MH = hidden_ML.gather(1, at_MH)
        teacher_M1K = self.teacher(x_M, at_MH)
        self._remember(teacher_M1K, hidden_MH)
        student = ViewAndPatches(backbone, self.head)
        h_MD, tokens_MHD = student.encoded(x_M, at_MH, hidden_ML, self.cover)
        student_M1K = student.scored(h_MD, tokens_MHD)
        named_MHK = sharpened(teacher_M1K[:, 1:], self.patch_centre, self.temperature)
        guess_MHK = self._log_probabilities(student_M1K[:, 1:])
        teacher_GNK = sharpened(teacher_M1K[:, 0], self.centre, self.temperature).view(len(own_G), len(views.index), -1)
        student_VNK = self._views(views, own_G, student_M1K[:, 0], backbone)
        between_N = between_views(teacher_GNK, student_VNK, own_G)
        hidden_M, masked_M = masked_distillation(named_MHK, guess_MHK, hidden_MH), hidden_MH.any(dim=1)
        between, hidden = between_N.mean(), masked_mean(hidden_M, masked_M)
        agree_MH = (named_MHK.argmax(dim=2) == guess_MHK.argmax(dim=2)) & hidden_MH
        terms = {
            **self.soft_class_terms(between.detach(), teacher_GNK, student_VNK.detach()),
            "view_loss": between.detach(),
            "patch_loss": hidden.detach(),
            "patch_agreement": agree_MH.sum() / hidden_MH.sum().clamp(min=1),
        }
        # A sample none of whose views is masked has no part of the patches.
        patches_N = of_chosen(*(x.view(len(own_G), -1).T for x in (hidden_M, masked_M))).nan_to_num()
        each_N = self.config.class_weight * between_N.detach() + self.config.patch_weight * patches_N
        loss = self.config.class_weight * between + self.config.patch_weight * hidden
        return Step(loss, terms, h_MD.detach(), each_N)

    def after_step(self, backbone: Backbone, progress: float) -> None:
        """As DINO, and the centre of the patches follows as well."""
        super().after_step(backbone, progress)
        if self._seen_patch_K is not None:
            self.follow_outputs(self.patch_centre, self._seen_patch_K)
            self._seen_patch_K = None

    def _remember(self, teacher_M1K: Tensor, hidden_MH: Tensor) -> None:
        """Mean outputs of the teacher for `after_step`; where nothing is hidden the patches' centre stays."""
        self._seen_K = teacher_M1K[:, 0].mean(dim=0)
        count = hidden_MH.sum()
        mean_K = torch.where(hidden_MH[:, :, None], teacher_M1K[:, 1:], 0).sum(dim=(0, 1)) / count.clamp(min=1)
        self._seen_patch_K = torch.where(count > 0, mean_K, self.patch_centre)

    def _views(self, views: Views, own_G: list[int], global_MK: Tensor, backbone: Backbone) -> Tensor:
        """Log-probabilities of all views, (V, N, K); those of the global ones are scored already."""
        rest = [view for place, view in enumerate(views.inputs) if place not in own_G]
        found = list(global_MK.chunk(len(own_G)))
        if rest:
            found += self.head(torch.cat(features(rest, backbone))).chunk(len(rest))
        order = [*own_G, *(place for place in range(len(views.inputs)) if place not in own_G)]
        return self._log_probabilities(torch.stack([found[order.index(place)] for place in range(len(order))]))

    def _log_probabilities(self, out: Tensor) -> Tensor:
        return F.log_softmax(out / self.config.student_temperature, dim=-1)

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """The student's masked input, the attention of the encoder, and mean soft classes of the global views."""
        with evaluating(backbone, self):
            own_G = largest(views.inputs)
            x_M, hidden_ML, at_MH = masked_views(views, own_G, backbone)
            samples = len(views.index)
            teacher_MK = sharpened(self.teacher(x_M, at_MH[:, :0])[:, 0], self.centre, self.temperature)
            student_MK = self._log_probabilities(self.head(backbone(x_M))).exp()
            shown = usage(teacher_MK, student_MK, self.centre)
            attention = attention_pictures(backbone, x_M[:samples])
        pictures = {} if attention is None else {"attention": attention}
        pictures["masked"] = _shown_masks(x_M[:samples], hidden_ML[:samples], backbone.patch)
        return {**{name: array.cpu().numpy() for name, array in shown.items()}, **pictures}


def masked_views(views: Views, own_G: list[int], backbone: Backbone) -> tuple[Tensor, Tensor, Tensor]:
    """The global views (M, 3, S, S), what is hidden of them (M, L), and the patches that are scored (M, H).

    H is how many patches are hidden of a masked view. Of views that are not masked others are listed in their place.
    """
    x_M = torch.cat([views.inputs[place] for place in own_G])
    mask = views.targets["mask"][own_G].flatten(0, 1)
    scale = mask_scale(backbone, x_M.shape[2], mask.shape[1])
    hidden_ML = spread_mask(mask, scale)
    count = (mask.shape[1] - views.targets["visible"].shape[2]) * scale**2
    at_MH = hidden_ML.int().argsort(dim=1, descending=True, stable=True)[:, :count]
    return x_M, hidden_ML, at_MH


def _shown_masks(x: Tensor, hidden_NL: Tensor, patch: int) -> NDArray[np.floating[Any]]:
    picture = stretched(x)
    hidden = unpatchify(hidden_NL[:, :, None].expand(-1, -1, 3 * patch**2), patch)
    return rows_of([picture, torch.where(hidden, HIDDEN_GREY, picture)])
