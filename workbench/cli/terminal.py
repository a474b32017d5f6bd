"""What the terminal shows: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from workbench.app.application import App
from workbench.app.lab_client import Arrays
from workbench.core.errors import Cancelled, WorkbenchError

POLL_S = 0.05


class Terminal:
    """Progress on one line of standard error (plain lines where that is no terminal), results on standard output."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._live = sys.stderr.isatty()
        self._line = ""
        self._said_at = 0.0

    def say(self, words: str) -> None:
        """A line for people; on standard error when standard output belongs to JSON."""
        self.clear()
        print(words, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def warn(self, words: str) -> None:
        """A line that must not be missed and is no result: always on standard error."""
        self.clear()
        print(words, file=sys.stderr, flush=True)

    def result(self, document: Mapping[str, Any], words: str) -> None:
        """The outcome: one JSON document, or words."""
        self.clear()
        print(json.dumps(document, ensure_ascii=False) if self.as_json else words, flush=True)

    def progress(self, words: str) -> None:
        """Where things stand; overwritten on a terminal, at most one line every five seconds elsewhere."""
        now = time.monotonic()
        if words == self._line or (not self._live and now - self._said_at < 5):
            return
        self._said_at = now
        if self._live:
            print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)
        else:
            print(words, file=sys.stderr, flush=True)
        self._line = words

    def clear(self) -> None:
        """Remove the progress line."""
        if self._live and self._line:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        self._line = ""


def ask(app: App, terminal: Terminal, request: str, params: Mapping[str, Any]) -> tuple[dict[str, Any], Arrays]:
    """Ask the lab and wait, with progress; raises the lab's error, or Cancelled after Ctrl-C has stopped the work."""
    outcome: list[Any] = []
    ticket = app.long_lab.ask(
        request,
        params,
        done=lambda result, arrays: outcome.append((result, arrays)),
        failed=outcome.append,
        progress=lambda share, words: terminal.progress(f"{words} {share:.0%}"),
        cancelled=lambda: outcome.append(Cancelled()),
    )
    while not outcome:
        try:
            app.long_lab.poll()
            time.sleep(0 if outcome else POLL_S)
        except KeyboardInterrupt:
            app.long_lab.cancel(ticket)
    terminal.clear()
    if isinstance(outcome[0], WorkbenchError):
        raise outcome[0]
    result, arrays = outcome[0]
    return result, arrays
