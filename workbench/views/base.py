"""What an objective sees of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Views:
    """The views of one batch of N samples.

    branches : branch name -> one tensor a view, each (N, ...): images are float (N, 3, H, W), later token ids (N, L).
        Tiles are (N, T, 3, h, w).
        A paired modality is a branch of its own name; a sample that lacks it is masked in `targets`.
    targets : what operations made along the way, one row a view in the order of `inputs`: "rotation" is int64 (V, N),
        a mask bool (V, N, L). Views whose branch does not make a target hold -1, NaN or False.
    labels : int64 (N,), -1 where unknown; None for a set without labels
    index : int64 (N,), positions in the data set
    """

    branches: Mapping[str, tuple[Tensor, ...]]
    index: Tensor
    labels: Tensor | None = None
    targets: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """All views in the order of the branches."""
        return tuple(view for branch in self.branches.values() for view in branch)
