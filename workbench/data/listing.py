"""What the importers share: a listing of encoded images, and the settings of every import."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from workbench.core.errors import DataError, unknown
from workbench.core.model import Model, setting
from workbench.data.array_dataset import ArrayDataset, Facts
from workbench.data.base import DatasetSource, Place, Progress, Skipped, no_progress
from workbench.data.decoding import decode_all
from workbench.data.encoded import Encoded, automatic_side
from workbench.data.splits import ordered
from workbench.plugins.specs import DatasetSpec


class HoldOut(Model):
    """How a test split is made where the files do not say."""

    test_share: float = setting(
        0.2, "Test share", "share of the samples held out for testing, when the files name no test split", ge=0, le=0.9
    )
    split_seed: int = setting(0, "Split seed", "decides which samples are held out", ge=0, lt=2**31, advanced=True)


class ImageImport(HoldOut):
    """The settings of importers that decode image files."""

    image_size: int = setting(
        0,
        "Image size",
        "side that images are stored at: the shorter side is scaled to it and the centre kept; 0 "
        "takes the median shorter side, at most 256",
        unit="px",
        ge=0,
        le=1024,
    )


@dataclass(frozen=True)
class Listing:
    """A set before anything is decoded.

    encoded : the N images
    ids : N texts, unique
    split : N split names
    labels, classes : int64 (N,) with -1 where unknown, or None and nothing
    columns : metadata, name -> N values
    skipped : entries that are no sample at all; they are told with the first split
    """

    title: str
    source: str
    encoded: Encoded
    ids: Sequence[str]
    split: NDArray[np.str_]
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    columns: Mapping[str, pa.Array | pa.ChunkedArray] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()

    @property
    def splits(self) -> tuple[str, ...]:
        return ordered(self.split.tolist())


class ListedSource(DatasetSource):
    """A source that lists its images first and decodes the split that is asked for."""

    @abstractmethod
    def listing(self, config: Any) -> Listing:
        """Everything there is; cheap. Raises DataError where there is nothing."""

    def splits(self, config: Any, place: Place) -> tuple[str, ...]:
        return self.listing(config).splits

    def load(self, config: Any, split: str, place: Place, progress: Progress = no_progress) -> ArrayDataset:
        return load_listed(self.listing(config), self.spec, split, config.image_size, place, progress)

    def status(self, config: Any, place: Place) -> tuple[str, str]:
        if Path(config.path).expanduser().exists():
            return "ready", ""
        return "missing", f"There is nothing at {config.path}."


def load_listed(
    listing: Listing, spec: DatasetSpec, split: str, image_size: int, place: Place, progress: Progress
) -> ArrayDataset:
    """One split of a listing, decoded; `image_size` 0 is automatic, and the same for every split."""
    require_split(split, listing.splits, listing.title)
    rows = np.flatnonzero(listing.split == split)
    side = image_size or automatic_side(listing.encoded)
    decoded = decode_all(listing.encoded, rows, side, place, progress)
    kept = decoded.rows
    told = listing.skipped if split == listing.splits[0] else ()
    facts = Facts(
        split, listing.splits, listing.classes, (*told, *decoded.skipped), title=listing.title, source=listing.source
    )
    return ArrayDataset(
        decoded.images,
        None if listing.labels is None else listing.labels[kept],
        [listing.ids[row] for row in kept],
        spec,
        facts,
        {name: values.take(pa.array(kept)) for name, values in listing.columns.items()},
    )


def require_split(split: str, splits: Sequence[str], title: str) -> None:
    """Raise DataError where the set has no split of that name."""
    if split not in splits:
        raise DataError(f"{title}: {unknown('split', split, list(splits))}")


def existing(path: str) -> Path:
    """The absolute path of something that is there; raises DataError otherwise."""
    found = Path(path).expanduser().absolute()
    if not found.exists():
        raise DataError(f"There is nothing at {path}.", "Check the spelling, or choose it again.")
    return found
