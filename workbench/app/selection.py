"""What is looked at in the explorer: an embedding set, a sample, its neighbours; shared by map and inspector."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Selection:
    """A sample of an embedding set and what is near it.

    row : position in the set; None when nothing is selected
    neighbours, distances : nearest first, empty until the lab has answered
    """

    embeddings: Path | None = None
    row: int | None = None
    neighbours: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    distances: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    failure: str = ""

    def with_answer(self, arrays: Any) -> Selection:
        """This selection with its neighbours."""
        return Selection(self.embeddings, self.row, arrays["index"], arrays["distance"])
