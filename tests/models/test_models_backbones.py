"""Encoders: shapes, stems, seeds, and recipes that name something impossible."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from workbench.core.errors import RecipeError
from workbench.models.build import build_backbone
from workbench.models.table import BACKBONES
from workbench.recipes.models import Choice

SMALL = {"timm": {"name": "vit_tiny_patch16_224"}}
CHOICES = [Choice(id=entry.spec.id, **SMALL.get(entry.spec.id, {})) for entry in BACKBONES]
by_id = pytest.mark.parametrize("choice", CHOICES, ids=[choice.id for choice in CHOICES])


def problem(choice: Choice, image_size: int = 32) -> tuple[str, str]:
    with pytest.raises(RecipeError) as caught:
        build_backbone(choice, image_size)
    (only,) = caught.value.problems
    return only.key, only.message


def test_ids_are_unique() -> None:
    ids = [entry.spec.id for entry in BACKBONES]
    assert len(set(ids)) == len(ids)


@by_id
def test_features_have_the_declared_width(choice: Choice) -> None:
    backbone = build_backbone(choice, 32)
    assert backbone.features(torch.randn(2, 3, 32, 32)).shape == (2, backbone.width)


@by_id
def test_gradients_reach_every_parameter(choice: Choice) -> None:
    backbone = build_backbone(choice, 32)
    # A fixed random direction: the sum of normalised features alone would have no gradient.
    (backbone(torch.randn(4, 3, 32, 32)) @ torch.randn(backbone.width)).square().sum().backward()
    assert [name for name, p in backbone.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


@by_id
def test_the_same_seed_gives_the_same_weights(choice: Choice) -> None:
    def weights() -> list[torch.Tensor]:
        torch.manual_seed(3)
        return list(build_backbone(choice, 32).state_dict().values())

    assert all(torch.equal(a, b) for a, b in zip(weights(), weights(), strict=True))


@by_id
def test_weights_are_contiguous_so_that_safetensors_takes_them(choice: Choice) -> None:
    assert all(tensor.is_contiguous() for tensor in build_backbone(choice, 32).state_dict().values())


@by_id
def test_tokens_exist_exactly_where_the_spec_says(choice: Choice) -> None:
    backbone = build_backbone(choice, 32)
    x = torch.randn(2, 3, 32, 32)
    if backbone.spec.tokens:
        tokens = backbone.tokens(x)
        assert tokens.ndim == 3
        assert tokens.shape[::2] == (2, backbone.width)
    else:
        with pytest.raises(TypeError):
            backbone.tokens(x)


@pytest.mark.parametrize("id_", ["tiny_cnn", "small_resnet"])
@pytest.mark.parametrize("size", [8, 28, 33, 64, 96, 224])
def test_our_own_encoders_take_any_size(id_: str, size: int) -> None:
    backbone = build_backbone(Choice(id=id_), size).eval()
    assert torch.isfinite(backbone(torch.randn(1, 3, size, size))).all()


@pytest.mark.parametrize(("size", "side"), [(32, 4), (64, 8), (65, 5), (128, 8), (224, 7)])
def test_tiny_cnn_keeps_its_last_map_small(size: int, side: int) -> None:
    stages = build_backbone(Choice(id="tiny_cnn"), size).get_submodule("stages")
    assert stages(torch.zeros(2, 3, size, size)).shape[2:] == (side, side)


@pytest.mark.parametrize("depth", [1, 3])
def test_small_resnet_has_six_n_plus_two_layers_with_its_classifier(depth: int) -> None:
    backbone = build_backbone(Choice(id="small_resnet", depth=depth), 32)
    convolutions = [m for m in backbone.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    assert len(convolutions) + 1 == 6 * depth + 2


@pytest.mark.parametrize(
    ("size", "stem", "side"),
    [(32, "auto", 4), (32, "imagenet", 1), (64, "auto", 8), (96, "auto", 3), (96, "small", 12)],
)
def test_the_stem_decides_the_last_map(size: int, stem: str, side: int) -> None:
    backbone = build_backbone(Choice(id="resnet18", stem=stem), size)
    sides = []
    backbone.get_submodule("net.layer4").register_forward_hook(lambda _, __, out: sides.append(out.shape[2:]))
    backbone(torch.zeros(2, 3, size, size))
    assert sides == [(side, side)]


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "convnext_atto"])
def test_timm_tokens_average_over_every_position(name: str) -> None:
    backbone = build_backbone(Choice(id="timm", name=name), 64)
    positions = {"vit_tiny_patch16_224": 16}.get(name, 4)
    assert backbone.tokens(torch.randn(1, 3, 64, 64)).shape[1] == positions


def test_a_timm_model_that_projects_after_pooling_declares_the_width_of_its_features() -> None:
    backbone = build_backbone(Choice(id="timm", name="mobilenetv3_small_100"), 32).eval()
    assert backbone(torch.randn(2, 3, 32, 32)).shape == (2, backbone.width)


def test_measuring_the_width_leaves_the_model_in_training_mode() -> None:
    assert all(part.training for part in build_backbone(Choice(id="timm", name="resnet10t"), 32).modules())


def test_an_unknown_id_names_the_nearest() -> None:
    key, message = problem(Choice(id="tiny_cn"))
    assert key == "backbone.id"
    assert "'tiny_cnn'" in message


def test_an_unknown_setting_names_the_nearest() -> None:
    key, message = problem(Choice(id="tiny_cnn", widht=3))
    assert key == "backbone.widht"
    assert "Did you mean 'width'?" in message


def test_a_value_out_of_range_is_named_with_its_bound() -> None:
    key, message = problem(Choice(id="tiny_cnn", width=1))
    assert key == "backbone.width"
    assert message == "1 is not allowed: input should be greater than or equal to 4."


def test_every_wrong_setting_is_a_problem_of_its_own() -> None:
    with pytest.raises(RecipeError) as caught:
        build_backbone(Choice(id="small_resnet", width="wide", depth=0), 32)
    assert {item.key for item in caught.value.problems} == {"backbone.width", "backbone.depth"}


def test_an_unknown_timm_model_names_the_nearest() -> None:
    key, message = problem(Choice(id="timm", name="resnt18"))
    assert key == "backbone.name"
    assert "'resnet18'" in message


def test_a_timm_model_that_cannot_take_the_views_is_refused_with_their_size() -> None:
    key, message = problem(Choice(id="timm", name="vit_tiny_patch16_224"), image_size=8)
    assert key == "backbone.name"
    assert "8 px" in message
