"""Small work that reads disks or draws figures, off the front's thread; its results come back inside `poll`."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from workbench.core.errors import WorkbenchError

ResultT = TypeVar("ResultT")


class Background:
    """One worker thread and a queue of finished work."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._finished: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._given, self._handed_out = 0, 0

    @property
    def busy(self) -> bool:
        """Whether the outcome of something is still to be handed out."""
        return self._given > self._handed_out

    def run(
        self, work: Callable[[], ResultT], then: Callable[[ResultT], None], failed: Callable[[WorkbenchError], None]
    ) -> None:
        """Do `work` on the worker thread, then `then` (or `failed`) with its outcome inside a later `poll`."""

        def finish(future: Future[ResultT]) -> None:
            if not future.cancelled():
                self._finished.put(lambda: _hand_over(future, then, failed))

        self._given += 1
        self._pool.submit(work).add_done_callback(finish)

    def poll(self) -> None:
        """Hand out what is finished."""
        while not self._finished.empty():
            self._handed_out += 1
            self._finished.get()()

    def close(self) -> None:
        """Drop what waits, wait for what runs."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _hand_over(future: Future[Any], then: Callable[[Any], None], failed: Callable[[WorkbenchError], None]) -> None:
    error = future.exception()
    if error is None:
        then(future.result())
    elif isinstance(error, WorkbenchError):
        failed(error)
    elif isinstance(error, OSError):
        failed(WorkbenchError(str(error)))
    else:
        raise error
