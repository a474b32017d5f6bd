"""How long a journal of 200,000 metric events takes to open: `python -m tests.benchmarks.journal [--json]`.

The peer is bare `json.loads` over the same lines, which any reader has to pay. `supervised` is what a window does: the
journal read by the supervisor's thread while a timer polls every 10 ms; `longest_poll_ms` is what that timer waits for.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from workbench.app.supervisor import RunSupervisor
from workbench.runs.events import Event, encode
from workbench.runs.folder import RunFolder
from workbench.runs.glance import lifecycle
from workbench.runs.history import RunHistory
from workbench.runs.journal import JournalReader

CHUNK_BYTES = 4 * 1024 * 1024
NAMES = ("loss", "lr", "gradient_norm", "images_per_s", "memory_mb")


def write_journal(path: Path, events: int) -> None:
    """Single-row metric events, with an evaluation and a checkpoint every thousand."""
    with path.open("wb") as file:
        for step in range(1, events + 1):
            values = {name: [1.0 / step + index] for index, name in enumerate(NAMES)}
            event: Event = {
                "seq": step,
                "t": 1.7e9 + step / 20,
                "step": step,
                "kind": "metrics",
                "steps": [step],
                "values": values,
            }
            if step % 1000 == 0:
                event = {**event, "kind": "evaluation", "values": {"knn": 0.5}, "floors": {}, "settings": {}}
            file.write(encode(event))


def fold_whole(path: Path) -> None:
    reader, history = JournalReader(path), RunHistory()
    while pieces := reader.read_pieces(CHUNK_BYTES):
        history.fold_pieces(pieces)


def parse_only(path: Path) -> None:
    for line in path.read_bytes().splitlines():
        json.loads(line)


def supervised(folder: RunFolder) -> tuple[float, float]:
    """Seconds until loaded, and the longest poll in milliseconds."""
    supervisor = RunSupervisor(folder.path.parent)
    begun, longest_s = time.perf_counter(), 0.0
    handle = supervisor.attach(folder)
    while not handle.loaded:
        time.sleep(0.01)
        poll_begun = time.perf_counter()
        supervisor.poll()
        longest_s = max(longest_s, time.perf_counter() - poll_begun)
    taken_s = time.perf_counter() - begun
    supervisor.close()
    return taken_s, 1000 * longest_s


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = RunFolder.create(Path(name), "run", "")
        write_journal(folder.events, arguments.events)
        fold_s, parse_s = timed(lambda: fold_whole(folder.events)), timed(lambda: parse_only(folder.events))
        supervised_s, longest_poll_ms = supervised(folder)
        figures = {
            "events": arguments.events,
            "megabytes": folder.events.stat().st_size / 1e6,
            "fold_s": fold_s,
            "peer_json_loads_s": parse_s,
            "ratio": fold_s / parse_s,
            "supervised_s": supervised_s,
            "longest_poll_ms": longest_poll_ms,
            "lifecycle_s": timed(lambda: lifecycle(folder.events)),
        }
    rounded = {name: round(value, 4) for name, value in figures.items()}
    print(json.dumps(rounded) if arguments.json else "\n".join(f"{key:18} {value}" for key, value in rounded.items()))


if __name__ == "__main__":
    main()
