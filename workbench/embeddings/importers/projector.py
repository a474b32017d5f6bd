"""TensorBoard's projector: tab-separated vectors without a header, and a metadata file beside them.

A metadata file of one column has no header and names the points; one of several columns has a header (TensorBoard's
own rule).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from workbench.core.errors import DataError
from workbench.embeddings.importers.base import Block, Source, Wishes
from workbench.embeddings.importers.choosing import unique
from workbench.embeddings.importers.delimited import shape_of, table_source
from workbench.embeddings.importers.text import decoded, head_lines, line_blocks, rows_about

_VECTORS = re.compile(r"(tensors?|vectors?|vecs|embeddings?)(?=\.tsv$)", re.IGNORECASE)


def vectors_in(folder: Path) -> Path | None:
    """The vectors of the one projector pair in a folder; None where there is no pair, or several."""
    found = [path for path in sorted(folder.glob("*.tsv")) if metadata_of(path) is not None]
    return found[0] if len(found) == 1 else None


def metadata_of(path: Path) -> Path | None:
    """The metadata beside a file of vectors: metadata.tsv of vectors.tsv, x_metadata.tsv of x_tensor.tsv."""
    if not _VECTORS.search(path.name):
        return None
    beside = path.with_name(_VECTORS.sub("metadata", path.name))
    return beside if beside.is_file() else None


def open_projector(path: Path, wishes: Wishes) -> Source:
    """A pair, given by its vectors or its folder; raises DataError where one is missing or they differ in length."""
    vectors = vectors_in(path) if path.is_dir() else path
    if vectors is None:
        raise DataError(f"{path} has no pair of vectors.tsv and metadata.tsv.", "Give the file of vectors itself.")
    lines = [line for line in head_lines(vectors) if line.strip()]
    if not lines:
        raise DataError(f"{vectors} has no row.", "Write it again with at least one vector.")
    shape = shape_of(lines, "\t", header=False)
    alone = table_source(vectors, shape, wishes.replace(id="", label="", vector=""), rows_about(vectors, lines))
    beside = metadata_of(vectors)
    if beside is None:
        return replace(alone, format="projector", choices=())
    table, replaced = _metadata(beside)
    rows = min(table.num_rows, wishes.limit or table.num_rows)

    def blocks() -> Iterator[Block]:
        found = 0
        for block in alone.blocks():
            count = len(block.vectors)
            part = table.slice(found, count)
            columns = {name: part.column(name).combine_chunks() for name in table.column_names}
            if part.num_rows == count:
                yield Block(block.vectors, columns, block.replaced + (replaced if found == 0 else 0))
            found += count
        if found > table.num_rows or (wishes.limit is None and found != table.num_rows):
            raise DataError(
                f"{vectors} has {found} rows and {beside.name} {table.num_rows}.",
                "A metadata file of one column has no header line; one of several columns has one.",
            )

    return replace(
        alone,
        format="projector",
        rows=rows,
        exact=True,
        blocks=blocks,
        columns=tuple(table.column_names),
        choices=(),
        notes=[],
    )


def _metadata(path: Path) -> tuple[pa.Table, int]:
    """The columns of a metadata file as texts, and how many cells were no UTF-8."""
    lines = [
        (number, line.rstrip(b"\r")) for first, some in line_blocks(path, 0) for number, line in enumerate(some, first)
    ]
    if not lines:
        raise DataError(f"{path} is empty.", "Give the file of vectors another name to read it alone.")
    if b"\t" not in lines[0][1]:
        values, replaced = decoded([line for _, line in lines])
        return pa.table({_meaning(values): values}), replaced
    names = unique([name.strip() for name in lines[0][1].decode("utf-8", "replace").split("\t")])
    rows = [(number, line.split(b"\t")) for number, line in lines[1:] if line]
    for number, cells in rows:
        if len(cells) != len(names):
            raise DataError(f"{path}, line {number}: {len(cells)} cells, where {len(names)} are needed.", "Correct it.")
    read = [decoded(column) for column in zip(*(cells for _, cells in rows), strict=True)]
    columns = {name: values for name, (values, _) in zip(names, read, strict=True)} if rows else {}
    return pa.table(columns), sum(count for _, count in read)


def _meaning(values: pa.Array) -> str:
    """What the only column is: words where most values stand once, else labels."""
    return "word" if 2 * pc.count_distinct(values).as_py() > len(values) else "label"
