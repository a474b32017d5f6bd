"""Attention computed anew is the block's own: it gives the block's output, and maps lie over the right patches."""

from __future__ import annotations

import math

import pytest
import torch
from timm.layers.attention import Attention
from torch import Tensor, nn

from workbench.models.attention import attention_maps, attention_weights, last_attention
from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.recipes.models import Choice

LENGTH, WIDTH, HEADS = 7, 24, 3


def encoder(**settings: object) -> Backbone:
    torch.manual_seed(0)
    return build_backbone(Choice(id="small_vit", **{"width": 32, "depth": 2, "heads": 2, **settings}), 16)


def block(**settings: object) -> Attention:
    torch.manual_seed(1)
    return Attention(WIDTH, HEADS, qkv_bias=True, norm_layer=nn.LayerNorm, **settings).double().eval()


def answer(layer: Attention, given: Tensor, weights: Tensor) -> Tensor:
    """What the layer gives if its heads look like this."""
    value = layer.qkv(given).unflatten(2, (3, HEADS, WIDTH // HEADS))[:, :, 2].transpose(1, 2)
    return layer.proj((weights @ value).transpose(1, 2).flatten(2))


@pytest.mark.parametrize("settings", [{}, {"qk_norm": True}])
def test_weights_times_values_are_the_answer_of_the_block(settings) -> None:
    layer, given = block(**settings), torch.randn(2, LENGTH, WIDTH, dtype=torch.float64)
    weights = attention_weights(layer, given)
    torch.testing.assert_close(answer(layer, given, weights), layer(given), rtol=1e-10, atol=1e-12)


def test_causal_weights_give_the_causal_answer_and_nothing_later_has_any() -> None:
    layer, given = block(), torch.randn(2, LENGTH, WIDTH, dtype=torch.float64)
    weights = attention_weights(layer, given, causal=True)
    torch.testing.assert_close(answer(layer, given, weights), layer(given, is_causal=True), rtol=1e-10, atol=1e-12)
    assert (weights.triu(1) == 0).all()


@pytest.mark.parametrize("dtype", [torch.bool, torch.float64])
def test_masked_weights_give_the_masked_answer(dtype: torch.dtype) -> None:
    layer, given = block(), torch.randn(2, LENGTH, WIDTH, dtype=torch.float64)
    mask = torch.rand(1, 1, LENGTH, LENGTH) < 0.6
    mask = mask | torch.eye(LENGTH, dtype=torch.bool)
    mask = mask if dtype == torch.bool else torch.randn(1, 1, LENGTH, LENGTH, dtype=dtype)
    weights = attention_weights(layer, given, mask)
    torch.testing.assert_close(answer(layer, given, weights), layer(given, attn_mask=mask), rtol=1e-10, atol=1e-12)


def test_weights_equal_a_loop_over_heads_and_pairs() -> None:
    layer, given = block(), torch.randn(1, LENGTH, WIDTH, dtype=torch.float64)
    weights, side = attention_weights(layer, given), WIDTH // HEADS
    raw = layer.qkv(given)[0].detach()
    for head in range(HEADS):
        query, key = (raw[:, part * WIDTH + head * side :][:, :side] for part in (0, 1))
        for q in range(LENGTH):
            scores = [
                math.exp(sum(query[q, d] * key[k, d] for d in range(side)) / math.sqrt(side)) for k in range(LENGTH)
            ]
            wanted = torch.tensor(scores, dtype=torch.float64) / sum(scores)
            torch.testing.assert_close(weights[0, head, q], wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"pool": "class"}, {"causal": True}])
def test_the_last_block_of_a_small_vit_is_the_one_that_is_looked_at(settings) -> None:
    backbone, x = encoder(**settings).eval(), torch.randn(3, 3, 16, 16)
    weights = last_attention(backbone, x)
    outputs: list[Tensor] = []
    backbone.blocks[-1].attn.register_forward_hook(lambda layer, given, out: outputs.extend([given[0], out]))
    backbone(x)
    given, out = outputs
    value = backbone.blocks[-1].attn.qkv(given).unflatten(2, (3, 2, 16))[:, :, 2].transpose(1, 2)
    again = backbone.blocks[-1].attn.proj((weights @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(again, out, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("pool", "prefix"), [("mean", 0), ("class", 1)])
def test_maps_are_the_rows_of_what_becomes_the_features(pool: str, prefix: int) -> None:
    backbone, x = encoder(pool=pool), torch.randn(3, 3, 16, 16)
    weights, maps = last_attention(backbone, x), attention_maps(backbone, x)
    wanted = weights[:, :, 0] if pool == "class" else weights.mean(dim=2)
    assert maps.shape == (3, 2, 4, 4)
    torch.testing.assert_close(maps.flatten(2), wanted[:, :, prefix:])


def test_a_patch_that_keys_favour_is_bright_in_every_map() -> None:
    backbone = encoder(depth=1)
    layer = backbone.blocks[0].attn
    x = torch.zeros(1, 3, 16, 16)
    x[:, :, 4:8, 12:16] = 5.0
    with torch.no_grad():
        shown = backbone.blocks[0].norm1(backbone._placed(x))[0]
        layer.qkv.weight.zero_()
        layer.qkv.bias.zero_()
        layer.qkv.weight[32:64].copy_(shown[7].repeat(32, 1))
        layer.qkv.bias[:32] = 1.0
    maps = attention_maps(backbone, x)
    assert (maps.flatten(2).argmax(dim=2) == 7).all()


def test_a_view_of_another_size_has_a_map_of_its_own_grid() -> None:
    assert attention_maps(encoder(), torch.randn(2, 3, 8, 8)).shape == (2, 2, 2, 2)


def test_vision_transformers_of_timm_have_maps_without_their_prefix_tokens() -> None:
    backbone = build_backbone(Choice(id="timm", name="vit_tiny_patch16_224"), 32)
    maps = attention_maps(backbone, torch.randn(2, 3, 32, 32))
    assert maps.shape == (2, 3, 2, 2)
    assert (maps.sum(dim=(2, 3)) < 1).all()


@pytest.mark.parametrize("choice", [Choice(id="tiny_cnn", width=8), Choice(id="timm", name="resnet10t")])
def test_an_encoder_without_attention_has_no_maps(choice: Choice) -> None:
    assert attention_maps(build_backbone(choice, 32), torch.randn(2, 3, 32, 32)) is None


def test_looking_leaves_no_trace() -> None:
    backbone = encoder()
    attention_maps(backbone, torch.randn(2, 3, 16, 16))
    assert backbone.training
    assert not backbone.blocks[-1].attn._forward_pre_hooks
    assert all(weight.grad is None for weight in backbone.parameters())
