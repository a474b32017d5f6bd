"""safetensors: 8 bytes of header length, a JSON header, raw little-endian values.

Read by a few lines of ours and mapped in place, so that bfloat16 needs no torch, and a truncated file can still say how
many whole rows it holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError, unknown
from workbench.embeddings.importers.base import AmbiguousVectors, Block, Source, Wishes, stored_dtype, whole_rows
from workbench.runs.embedding_set import row_blocks

DTYPES = {
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "BF16": "<u2",
    "I8": "<i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "<u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
}
LONGEST_HEADER = 100_000_000


def is_safetensors(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins with `head` (16 bytes or more) looks like safetensors."""
    length = int.from_bytes(head[:8], "little")
    return len(head) > 8 and 2 <= length <= min(LONGEST_HEADER, size - 8) and head[8:9] == b"{"


def open_tensors(path: Path, wishes: Wishes) -> Source:
    """The 2-D tensor of a file; raises DataError, and AmbiguousVectors where there are several."""
    header, start = _header(path)
    found = [name for name, entry in header.items() if _holds_vectors(entry)]
    name = _chosen(path, found, list(header), wishes.vector)
    rows, width = header[name]["shape"]
    dtype = np.dtype(DTYPES[header[name]["dtype"]])
    offset = start + int(header[name]["data_offsets"][0])
    there = max(0, path.stat().st_size - offset) // (width * dtype.itemsize)
    rows = whole_rows(path, rows, there, wishes.limit)
    brain = header[name]["dtype"] == "BF16"

    def blocks() -> Iterator[Block]:
        values = np.memmap(path, dtype, "r", offset, (rows, width))
        for block in row_blocks(rows, width):
            yield Block(_from_bfloat16(values[block]) if brain else values[block])

    choices = tuple(found) if len(found) > 1 else ()
    stored = np.dtype(np.float32) if brain else stored_dtype(dtype)
    return Source("safetensors", width, rows, blocks, dtype=stored, choices=choices)


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The tensors of a file by name, and where their values begin."""
    try:
        with open(path, "rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > min(LONGEST_HEADER, path.stat().st_size):
                raise ValueError(f"a header of {length} bytes")
            document = json.loads(stream.read(length))
        entries = {name: entry for name, entry in document.items() if name != "__metadata__"}
        for entry in entries.values():
            entry["dtype"], entry["shape"], entry["data_offsets"][1]
            if any(not isinstance(size, int) or size < 0 for size in [*entry["shape"], *entry["data_offsets"]]):
                raise ValueError("a shape or offset that is no number")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} has a damaged safetensors header: {error}.", "Copy the file again.") from error
    return entries, 8 + length


def _holds_vectors(entry: dict[str, Any]) -> bool:
    return entry["dtype"] in DTYPES and len(entry["shape"]) == 2 and entry["shape"][1] > 0


def _chosen(path: Path, found: list[str], names: list[str], wanted: str) -> str:
    if wanted and wanted not in found:
        raise DataError(f"{path}: {unknown('2-D tensor', wanted, found or names)}")
    if not found:
        raise DataError(f"{path} has no tensor of shape (N, D); it has {', '.join(names[:12]) or 'none'}.", "Save one.")
    if len(found) > 1 and not wanted:
        raise AmbiguousVectors(path, "tensor", tuple(found))
    return wanted or found[0]


def _from_bfloat16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """bfloat16 is the upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
