"""Any random transform of torchvision, one picture at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator, ValidationInfo, WithJsonSchema, field_validator
from torch import Tensor

from workbench.core.errors import DataError, unknown
from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.cpu import Workers
from workbench.views.operations.base import Filter, OperationConfig, Scene, Values

if TYPE_CHECKING:
    from torchvision.transforms import v2

# Those of torchvision.transforms.v2 that take one picture and can give one of the same shape: no containers, no
# mixing, no changes of type, nothing for boxes or videos, nothing that always changes the size, no JPEG (torchvision
# gives its codecs up; the operation 'jpeg' is there).
NAMES = (
    *("AugMix", "AutoAugment", "ColorJitter", "ElasticTransform", "GaussianBlur", "GaussianNoise", "Grayscale"),
    *("RandAugment", "RandomAdjustSharpness", "RandomAffine", "RandomAutocontrast", "RandomChannelPermutation"),
    *("RandomCrop", "RandomEqualize", "RandomErasing", "RandomGrayscale", "RandomHorizontalFlip", "RandomInvert"),
    *("RandomPerspective", "RandomPhotometricDistort", "RandomPosterize", "RandomResizedCrop", "RandomRotation"),
    *("RandomSolarize", "RandomVerticalFlip", "TrivialAugmentWide"),
)

# The transforms draw from torch's one global generator, so only one thread at a time may set it.
_LOCK = threading.Lock()


def _known(name: str) -> str:
    if name not in NAMES:
        raise ValueError(unknown("torchvision transform of one picture", name, NAMES).removesuffix("."))
    return name


Name = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(NAMES)})]


class TorchvisionTransform(Filter):
    """A transform of torchvision.transforms.v2 by name, for what no operation here does.

    It is given float32 (3, H, W) in [0, 1], draws with a seed of its own for every sample, and must
    give back the same shape; what leaves [0, 1] is clamped. One picture after another on one thread of the CPU: slow
    beside the other operations, and pictures on other devices travel there and back. torch's global generator is left
    as it was; torchvision draws from no other.
    """

    spec = OperationSpec(
        id="torchvision",
        title="torchvision transform",
        kind="filter",
        summary="Any random transform of torchvision by name, one picture at a time.",
    )

    class Config(OperationConfig):
        name: Name = setting("RandomPhotometricDistort", "Transform", "name in torchvision.transforms.v2")
        settings: dict[str, Any] = setting({}, "Settings", 'its keyword arguments, such as {"degrees": 30}')

        @field_validator("settings")
        @classmethod
        def _taken(cls, settings: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
            if "name" in info.data:
                try:
                    _transform(info.data["name"], settings)
                except Exception as error:  # whatever a constructor of torchvision raises for a wrong argument
                    raise ValueError(f"{info.data['name']} does not take these: {error}") from error
            return settings

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._transform = _transform(config.name, config.settings)

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"seed": rng.integers(0, 2**63, scene.samples)}

    def on_cpu(self, x: NDArray[np.float32], values: Values, applied: NDArray[np.bool_], workers: Workers) -> None:
        with _LOCK, torch.random.fork_rng(devices=[]):
            for n in np.flatnonzero(applied):
                torch.manual_seed(int(values["seed"][n]))
                x[n] = self._changed(torch.from_numpy(x[n].copy())).numpy()

    def on_device(self, x: Tensor, values: Values, applied: NDArray[np.bool_]) -> Tensor:
        rows = torch.from_numpy(np.flatnonzero(applied)).to(x.device)
        pictures = x[rows].cpu().numpy()
        seeds = {"seed": values["seed"][applied]}
        self.on_cpu(pictures, seeds, np.ones(len(pictures), bool), Workers(1))
        return x.index_copy(0, rows, torch.from_numpy(pictures).to(x.device))

    def _changed(self, picture: Tensor) -> Tensor:
        name = self.config.name
        try:
            made = self._transform(picture)
        except Exception as error:  # whatever a transform of torchvision raises for a picture that it cannot take
            shape = tuple(picture.shape)
            raise DataError(f"torchvision's {name} failed on a picture of shape {shape}: {error}", _WAY_OUT) from error
        if made.shape != picture.shape:
            was, now = tuple(picture.shape), tuple(made.shape)
            raise DataError(f"torchvision's {name} made a picture of shape {now} out of one of {was}.", _WAY_OUT)
        if not torch.isfinite(made).all():
            raise DataError(f"torchvision's {name} made values that are not finite.", _WAY_OUT)
        clamped: Tensor = made.clamp(0, 1)
        return clamped


_WAY_OUT = "Change its settings in views.branches, so that it gives a picture of the shape that it is given."


def _transform(name: str, settings: dict[str, Any]) -> v2.Transform:
    from torchvision.transforms import v2  # here, because it takes seconds

    return getattr(v2, name)(**settings)
