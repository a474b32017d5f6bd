"""All that points can be coloured, filtered and sorted by: the set's own columns and computed ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.app.explorer.column_values import Words, holds_dates, holds_numbers, numbers_of, plain, words_of
from workbench.core.errors import RunError, nearest, unknown

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.runs.embedding_columns import Categorical, Continuous
    from workbench.runs.embedding_set import EmbeddingSet

Kind = Literal["category", "number", "text", "truth", "date"]
Comparison = Literal["number", "text", "truth", "date"]
Read = TypeVar("Read")

ID, LABEL = "id", "label"
CATEGORIES = 256
MOST_CATEGORIES = 65_535
_COMPARED = 2_000


class Columns:
    """The columns of an opened set. What is asked for is read once and kept.

    Attributes
    ----------
    version : grows whenever a column is added or replaced; what was made of columns is then made anew
    """

    def __init__(self, stored: EmbeddingSet) -> None:
        self._stored = stored
        self._plain: dict[str, Any] = {}
        self._computed: dict[str, Any] = {}
        self._titles: dict[str, str] = {}
        self._words: dict[str, Words] = {}
        self._numbers: dict[str, NDArray[np.floating[Any]]] = {}
        self._colours: dict[str, Categorical | Continuous] = {}
        self.version = 0

    def __len__(self) -> int:
        return len(self._stored)

    @property
    def names(self) -> list[str]:
        """The table's columns in its order, then the computed ones."""
        return [*self._stored.samples.column_names, *self._computed]

    @property
    def computed(self) -> list[str]:
        """The columns that were added."""
        return list(self._computed)

    def add(self, name: str, values: ArrayLike | Categorical, title: str = "") -> str:
        """Add a computed column, or replace the computed one of that name.

        Parameters
        ----------
        values : (N,) numbers (NaN where there is none), truth values, texts, or categories
        title : what the column is called in menus and tables; its name when empty

        Returns the name it is found under: `computed_...` where the table has a column of that name.
        Raises ValueError when there is not one value a point, or when a column would be replaced by one that compares
        otherwise: filters in force and those that Undo brings back would no longer fit it.
        """
        column = _arrow(values)
        if len(column) != len(self):
            raise ValueError(f"The column {name!r} has {len(column)} values for {len(self)} points.")
        name = f"computed_{name}" if name in self._stored.samples.column_names else name
        if name in self._computed and _compared_as(column.type) != self.compared_as(name):
            raise ValueError(f"The column {name!r} holds {self.compared_as(name)} values; others need another name.")
        self._computed[name] = column
        self._titles[name] = title or name
        for read in (self._words, self._numbers, self._colours):
            read.pop(name, None)
        self.version += 1
        return name

    def title(self, name: str) -> str:
        """What a column is called in menus and tables."""
        return self._titles.get(name, name)

    def compared_as(self, name: str) -> Comparison:
        """What the values of a column are to a filter; whole numbers are numbers, however they are coloured."""
        return _compared_as(self.column(name).type)

    def kind(self, name: str) -> Kind:
        """As `compared_as`, with texts told apart.

        They are categories while there are at most 256 different ones, or 65,535 that come twice on average.
        """
        compared = self.compared_as(name)
        if compared != "text":
            return compared
        few = max(CATEGORIES, min(MOST_CATEGORIES, len(self) // 2))
        return "category" if len(self.words(name).values) <= few else "text"

    # -- values ----------------------------------------------------------------------------------------------------

    def column(self, name: str) -> pa.Array | pa.ChunkedArray:
        """A column as pyarrow computes with it; raises RunError that lists the columns there are."""
        if name in self._computed:
            return self._computed[name]
        if name not in self._plain:
            samples = self._stored.samples
            if name not in samples.column_names:
                raise RunError(unknown("column", name, self.names))
            self._plain[name] = plain(samples.column(name))
        return self._plain[name]

    def words(self, name: str) -> Words:
        """A column as texts, whatever it holds."""
        known = self._words.get(name)
        if known is None:
            column = self.column(name)
            known = words_of(_whole(column))
            self._keep(self._words, name, known, column)
        return known

    def numbers(self, name: str) -> NDArray[np.floating[Any]]:
        """A column of numbers or dates as floats (N,), NaN where there is no value; dates in seconds since 1970.

        Raises RunError for a column of texts.
        """
        known = self._numbers.get(name)
        if known is None:
            if self.compared_as(name) not in ("number", "date"):
                raise RunError(f"The column {name!r} holds no numbers.", "Choose a column of numbers.")
            column = self.column(name)
            known = numbers_of(_whole(column))
            self._keep(self._numbers, name, known, column)
        return known

    def colours(self, name: str) -> Categorical | Continuous:
        """A column as colours need it."""
        from workbench.runs.embedding_columns import coloured

        known = self._colours.get(name)
        if known is None:
            column = self.column(name)
            known = coloured(_whole(column))
            self._keep(self._colours, name, known, column)
        return known

    def _keep(self, kept: dict[str, Read], name: str, read: Read, column: Any) -> None:
        """Keep what was read of a column, unless another thread has replaced it meanwhile."""
        if self.column(name) is column:
            kept[name] = read

    def holds(self, name: str, texts: Iterable[str]) -> NDArray[np.bool_]:
        """The rows whose cell is one of the texts, bool (N,), "" standing for no value.

        The texts are names of `colours`: those of a legend.
        """
        from workbench.runs.embedding_columns import Categorical

        wanted, found = set(texts), self.colours(name)
        if not isinstance(found, Categorical):
            empty: NDArray[np.bool_] = np.isnan(found.values) & ("" in wanted)
            return empty
        chosen = [value in wanted for value in found.names]
        rows: NDArray[np.bool_] = np.array([*chosen, "" in wanted], bool)[found.codes]
        return rows

    def cells(self, name: str, rows: ArrayLike) -> list[str]:
        """What stands in the column at these rows, in words; "" where there is no value."""
        taken = self.column(name).take(np.asarray(rows, np.int64))
        return [_in_words(value) for value in taken.to_pylist()]

    def table(self, names: Sequence[str], rows: ArrayLike) -> pa.Table:
        """Columns at these rows, in the order of both."""
        import pyarrow as pa

        at = np.asarray(rows, np.int64)
        return pa.Table.from_arrays([self.column(name).take(at) for name in names], names=list(names))

    # -- looking up ------------------------------------------------------------------------------------------------

    def order(self, name: str, rows: NDArray[np.int64], descending: bool = False) -> NDArray[np.int64]:
        """The rows sorted by a column: equal ones stay in their order, those without a value come last."""
        if self.compared_as(name) in ("number", "date"):
            keys = self.numbers(name)[rows]
            return rows[np.argsort(-keys if descending else keys, kind="stable")]
        words = self.words(name)
        ranks = -words.ranks if descending else words.ranks
        places = np.append(ranks, len(ranks) + 1)[words.codes[rows]]
        return rows[np.argsort(places, kind="stable")]

    def frequent(self, name: str, like: str = "", limit: int = 20) -> list[tuple[str, int]]:
        """The most frequent values and their counts; with `like` those that contain it, first those that begin so."""
        words = self.words(name)
        found = np.flatnonzero(words.holding(like)) if like else np.arange(len(words.values))
        ranked = found[np.argsort(-words.counts[found], kind="stable")]
        if like:
            begins = words.matching(f"(?i)^{_escaped(like)}")[ranked]
            ranked = np.concatenate([ranked[begins], ranked[~begins]])
        best = ranked[:limit]
        return list(zip(words.values.take(best).to_pylist(), map(int, words.counts[best]), strict=True))

    def similar(self, name: str, text: str) -> str | None:
        """The value most like a text; None where nothing comes near. Looks at 2,000 at most, of about its length."""
        import pyarrow.compute as pc

        values = self.words(name).values
        if len(values) > _COMPARED:
            values = values.filter(pc.less_equal(pc.abs(pc.subtract(pc.utf8_length(values), len(text))), 2))
        if len(values) > _COMPARED:
            values = values.filter(pc.starts_with(values, text[:1], ignore_case=True))
        return nearest(text, values.slice(0, _COMPARED).to_pylist())


def _compared_as(stored: Any) -> Comparison:
    import pyarrow as pa

    if pa.types.is_boolean(stored):
        return "truth"
    if holds_numbers(stored):
        return "number"
    return "date" if holds_dates(stored) else "text"


def _whole(column: Any) -> Any:
    """A column of the table as one array; a computed one is that already."""
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column


def _arrow(values: ArrayLike | Categorical) -> Any:
    import pyarrow as pa

    from workbench.runs.embedding_columns import Categorical

    if isinstance(values, Categorical):
        codes = pa.array(values.codes, mask=values.codes < 0)
        return pa.DictionaryArray.from_arrays(codes, pa.array(values.names, pa.string()))
    return pa.array(np.asarray(values), from_pandas=True)


def _escaped(text: str) -> str:
    """A text as a regular expression (RE2) that matches it alone."""
    return "".join(f"\\x{{{ord(sign):x}}}" for sign in text)


def _in_words(value: object) -> str:
    if value is None or value != value:  # NaN is no value either
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:z.6g}" if isinstance(value, float) else str(value)
