"""The backbone contract."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from workbench.core.model import Model
from workbench.plugins.specs import BackboneSpec


class Backbone(nn.Module):
    """An encoder; subclasses are built as `Backbone(config, image_size)`.

    Attributes
    ----------
    width : D, the size of a feature vector
    """

    spec: ClassVar[BackboneSpec]
    Config: ClassVar[type[Model]]
    width: int

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """One vector a sample, (N, D)."""

    def tokens(self, x: Tensor) -> Tensor:
        """One vector a position, (N, L, D); only where `spec.tokens` says so."""
        raise TypeError(f"{type(self).__name__} has features but no tokens")

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x)
