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
    patch : side of a patch in px; only where `spec.patches` says so
    causal : whether a token depends on patches up to its own alone
    """

    spec: ClassVar[BackboneSpec]
    Config: ClassVar[type[Model]]
    width: int
    patch: int
    causal: bool = False

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """One vector a sample, (N, D)."""

    def tokens(self, x: Tensor) -> Tensor:
        """One vector a position, (N, L, D); only where `spec.tokens` says so."""
        raise TypeError(f"{type(self).__name__} has features but no tokens")

    def encode(self, x: Tensor, keep_NK: Tensor) -> Tensor:
        """Tokens (N, K, D) of the patches at `keep_NK` alone; only where `spec.patches` says so."""
        raise TypeError(f"{type(self).__name__} cannot leave out patches")

    def encode_covered(self, x: Tensor, hidden_NL: Tensor, cover_D: Tensor) -> Tensor:
        """Tokens (N, L, D) with `cover_D` in place of hidden patches; only where `spec.patches` says so."""
        raise TypeError(f"{type(self).__name__} cannot hide patches")

    def features_and_tokens(
        self, x: Tensor, hidden_NL: Tensor | None = None, cover_D: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Features (N, D) and tokens (N, L, D) of one pass, covered as in `encode_covered`; where it is able to."""
        raise TypeError(f"{type(self).__name__} cannot hide patches")

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x)
