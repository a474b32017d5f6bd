"""Mean and spread of a data set's colours."""

from __future__ import annotations

import numpy as np

from workbench.data.base import Dataset

Triple = tuple[float, float, float]

_MOST_SAMPLES = 10_000
_FEWEST_SAMPLES = 500
_MOST_PIXELS = 100_000_000
_CHUNK = 256


def channel_statistics(dataset: Dataset) -> tuple[Triple, Triple]:
    """Mean and standard deviation of red, green and blue, in units of [0, 1].

    Over evenly spaced samples, at most 10,000, and fewer of large images; the same set gives the same figures. A grey
    set's one channel is repeated.
    """
    rows = _evenly_spaced(len(dataset), int(np.prod(dataset.info.fields["image"])))
    counts = np.zeros((3, 256), np.int64)
    for start in range(0, len(rows), _CHUNK):
        images = dataset.batch(rows[start : start + _CHUNK]).fields["image"]
        for channel in range(images.shape[1]):
            counts[channel] += np.bincount(images[:, channel].ravel(), minlength=256)
    if not counts[1].any():
        counts[1:] = counts[0]
    mean, std = zip(*(_moments(row) for row in counts), strict=True)
    return (mean[0], mean[1], mean[2]), (std[0], std[1], std[2])


def _evenly_spaced(samples: int, values_each: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    affordable = max(_FEWEST_SAMPLES, _MOST_PIXELS // values_each)
    count = min(samples, _MOST_SAMPLES, affordable)
    return np.arange(count, dtype=np.int64) * samples // count


def _moments(counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[float, float]:
    levels = np.arange(256) / 255.0
    weights = counts / counts.sum()
    mean = float(weights @ levels)
    return mean, float(np.sqrt(weights @ (levels - mean) ** 2))
