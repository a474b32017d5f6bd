"""Decoding many images at once, on every core, into the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Place, Progress, Skipped
from workbench.data.cache import Chunk, Decoded, cached, fingerprint
from workbench.data.encoded import Encoded
from workbench.data.pixels import decode, reason

_CHUNK = 128


def decode_all(encoded: Encoded, rows: NDArray[np.int64], side_px: int, place: Place, progress: Progress) -> Decoded:
    """These rows of `encoded` as uint8 squares, from the cache where it has them.

    Raises DataError when not one can be read; Cancelled from `progress`, within one chunk of 128 images.
    """
    progress(0.0, "Looking at the files")
    key = fingerprint([f"square {side_px}", *(encoded.stamp(int(row)) for row in rows)])
    return cached(key, place, lambda: _chunks(encoded, rows, side_px, progress))


def _chunks(encoded: Encoded, rows: NDArray[np.int64], side_px: int, progress: Progress) -> Iterator[Chunk]:
    def attempt(row: int) -> NDArray[np.uint8] | Skipped:
        try:
            return decode(encoded.open(row), side_px)
        except Exception as error:  # a stranger's file may break a decoder in any way; it must not stop the rest
            return Skipped(encoded.name(row), reason(error))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for start in range(0, len(rows), _CHUNK):
            progress(start / len(rows), f"Decoding images: {start:,} of {len(rows):,}")
            part = rows[start : start + _CHUNK].tolist()
            yield _gather(part, list(pool.map(attempt, part)), side_px)
    progress(1.0, f"Decoded {len(rows):,} images")


def _gather(rows: list[int], results: list[NDArray[np.uint8] | Skipped], side_px: int) -> Chunk:
    pairs = [(row, result) for row, result in zip(rows, results, strict=True) if not isinstance(result, Skipped)]
    images = np.empty((len(pairs), 3, side_px, side_px), np.uint8)
    for place, (_, image) in enumerate(pairs):
        images[place] = image.transpose(2, 0, 1)
    skipped = tuple(result for result in results if isinstance(result, Skipped))
    return Chunk(images, [row for row, _ in pairs], skipped)
