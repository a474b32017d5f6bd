"""Where a transformer looks: the attention of its last block, computed anew from what the block was given.

Vaswani et al.: Attention Is All You Need (NeurIPS 2017), equation 1: softmax(Q K^T / sqrt(d)) a head. Fused kernels do
not give it away, so queries and keys are made again from the block's input; the result times the values is the block's
own answer. Caron et al.: Emerging Properties in Self-Supervised Vision Transformers (ICCV 2021), figure 1, look at the
row of the class token.

Shapes: N samples, H heads, L tokens (prefix tokens and then patches row by row), rows x columns patches
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from workbench.models.base import Backbone
from workbench.models.modes import evaluating

if TYPE_CHECKING:
    from timm.layers.attention import Attention


def attention_weights(
    block: Attention, given_NLD: Tensor, allowed: Tensor | None = None, causal: bool = False
) -> Tensor:
    """The weights of every head, (N, H, L, L) in float32 (float64 stays); each row sums to 1.

    Parameters
    ----------
    given_NLD : the input of the attention layer
    allowed : bool, what may be looked at, or numbers that are added to the scores; broadcast to (N, H, L, L)
    causal : whether a token looks at itself and those before it alone
    """
    cut = block.qkv(given_NLD).unflatten(2, (3, block.num_heads, block.head_dim)).permute(2, 0, 3, 1, 4)
    query, key = (part if part.dtype == torch.float64 else part.float() for part in cut[:2])
    score = block.q_norm(query) @ block.k_norm(key).transpose(2, 3) * block.head_dim**-0.5
    if allowed is not None:
        score = score.masked_fill(~allowed, -torch.inf) if allowed.dtype == torch.bool else score + allowed
    if causal:
        length = score.shape[-1]
        later = torch.ones(length, length, dtype=torch.bool, device=score.device).triu(1)
        score = score.masked_fill(later, -torch.inf)
    weights: Tensor = score.softmax(dim=-1)
    return weights


def last_attention(backbone: Backbone, x: Tensor) -> Tensor | None:
    """The weights of the last block for x (N, 3, S, S), (N, H, L, L); None for an encoder without such blocks."""
    blocks = _attention_layers(backbone)
    if not blocks:
        return None
    with evaluating(backbone), _listening(blocks[-1]) as heard:
        backbone(x)
        if not heard:
            return None
        (given_NLD,), words = heard[-1]
        return attention_weights(blocks[-1], given_NLD, words.get("attn_mask"), bool(words.get("is_causal")))


def attention_maps(backbone: Backbone, x: Tensor) -> Tensor | None:
    """How much each patch is looked at by what becomes the features: (N, H, rows, columns), non-negative.

    Where the features are a class token, its row; where they are the mean of the patches, the mean of their rows. None
    for an encoder without attention blocks, or whose tokens are not a grid of patches.
    """
    weights_NHLL = last_attention(backbone, x)
    if weights_NHLL is None:
        return None
    prefix, by_class = _prefix(backbone)
    count = weights_NHLL.shape[-1] - prefix
    rows = _rows(backbone, x, count)
    if not rows:
        return None
    query_NHL = weights_NHLL[:, :, 0] if by_class else weights_NHLL[:, :, prefix:].mean(dim=2)
    return query_NHL[:, :, prefix:].reshape(*query_NHL.shape[:2], rows, count // rows)


def _attention_layers(backbone: Backbone) -> list[Attention]:
    if "timm" not in sys.modules:  # which takes seconds to import: an encoder that has such layers did so
        return []
    from timm.layers.attention import Attention

    return [part for part in backbone.modules() if isinstance(part, Attention)]


@contextmanager
def _listening(block: nn.Module) -> Iterator[list[tuple[tuple[Tensor, ...], Mapping[str, Any]]]]:
    """What a module is given while the context is open."""
    heard: list[tuple[tuple[Tensor, ...], Mapping[str, Any]]] = []

    def listen(_: nn.Module, given: tuple[Tensor, ...], words: Mapping[str, Any]) -> None:
        heard.append((given, words))

    handle = block.register_forward_pre_hook(listen, with_kwargs=True)
    try:
        yield heard
    finally:
        handle.remove()


def _prefix(backbone: Backbone) -> tuple[int, bool]:
    """How many tokens stand before the patches, and whether the first of them becomes the features."""
    net = getattr(backbone, "net", None)
    if net is not None:
        return int(getattr(net, "num_prefix_tokens", 0)), getattr(net, "global_pool", "") == "token"
    by_class = getattr(backbone, "class_token", None) is not None
    return int(by_class), by_class


def _rows(backbone: Backbone, x: Tensor, count: int) -> int:
    """Rows of the grid of patches on x; 0 where `count` patches do not make it up."""
    embedding = getattr(getattr(backbone, "net", None), "patch_embed", None)
    sides = getattr(embedding, "patch_size", None) or (getattr(backbone, "patch", 0),) * 2
    if not (sides[0] and sides[1]):
        return 0
    rows, columns = x.shape[2] // sides[0], x.shape[3] // sides[1]
    return rows if rows * columns == count else 0
