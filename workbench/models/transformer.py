"""The transformer blocks that small encoders, decoders and predictors are made of."""

from __future__ import annotations

from torch import nn


def transformer_blocks(width: int, heads: int, depth: int) -> nn.ModuleList:
    """Pre-normalised blocks of timm with GELU and a hidden layer of four times the width: (N, L, width) to the same.

    timm is imported here, because that takes seconds which most runs and every start of the lab can do without.
    """
    from timm.models.vision_transformer import Block

    return nn.ModuleList(Block(width, heads, qkv_bias=True) for _ in range(depth))
