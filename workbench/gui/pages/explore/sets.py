"""An embedding set as the Explore page reads it: labels, facts of a sample, search, columns for colours. No Qt.

Opening imports pyarrow, which takes a fifth of a second: everything here but the plain look-ups belongs on the
background thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.gui.explorer.raster.grid import GridIndex

if TYPE_CHECKING:
    from workbench.runs.embedding_columns import Categorical, Continuous
    from workbench.runs.embedding_set import EmbeddingSet, Layout

LABEL, TRUST = "label", "trust"
LAYOUT_ORDER = ("umap", "pca")
FACT_CHARACTERS = 200
_WRITTEN = {"pca": "PCA", "umap": "UMAP", "tsne": "t-SNE", "lda": "LDA", "parametric": "Parametric UMAP"}


@dataclass(frozen=True, eq=False)
class OpenedSet:
    """A set with everything that the page asks for again and again in memory.

    labels : the column "label"; None where there is none
    layout_name, layout : what is shown; "" and None while the set has no layout
    grid : the index of a flat layout's points, built with it away from the window's thread
    """

    stored: EmbeddingSet
    labels: Categorical | None
    layout_name: str
    layout: Layout | None
    grid: GridIndex | None

    @property
    def folder(self) -> Path:
        return self.stored.folder

    def __len__(self) -> int:
        return len(self.stored)

    @property
    def columns(self) -> list[str]:
        """What points can be coloured by: "label" first, then the other columns, then the layout's own trust."""
        names = [name for name in self.stored.samples.column_names if name not in ("id", LABEL)]
        trusted = self.layout is not None and self.layout.trust is not None and TRUST not in names
        return [*([LABEL] if self.labels else []), *names, *([TRUST] if trusted else [])]

    def label(self, row: int) -> str:
        """The label in words; "" for a sample without one."""
        if self.labels is None:
            return ""
        code = int(self.labels.codes[row])
        return self.labels.names[code] if code >= 0 else ""

    def name(self, row: int) -> str:
        """What a sample is called: its label, else its id."""
        return self.label(row) or next((value for name, value in self.facts(row) if name == "id"), f"row {row}")

    def facts(self, row: int) -> list[tuple[str, str]]:
        """Name and value of everything the table says of a sample, the label and the id first, and of its trust.

        Empty cells are left out. Trust is the share of its true neighbours that the layout keeps.
        """
        values = self.stored.samples.slice(row, 1).to_pylist()[0]
        names = sorted(values, key=lambda name: (name != LABEL, name != "id"))
        told = [(name, _words(values[name])) for name in names if values[name] not in (None, "")]
        trust = None if self.layout is None or self.layout.trust is None else self.layout.trust[row]
        if trust is not None and np.isfinite(trust):
            told.append((TRUST, f"{trust:.0%}"))
        return told

    def picture(self, row: int) -> NDArray[np.uint8] | None:
        """The sample's picture, uint8 (h, w, 3)."""
        return None if self.stored.thumbnails is None else np.asarray(self.stored.thumbnails[row])

    def layouts_of(self, method: str) -> list[str]:
        """The layouts that a projection made, newest last."""
        known = self.stored.meta.layouts
        return [name for name in known if known[name].method == method and name in self.stored.layouts()]

    def layout_with(self, method: str, params: dict[str, Any]) -> str:
        """The layout that exactly these settings made; "" where there is none."""
        known = self.stored.meta.layouts
        return next((name for name in self.layouts_of(method) if known[name].params == params), "")


def load(folder: Path, layout: str = "", projection: str = "") -> OpenedSet:
    """Open a set and one of its layouts: the one asked for, else the newest of a projection, else what shows most.

    Raises RunError where the set cannot be read.
    """
    from workbench.runs.embedding_columns import Categorical
    from workbench.runs.embedding_set import EmbeddingSet

    stored = EmbeddingSet.open(folder)
    label = stored.column(LABEL) if LABEL in stored.samples.column_names else None
    names = stored.layouts()
    liked = [name for name in names if name in stored.meta.layouts and stored.meta.layouts[name].method == projection]
    name = layout if layout in names else liked[-1] if liked else _preferred(names)
    shown = stored.layout(name) if name else None
    grid = GridIndex(np.asarray(shown.xy, np.float32)) if shown is not None and shown.xy.shape[1] == 2 else None
    return OpenedSet(stored, label if isinstance(label, Categorical) else None, name, shown, grid)


def column(opened: OpenedSet, name: str) -> Categorical | Continuous:
    """A column as colours need it; "trust" is the shown layout's own where the table has no such column."""
    from workbench.runs.embedding_columns import Continuous

    trust = None if opened.layout is None else opened.layout.trust
    if name == TRUST and trust is not None and TRUST not in opened.stored.samples.column_names:
        return Continuous(trust.astype(np.float64))
    return opened.labels if name == LABEL and opened.labels else opened.stored.column(name)


def search(opened: OpenedSet, text: str) -> NDArray[np.int64]:
    """The rows in which any column holds the text, upper and lower case alike; an equal id comes first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = opened.stored.samples
    found = np.zeros(len(opened), bool)
    for values in table.columns:
        words = _as_text(values, pa, pc)
        if words is not None:
            hits = pc.match_substring(words, text, ignore_case=True)
            found |= np.asarray(pc.fill_null(hits, False).to_numpy(zero_copy_only=False), bool)
    rows = np.flatnonzero(found)
    same = np.asarray(pc.fill_null(pc.equal(_as_text(table.column("id"), pa, pc), text), False))[rows]
    return np.concatenate([rows[same], rows[~same]]).astype(np.int64)


def shared_label_words(opened: OpenedSet, row: int, neighbours: Sequence[int]) -> str:
    """`9 of 12 neighbours are Sneaker too.`; "" where the sample has no label."""
    own = opened.label(row)
    if not own or not len(neighbours):
        return ""
    same = sum(opened.label(other) == own for other in neighbours)
    return f"{same} of {len(neighbours)} share the label {own}."


def layout_title(name: str) -> str:
    """A layout's name as it is read: `t-SNE 2` of tsne-2, `Random` of random."""
    method, *rest = name.split("-")
    return " ".join([_WRITTEN.get(method, method.capitalize()), *rest])


def is_embedding_set(folder: Path) -> bool:
    """Whether a folder can be opened as a set."""
    return (folder / "vectors.npy").is_file()


def _as_text(values: Any, pa: Any, pc: Any) -> Any:
    """A column as words; None for one that has none, such as raw bytes."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _as_text(pc.cast(values, kind.value_type), pa, pc)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_nested(kind) or pa.types.is_null(kind):
        return None
    return pc.cast(values, pa.string())


def _preferred(names: Sequence[str]) -> str:
    ranked = [name for name in LAYOUT_ORDER if name in names]
    return (ranked or list(names) or [""])[0]


def _words(value: object) -> str:
    text = f"{value:z.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= FACT_CHARACTERS else text[:FACT_CHARACTERS] + "…"
