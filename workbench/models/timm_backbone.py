"""Any encoder of the timm library by its name, with random weights: nothing is downloaded."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from workbench.core.errors import Problem, RecipeError, nearest
from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.plugins.specs import BackboneSpec

SECTION = "backbone"


class TimmConfig(Model):
    """Settings of a timm encoder."""

    name: str = setting("vit_tiny_patch16_224", "Name", "a model of the timm library, as timm.list_models() has it")


class TimmBackbone(Backbone):
    """A timm model without its classifier.

    Models that are made for one input size (vision transformers, mixers) are made for `image_size`.

    Shapes: x (N, 3, H, W) float -> features (N, D); tokens (N, L, D), one a position of the last map, without class
    and register tokens.
    """

    spec: ClassVar[BackboneSpec] = BackboneSpec(
        id="timm",
        title="timm",
        tokens=True,
        summary="Any image encoder of the timm library by name: vision transformers, ConvNeXt, EfficientNet and more.",
    )
    Config: ClassVar[type[Model]] = TimmConfig

    def __init__(self, config: TimmConfig, image_size: int) -> None:
        super().__init__()
        self.net = _create(config.name, image_size)
        self.width = _feature_width(self.net, config.name, image_size)

    def features(self, x: Tensor) -> Tensor:
        """The model's pooled features, (N, D)."""
        features_ND: Tensor = self.net(x)
        return features_ND

    def tokens(self, x: Tensor) -> Tensor:
        """The last map before pooling, (N, L, D'); D' is D except where a model widens its features after pooling."""
        maps: Tensor = self.net.forward_features(x)
        if maps.ndim == 3:
            return maps[:, getattr(self.net, "num_prefix_tokens", 0) :]
        if getattr(self.net, "output_fmt", "NCHW") == "NHWC":
            return maps.flatten(1, 2)
        return maps.flatten(2).transpose(1, 2)


def _create(name: str, image_size: int) -> Any:
    import timm  # here, as in the next function: it takes seconds, which only those who want one of its models wait for

    if not timm.is_model(name):
        raise RecipeError([Problem(f"{SECTION}.name", _unknown_model(name))])
    made_for = timm.get_pretrained_cfg(name, allow_unregistered=False)
    sized = {"img_size": image_size} if made_for is not None and made_for.fixed_input_size else {}
    try:
        return timm.create_model(name, pretrained=False, num_classes=0, **sized)
    except Exception as error:
        raise RecipeError([Problem(f"{SECTION}.name", _cannot_take(name, image_size, error))]) from error


def _unknown_model(name: str) -> str:
    import timm

    models = timm.list_models()
    guess = nearest(name, models)
    meant = f" Did you mean {guess!r}?" if guess else ""
    return f"timm has no model {name!r}.{meant} It knows {len(models)}: see timm.list_models()."


def _feature_width(net: Any, name: str, image_size: int) -> int:
    """D, from one blank picture: models widen or project their features in too many ways to read it off."""
    training = net.training
    try:
        with torch.no_grad():
            width = int(net.eval()(torch.zeros(1, 3, image_size, image_size)).shape[-1])
    except Exception as error:
        raise RecipeError([Problem(f"{SECTION}.name", _cannot_take(name, image_size, error))]) from error
    net.train(training)
    return width


def _cannot_take(name: str, image_size: int, error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"{name!r} cannot take views of {image_size} px ({reason}). Choose a larger view size or another model."
