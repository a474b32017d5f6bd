"""What is shown beside the map: another layout or another embedding, matched to the opened set by id. No Qt.

Legend: N points of the opened set ("here"), M points of what is beside it ("there").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.app.explorer.columns import ID
from workbench.core.errors import DataError
from workbench.gui.pages.explore import sets
from workbench.gui.pages.explore.places import Place, checkpoints, run_of, step_words
from workbench.gui.pages.explore.sets import OpenedSet, layout_title

if TYPE_CHECKING:
    from workbench.runs.embedding_set import EmbeddingSet

MOST_RUNS = 100


@dataclass(frozen=True)
class Wish:
    """What is to be seen beside the map.

    folder : of an embedding set; None for the opened set, whichever that is
    layout : its name; "" for the one that compares best
    """

    folder: Path | None = None
    layout: str = ""


@dataclass(frozen=True, eq=False)
class Side:
    """What is shown beside the map.

    here : folder of the opened set that it is matched to
    to_there : int64 (N,), the same sample's row there; -1 for none
    to_here : int64 (M,), the other way round
    layouts : names of all layouts there
    """

    opened: OpenedSet
    here: Path
    to_there: NDArray[np.int64]
    to_here: NDArray[np.int64]
    layouts: tuple[str, ...]

    @property
    def same_set(self) -> bool:
        """Whether it is another layout of the opened set."""
        return self.opened.folder == self.here

    @property
    def same_rows(self) -> bool:
        """Whether every point has the same row on both sides."""
        whole = len(self.to_here) == len(self.to_there)
        return whole and np.array_equal(self.to_here, np.arange(len(self.to_here)))

    @property
    def alone_here(self) -> NDArray[np.int64]:
        """The rows of the opened set that are not there."""
        return np.flatnonzero(self.to_there < 0)

    @property
    def alone_there(self) -> NDArray[np.int64]:
        """The rows there that are not in the opened set."""
        return np.flatnonzero(self.to_here < 0)

    def there(self, rows: ArrayLike) -> NDArray[np.int64]:
        """The rows there of the same samples, without those that have none."""
        return _moved(self.to_there, rows)

    def here_of(self, rows: ArrayLike) -> NDArray[np.int64]:
        """The rows of the opened set of samples there, without those that have none."""
        return _moved(self.to_here, rows)

    def words(self) -> str:
        """How far the points of both sides are the same."""
        lone_here, lone_there = len(self.alone_here), len(self.alone_there)
        if not lone_here and not lone_there:
            return f"the same {len(self.to_there):,} points"
        told = [f"{len(self.to_there) - lone_here:,} points in both"]
        if lone_here:
            told.append(f"{lone_here:,} only left")
        if lone_there:
            told.append(f"{lone_there:,} only right, grey")
        return " · ".join(told)


def load_side(here: OpenedSet, wish: Wish, projection: str = "") -> Side:
    """Open what is wished for and match its points; for the background thread.

    Raises RunError where it cannot be read, DataError where none of its points is in the opened set.
    """
    folder = here.folder if wish.folder is None else wish.folder.resolve()
    same = folder == here.folder.resolve()
    layout = wish.layout or (_another(here) if same else here.layout_name)
    opened = sets.load(here.folder if same else folder, layout, projection)
    if same:
        rows = np.arange(len(here), dtype=np.int64)
        return Side(opened, here.folder, rows, rows, tuple(opened.stored.layouts()))
    to_there, to_here = partners(here.stored, opened.stored)
    if not (to_there >= 0).any():
        raise DataError(
            f"{sets_title(folder)} has none of the {len(here):,} samples of {sets_title(here.folder)}.",
            "Choose an embedding of the same samples: they are matched by their ids.",
        )
    return Side(opened, here.folder, to_there, to_here, tuple(opened.stored.layouts()))


def partners(here: EmbeddingSet, there: EmbeddingSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row of one set the row of the same sample in the other, and the other way round; -1 for none.

    Samples are the same where their ids are; an id that occurs twice in a set tells no sample.
    """
    import pyarrow as pa

    texts = [opened.samples.column(ID).cast(pa.string()).combine_chunks() for opened in (here, there)]
    if texts[0].equals(texts[1]):
        rows = np.arange(len(texts[0]), dtype=np.int64)
        return rows, rows
    both = pa.concat_arrays(texts).dictionary_encode()
    known = len(both.dictionary)
    codes = np.asarray(both.indices.fill_null(known), np.int64)
    one, other = codes[: len(texts[0])], codes[len(texts[0]) :]
    return _rows_of(one, other, known), _rows_of(other, one, known)


@dataclass(frozen=True)
class Offer:
    """Something that can be shown beside the map.

    folder : None for the opened set
    """

    title: str
    folder: Path | None


def offers(here: Path, known: Sequence[Place], loose: Sequence[Path]) -> list[Offer]:
    """The opened set, other checkpoints of its run, sets from disk, then the newest set of each other run.

    Reads folders; for the background thread.
    """
    run = run_of(here)
    found = [Offer("This embedding, another layout", None)]
    if run is not None:
        found += [Offer(f"This run, step {step:,}", folder) for step, folder in _embedded(Place(run, run.name))]
    found += [Offer(sets_title(folder), folder) for folder in loose]
    for place in [place for place in known if not place.loose and place.path != run][:MOST_RUNS]:
        found += [Offer(f"{place.title}, step {step:,}", folder) for step, folder in _embedded(place)[:1]]
    return [offer for offer in found if offer.folder is None or offer.folder.resolve() != here.resolve()]


def sets_title(folder: Path) -> str:
    """What a set is called beside another."""
    run = run_of(folder)
    return folder.name if run is None else f"{run.name}, {step_words(folder)}"


def side_title(side: Side) -> str:
    """The heading over the map that is beside."""
    name = layout_title(side.opened.layout_name) if side.opened.layout_name else "no layout"
    return name if side.same_set else f"{sets_title(side.opened.folder)} · {name}"


def _another(here: OpenedSet) -> str:
    names = here.stored.layouts()
    return next((name for name in names if name != here.layout_name), here.layout_name)


def _moved(places: NDArray[np.int64], rows: ArrayLike) -> NDArray[np.int64]:
    moved = places[np.asarray(rows, np.int64)]
    found: NDArray[np.int64] = moved[moved >= 0]
    return found


def _rows_of(codes: NDArray[np.int64], others: NDArray[np.int64], known: int) -> NDArray[np.int64]:
    """For each code the row that has it in the other set, where it occurs once in either; `known` stands for no id."""
    once = (np.bincount(codes, minlength=known + 1) == 1) & (np.bincount(others, minlength=known + 1) == 1)
    once[known] = False
    row = np.full(known + 1, -1, np.int64)
    row[others] = np.arange(len(others))
    row[~once] = -1
    found: NDArray[np.int64] = row[codes]
    return found


def _embedded(place: Place) -> list[tuple[int, Path]]:
    """Step and embedding set of a run's checkpoints that have one, newest first."""
    return [(at.step, at.embeddings) for at in checkpoints(place) if at.embeddings is not None]
