"""Passing progress on from parts of a job."""

from __future__ import annotations

from workbench.data.base import Progress


def portion(progress: Progress, start: float, stop: float) -> Progress:
    """A progress whose 0..1 fills `start`..`stop` of `progress`."""

    def report(share: float, words: str) -> None:
        progress(start + share * (stop - start), words)

    return report


def part(progress: Progress, number: int, of: int) -> Progress:
    """A progress whose 0..1 fills one of `of` equal parts of `progress`, counted from 0."""
    return lambda share, words: progress((number + share) / of, words)
