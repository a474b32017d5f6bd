"""Everything that takes its time: what the activity panel shows and what its Cancel buttons reach."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

KEEP_ENDED_S = 8.0

JobState = Literal["running", "stopping", "done", "failed", "cancelled"]


@dataclass
class Job:
    """A piece of long work.

    share : done share in [0, 1]; negative while it cannot be told
    words, hint : what it is doing, or how it failed and the way out
    wish : tells the work something that it listens for; "stop" ends one that can be paused with what there is
    """

    id: str
    title: str
    cancel: Callable[[], None] | None = None
    share: float = -1.0
    words: str = ""
    hint: str = ""
    state: JobState = "running"
    rate: str = ""
    started_at: float = field(default_factory=time.monotonic)
    ended_at: float | None = None
    wish: Callable[[str], None] | None = None

    @property
    def eta_s(self) -> float | None:
        """Seconds left, judged by the pace so far; None before 2 % or two seconds are done."""
        passed = time.monotonic() - self.started_at
        if self.state != "running" or self.share < 0.02 or passed < 2:
            return None
        return passed * (1 - self.share) / self.share

    @property
    def active(self) -> bool:
        return self.ended_at is None


class Jobs:
    """The list of jobs, newest first; ended ones fade after a while, failed ones stay until dismissed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._ids = itertools.count(1)
        self._jobs: dict[str, Job] = {}

    def begin(self, title: str, cancel: Callable[[], None] | None = None) -> Job:
        """Show a new job."""
        job = Job(f"job-{next(self._ids)}", title, cancel)
        self._jobs[job.id] = job
        self._changed()
        return job

    def progress(self, job: Job, share: float, words: str) -> None:
        """Tell how far it is."""
        job.share, job.words = share, words
        self._changed()

    def end(self, job: Job, state: JobState, words: str = "", hint: str = "") -> None:
        """Tell how it ended."""
        job.state, job.ended_at = state, time.monotonic()
        job.words, job.hint = words or job.words, hint
        self._changed()

    def cancel(self, id_: str) -> None:
        """Press the Cancel button of a job; an ended one is dismissed."""
        job = self._jobs.get(id_)
        if job is None:
            return
        if not job.active:
            del self._jobs[id_]
        elif job.cancel is not None:
            job.state = "stopping"
            job.cancel()
        self._changed()

    def visible(self) -> list[Job]:
        """What to show now, newest first."""
        now = time.monotonic()
        for id_, job in list(self._jobs.items()):
            faded = job.ended_at is not None and now - job.ended_at > KEEP_ENDED_S
            if faded and job.state != "failed":
                del self._jobs[id_]
        return list(reversed(self._jobs.values()))
