"""The projection contract: vectors in, places in the plane or in space out."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from workbench.core.model import Model
from workbench.data.base import Progress
from workbench.plugins.specs import ProjectionSpec
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import Neighbours

PARTIAL_EVERY_S = 0.2


@dataclass(frozen=True)
class Wanted:
    """What a projection works from, beside the vectors.

    k, metric : neighbours, nearest first; none for k = 0
    exact : the neighbours must not be approximate, however long that takes
    start : the stored layout to start from; "" for none
    labels : the column of classes that is read; "" for none
    ids : whether these are read
    """

    k: int = 0
    metric: Metric = "cosine"
    exact: bool = False
    start: str = ""
    labels: str = ""
    ids: bool = False


@dataclass(frozen=True, eq=False)
class Given:
    """What a projection is given: the vectors (N, D), and of the rest what it wants and what the set has.

    labels : int (N,), a class each; -1 without one
    start : float32 (N, 2) or (N, 3), a layout; NaN for rows that had no place in it
    ids : N words
    """

    vectors: NDArray[Any]
    neighbours: Neighbours | None = None
    labels: NDArray[np.int32] | None = None
    start: NDArray[np.float32] | None = None
    ids: Sequence[str] | None = None


@dataclass(frozen=True, eq=False)
class Drawn:
    """A finished layout.

    places : float32 (N, 2) or (N, 3), NaN for rows that cannot be placed
    axes : a name for each column where its direction means something, such as "PC 1 (12.3%)"
    iterations : how many were done, where the projection iterates and could be stopped
    library : which one laid out, where that is not the same everywhere
    """

    places: NDArray[np.float32]
    axes: tuple[str, ...] = ()
    iterations: int | None = None
    library: str = ""


class Partial:
    """Shows layouts before they are finished, and hears when the one there is should do.

    Parameters
    ----------
    send : gets the places (N, 2) or (N, 3) and the number of iterations done
    stop : whether to end early and keep what there is
    """

    def __init__(
        self,
        send: Callable[[NDArray[np.float32], int], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._send, self._stop = send, stop
        self._sent_at = -PARTIAL_EVERY_S

    @property
    def due(self) -> bool:
        """Whether someone wants a layout now: asked first, because making one takes time."""
        return self._send is not None and time.monotonic() - self._sent_at >= PARTIAL_EVERY_S

    @property
    def stop(self) -> bool:
        """Whether to end early and keep what there is."""
        return self._stop()

    def __call__(self, places: NDArray[np.float32], iteration: int) -> None:
        """Hand out an unfinished layout, unless one was handed out in the last 0.2 s."""
        if self._send is not None and self.due:
            self._send(places, iteration)
            self._sent_at = time.monotonic()


NO_PARTIAL = Partial()


class Projection(ABC):
    """One way to draw an embedding: subclasses set `spec` and `Config`."""

    spec: ClassVar[ProjectionSpec]
    Config: ClassVar[type[Model]]

    def wants(self, config: Any) -> Wanted:
        """What to hand to `project` beside the vectors."""
        return Wanted()

    @abstractmethod
    def project(self, given: Given, config: Any, progress: Progress, partial: Partial = NO_PARTIAL) -> Drawn:
        """Lay out N vectors; the same bits for the same seed.

        Raises DataError where no row can be placed or what is given does not do, and what `progress` raises.
        """


def in_all_rows(places_MC: NDArray[Any], rows_M: NDArray[np.int64], rows: int) -> NDArray[np.float32]:
    """Places of M of N rows as places of all (N, C), float32, NaN for the others."""
    places = np.full((rows, places_MC.shape[1]), np.nan, dtype=np.float32)
    places[rows_M] = places_MC
    return places
