"""The projection contract: vectors in, places in the plane out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from workbench.core.model import Model
from workbench.data.base import Progress
from workbench.plugins.specs import ProjectionSpec
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import Neighbours


@dataclass(frozen=True)
class Wanted:
    """The neighbours that a projection works from."""

    k: int
    metric: Metric


class Projection(ABC):
    """One way to draw an embedding: subclasses set `spec` and `Config`."""

    spec: ClassVar[ProjectionSpec]
    Config: ClassVar[type[Model]]

    def wants(self, config: Any) -> Wanted | None:
        """The neighbours to hand to `project`; None where it needs none."""
        return None

    @abstractmethod
    def project(
        self, vectors: NDArray[Any], config: Any, neighbours: Neighbours | None, progress: Progress
    ) -> NDArray[np.float32]:
        """Places (N, 2) of N vectors (N, D), float32, NaN for rows that cannot be placed; the same for the same seed.

        Raises DataError where no row can be placed, and what `progress` raises.
        """
