"""Pictures as patches, masks on another grid than the encoder's, and the picture of a reconstruction.

Shapes: N samples, L = rows * rows patches of an encoder row by row, P = 3 * patch^2 numbers a patch, M entries of a
mask, each of which stands for `scale` x `scale` patches
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from workbench.core.errors import RunFailed
from workbench.models.base import Backbone
from workbench.models.small_vit import INITIAL_STD
from workbench.objectives.pictures import HIDDEN_GREY, span_of_each, stretched
from workbench.plugins.specs import MetricSpec, ObjectiveSpec

COLUMNS = ("Picture", "What is seen", "Prediction", "Prediction with what is seen")

VISIBLE_ERROR = MetricSpec(
    name="visible_error",
    title="Error where seen",
    better="neither",
    description="the same error on the patches that are seen, which the loss leaves out",
)


def patchify(x: Tensor, patch: int) -> Tensor:
    """Pictures (N, 3, S, S) as (N, L, P): within a patch row by row, the colours of a pixel side by side."""
    samples, colours, height, width = x.shape
    cut = x.reshape(samples, colours, height // patch, patch, width // patch, patch)
    return cut.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def unpatchify(patches_NLP: Tensor, patch: int) -> Tensor:
    """The pictures (N, 3, S, S) that `patchify` cut up."""
    samples, count, _ = patches_NLP.shape
    rows = math.isqrt(count)
    cut = patches_NLP.reshape(samples, rows, rows, patch, patch, 3)
    return cut.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)


def pixel_head(spec: ObjectiveSpec, width: int, backbone: Backbone) -> nn.Linear:
    """A linear layer from a token to the pixels of a patch of the encoder, near 0 at first.

    Raises RunFailed for an encoder from which patches cannot be hidden.
    """
    if not backbone.spec.patches:
        raise RunFailed(
            f"{spec.title} hides patches from the backbone, and {backbone.spec.title} takes whole pictures only.",
            "Choose a backbone that is made of patches, such as small_vit.",
        )
    head = nn.Linear(width, 3 * backbone.patch**2)
    nn.init.normal_(head.weight, std=INITIAL_STD)
    nn.init.zeros_(head.bias)
    return head


def mask_scale(backbone: Backbone, size: int, entries: int) -> int:
    """How many patches of the encoder an entry of the mask spans along a side.

    Parameters
    ----------
    size : side of the view, px
    entries : M, of the mask

    Raises RunFailed for a mask whose patches are no multiple of the encoder's.
    """
    side = size // math.isqrt(entries)
    if side % backbone.patch:
        raise RunFailed(
            f"The mask hides patches of {side} px, but the encoder's patches have {backbone.patch} px.",
            f"Make the patch of patch_mask a multiple of {backbone.patch}, or change backbone.patch.",
        )
    return side // backbone.patch


def spread_mask(mask_NM: Tensor, scale: int) -> Tensor:
    """A mask on the encoder's patches, (N, L)."""
    rows = math.isqrt(mask_NM.shape[1])
    grid = mask_NM.view(-1, rows, rows)
    return grid.repeat_interleave(scale, 1).repeat_interleave(scale, 2).flatten(1)


def spread_positions(at_NK: Tensor, entries: int, scale: int) -> Tensor:
    """Positions of the encoder's patches that lie under the mask's entries at `at_NK`, (N, K * scale^2)."""
    rows = math.isqrt(entries)
    step = torch.arange(scale, device=at_NK.device)
    y = (at_NK // rows)[:, :, None] * scale + step
    x = (at_NK % rows)[:, :, None] * scale + step
    return (y[:, :, :, None] * rows * scale + x[:, :, None, :]).flatten(1)


def pictures(x: Tensor, predicted_NLP: Tensor, hidden_NL: Tensor, patch: int) -> Tensor:
    """Rows of `COLUMNS` for the eye, (N, 4, S, S, 3) in [0, 1].

    Each is stretched by the span of the true picture. What is not seen is grey.
    """
    whole = unpatchify(predicted_NLP, patch)
    hidden = unpatchify(hidden_NL[:, :, None].expand_as(predicted_NLP), patch)
    scaled, guess = (stretched(part, span_of_each(x)) for part in (x, whole))
    grey = torch.full_like(scaled, HIDDEN_GREY)
    rows = torch.stack([scaled, torch.where(hidden, grey, scaled), guess, torch.where(hidden, guess, scaled)], dim=1)
    return rows.permute(0, 1, 3, 4, 2)
