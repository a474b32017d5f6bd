"""The IDX format of MNIST and its kin: a magic number, the shape, then bytes.

Two zero bytes, the type (8: uint8), the number of dimensions, each dimension as big-endian uint32, the values
(LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats").
"""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError

_UINT8 = 8


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in an IDX file, gzipped or plain; raises DataError when it is missing, damaged or not uint8."""
    try:
        content = path.read_bytes()
        raw = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        zeros, kind, dimensions = struct.unpack_from(">HBB", raw)
        shape = struct.unpack_from(f">{dimensions}I", raw, 4)
        if zeros or kind != _UINT8:
            raise ValueError("it is not an IDX file of bytes")
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}.", "Fetch the file again.") from error
