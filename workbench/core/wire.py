"""Messages between the front and the lab: a JSON header and raw arrays, length-prefixed, never pickled.

4 bytes   length of the header, big-endian
n bytes   header: UTF-8 JSON object; "arrays" lists [name, dtype, shape] in the order of the payloads
...       the bytes of each array, C order, one after another
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAX_HEADER_BYTES = 64 * 1024 * 1024
_KINDS = "biuf?"


@dataclass(frozen=True)
class Message:
    """One message: a JSON-able head and named arrays."""

    head: dict[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def write_message(stream: BinaryIO, message: Message) -> None:
    """Write one message and flush; raises BrokenPipeError when the other side is gone."""
    arrays = {name: np.ascontiguousarray(array) for name, array in message.arrays.items()}
    listing = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    header = json.dumps({**message.head, "arrays": listing}).encode()
    stream.write(struct.pack(">I", len(header)))
    stream.write(header)
    for array in arrays.values():
        stream.write(array.reshape(-1).view(np.uint8).data if array.size else b"")
    stream.flush()


def read_message(stream: BinaryIO) -> Message | None:
    """The next message, or None at a clean end of the stream; raises EOFError or ValueError on a torn one."""
    prefix = stream.read(4)
    if not prefix:
        return None
    (length,) = struct.unpack(">I", _exactly(stream, 4 - len(prefix), prefix))
    if length > MAX_HEADER_BYTES:
        raise ValueError(f"A message header of {length} bytes is not one of ours.")
    head = json.loads(_exactly(stream, length))
    arrays = {name: _read_array(stream, dtype, tuple(shape)) for name, dtype, shape in head.pop("arrays", [])}
    return Message(head, arrays)


def _read_array(stream: BinaryIO, dtype_name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    dtype = np.dtype(dtype_name)
    if dtype.kind not in _KINDS:
        raise ValueError(f"Arrays of type {dtype_name!r} are not sent.")
    buffer = bytearray(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)
    view, filled = memoryview(buffer), 0
    while filled < len(buffer):
        count = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError("The stream ended inside an array.")
        filled += count
    return np.frombuffer(buffer, dtype).reshape(shape)


def _exactly(stream: BinaryIO, length: int, start: bytes = b"") -> bytes:
    chunks = [start]
    while length > 0:
        chunk = stream.read(length)
        if not chunk:
            raise EOFError("The stream ended inside a message.")
        chunks.append(chunk)
        length -= len(chunk)
    return b"".join(chunks)
