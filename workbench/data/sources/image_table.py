"""A CSV or Parquet file that lists image paths, with labels, splits and anything else in columns."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from workbench.core.errors import DataError, unknown
from workbench.core.model import setting
from workbench.data.base import Skipped
from workbench.data.encoded import FileImages, readable
from workbench.data.labels import encode
from workbench.data.listing import ImageImport, ListedSource, Listing, existing
from workbench.data.pixels import suffixes
from workbench.data.splits import settle
from workbench.plugins.specs import DatasetSpec

_IMAGE_NAMES = (
    "image",
    "path",
    "file",
    "filename",
    "file_name",
    "image_path",
    "filepath",
    "file_path",
    "image_file",
    "img",
)
_LABEL_NAMES = ("label", "class", "target", "category", "labels", "class_name", "y")
_SPLIT_NAMES = ("split", "subset", "set", "partition")
TABLE_ENDINGS = (".csv", ".tsv", ".parquet", ".pq")


class ImageTableConfig(ImageImport):
    path: str = setting(
        ...,
        "Table",
        "a CSV or Parquet file with a column of image paths; they count from the file's own folder",
        widget="path",
        min_length=1,
    )
    image_column: str = setting("", "Image column", "the column of image paths; empty finds it", widget="column")
    label_column: str = setting(
        "",
        "Label column",
        "the column of classes; empty takes one called label, class, target or category",
        widget="column",
    )
    split_column: str = setting(
        "",
        "Split column",
        "the column that says train or test; empty takes one called split or subset",
        widget="column",
    )


class ImageTable(ListedSource):
    """Images listed in a table; every column that is not the path, the label or the split is metadata."""

    spec = DatasetSpec(
        id="image-table",
        title="Table of images",
        summary="your own images, listed in a CSV or Parquet file with any columns beside the path",
        origin="import",
    )
    Config = ImageTableConfig

    def listing(self, config: ImageTableConfig) -> Listing:
        file = existing(config.path)
        table = read_table(file)
        image = _chosen(table, config.image_column, _IMAGE_NAMES) or _column_of_paths(table, file)
        label = _chosen(table, config.label_column, _LABEL_NAMES)
        split = _chosen(table, config.split_column, _SPLIT_NAMES)
        table, skipped = _rows_with_path(table, image, file)
        names = [readable(str(name)) for name in table[image].to_pylist()]
        labels, classes = encode(table[label].to_pylist()) if label else (None, ())
        given = [str(value or "") for value in table[split].to_pylist()] if split else [""] * len(names)
        ids = _unique(names)
        used = {image, label, split}
        return Listing(
            title=readable(file.stem),
            source=readable(str(file)),
            encoded=FileImages([file.parent / name for name in table[image].to_pylist()]),
            ids=ids,
            split=settle(given, ids, labels, config.test_share, config.split_seed),
            labels=labels,
            classes=classes,
            columns={name: table[name] for name in table.column_names if name not in used},
            skipped=skipped,
        )


def read_table(file: Path) -> pa.Table:
    """The table in a CSV (comma, semicolon or tab) or Parquet file; raises DataError when it cannot be read."""
    try:
        if file.suffix.lower() in (".parquet", ".pq"):
            return pyarrow.parquet.read_table(file)
        options = pyarrow.csv.ParseOptions(delimiter=_delimiter(file), newlines_in_values=True)
        return pyarrow.csv.read_csv(file, parse_options=options)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{file} cannot be read as a table: {str(error).rstrip('.')}.",
            "Save it as UTF-8 CSV with a header line, or as Parquet.",
        ) from error


def _delimiter(file: Path) -> str:
    with open(file, encoding="utf-8-sig") as lines:
        header = lines.readline()
    return max(",;\t", key=header.count)


def _chosen(table: pa.Table, wanted: str, usual: tuple[str, ...]) -> str | None:
    """The column that was asked for, else the first with a usual name; raises DataError for one that is not there."""
    if wanted and wanted not in table.column_names:
        raise DataError(unknown("column", wanted, table.column_names))
    by_lower = {name.lower(): name for name in table.column_names}
    return wanted or next((by_lower[name] for name in usual if name in by_lower), None)


def _column_of_paths(table: pa.Table, file: Path) -> str:
    """The first text column whose values end like images."""
    endings = tuple(suffixes())
    for column in table.schema:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            values = [value for value in table[column.name].slice(0, 100).to_pylist() if value]
            if values and all(value.lower().endswith(endings) for value in values):
                return str(column.name)
    raise DataError(
        f"{file} has no column of image paths; its columns are {', '.join(table.column_names) or 'none'}.",
        "Name the column in the image column setting.",
    )


def _rows_with_path(table: pa.Table, image: str, file: Path) -> tuple[pa.Table, tuple[Skipped, ...]]:
    if table[image].null_count == len(table):
        raise DataError(f"{file} lists no images.", "Give it a header line and a row for each image.")
    if not (pa.types.is_string(table[image].type) or pa.types.is_large_string(table[image].type)):
        raise DataError(
            f"The column {image!r} of {file} holds {table[image].type}, not image paths.",
            "Choose another image column.",
        )
    present = pc.greater(pc.utf8_length(pc.fill_null(table[image], "")), 0)
    empty = [row for row, there in enumerate(present.to_pylist()) if not there]
    name = readable(str(file))
    return table.filter(present), tuple(Skipped(f"{name}, row {row + 1}", "names no image") for row in empty)


def _unique(names: list[str]) -> list[str]:
    """The names, a repeated one with its count behind it."""
    counts: dict[str, int] = {}
    unique = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        unique.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return unique
