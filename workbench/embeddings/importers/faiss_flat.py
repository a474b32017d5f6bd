"""FAISS flat indexes (IndexFlatL2, IndexFlatIP, IndexFlat), read without faiss.

Little-endian: four letters of the kind, int32 D, int64 N, two unused int64, a byte (trained), int32 metric (0 inner
product, 1 L2; above 1 a float32 argument follows), uint64 number of values, then N*D float32
(faiss/impl/index_write.cpp).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from workbench.core.errors import DataError
from workbench.embeddings.importers.base import Block, Source, Wishes, whole_rows
from workbench.runs.embedding_meta import Metric
from workbench.runs.embedding_set import row_blocks

FLAT = (b"IxF2", b"IxFI", b"IxFl")
OTHERS = {
    b"IHNf": "IndexHNSWFlat",
    b"IHNp": "IndexHNSWPQ",
    b"IHNs": "IndexHNSWSQ",
    b"IwFl": "IndexIVFFlat",
    b"IwPQ": "IndexIVFPQ",
    b"IwSq": "IndexIVFScalarQuantizer",
    b"IxPq": "IndexPQ",
    b"IxSQ": "IndexScalarQuantizer",
    b"IxHe": "IndexLSH",
    b"IxMp": "IndexIDMap",
    b"IxM2": "IndexIDMap2",
    b"IxPT": "IndexPreTransform",
    b"IxRF": "IndexRefineFlat",
    b"INSf": "IndexNSGFlat",
    b"IBxF": "IndexBinaryFlat",
}
INNER_PRODUCT, L2 = 0, 1
_HEAD = struct.Struct("<4siqqq?i")


def is_faiss(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a FAISS index that is known here by name."""
    return head[:4] in FLAT or head[:4] in OTHERS


def open_faiss(path: Path, wishes: Wishes) -> Source:
    """A flat index; raises DataError for another kind, and for a file that is cut off."""
    with open(path, "rb") as stream:
        head = stream.read(_HEAD.size)
        if head[:4] not in FLAT:
            kind = OTHERS.get(head[:4], "no flat index")
            raise DataError(
                f"{path} is a FAISS index of another kind ({kind}), which does not keep plain vectors in order.",
                "Write the vectors with faiss.write_index(faiss.IndexFlatL2 ...), or save them with numpy.",
            )
        if len(head) < _HEAD.size:
            raise DataError(f"{path} ends within its header.", "Copy the file again.")
        _, width, rows, _, _, _, metric = _HEAD.unpack(head)
        stream.read(12 if metric > 1 else 8)
        start = stream.tell()
    if width < 1 or rows < 0:
        raise DataError(f"The header of {path} cannot be true: {rows} vectors of {width} numbers.", "Copy it again.")
    rows = whole_rows(path, rows, max(0, path.stat().st_size - start) // (4 * width), wishes.limit)

    def blocks() -> Iterator[Block]:
        values = np.memmap(path, "<f4", "r", start, (rows, width))
        for block in row_blocks(rows, width):
            yield Block(values[block])

    asked: Metric = "euclidean" if metric == L2 else "cosine"
    other = "inner products" if metric == INNER_PRODUCT else f"FAISS's metric {metric}"
    notes = [] if metric == L2 else [f"The index asks for {other}; neighbours are told in cosine distance."]
    return Source("faiss", width, rows, blocks, metric=asked, notes=notes)
