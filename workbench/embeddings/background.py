"""Work that cannot be interrupted, done beside a caller who can walk away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import TypeVar

from workbench.data.base import Progress

T = TypeVar("T")
_POLL_S = 0.1

PARALLEL_KERNELS = threading.Lock()
"""Held around calls that use numba's parallel kernels: where it has neither OpenMP nor TBB, two threads in them end the
process."""


def beside(work: Callable[[], T]) -> Future[T]:
    """Start work on a thread of its own, which does not keep the process alive."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="beside", daemon=True).start()
    return future


def wait(future: Future[T], progress: Progress, share: float, words: str) -> T:
    """The result, after calling `progress` ten times a second with the seconds gone by; raises what that raises."""
    started_s = time.monotonic()
    while not future.done():
        progress(share, f"{words} ({time.monotonic() - started_s:.0f} s)")
        try:
            future.exception(timeout=_POLL_S)
        except NotYet:
            continue
    return future.result()
