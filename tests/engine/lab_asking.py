"""A lab process of one's own, asked as a front end asks it, one question after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.app.lab_client import LabClient

WAIT_S = 120
Ask = Callable[[str, dict[str, Any]], Any]


@contextmanager
def asking(log: Path, wait_s: float = WAIT_S) -> Iterator[Ask]:
    """Gives `ask(name, params)`, which returns (result, arrays), or the error that came instead."""
    client = LabClient(log)
    client.start()

    def ask(name: str, params: dict[str, Any]) -> Any:
        got: list[Any] = []
        client.ask(name, params, done=lambda result, arrays: got.append((result, arrays)), failed=got.append)
        end = time.monotonic() + wait_s
        while not got and time.monotonic() < end:
            client.poll()
            time.sleep(0.01)
        return got[0]

    yield ask
    client.close()
