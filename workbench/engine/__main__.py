"""The engine's own command line, started by the front ends with `-m`: train, serve, describe.

torch is imported only once the run's journal says `starting`, so that the front sees the run within a moment.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import workbench
from workbench.core.errors import WorkbenchError
from workbench.engine.imports import paused_collector
from workbench.runs.control import ControlReader
from workbench.runs.events import SCHEMA
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter
from workbench.runs.lock import engine_lock
from workbench.runs.state import this_process


def main() -> int:
    """Run one of the engine's commands; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m workbench.engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train the run in this folder")
    train.add_argument("run_dir", type=Path)
    train.add_argument("--resume", action="store_true", help="go on from the newest checkpoint")
    commands.add_parser("serve", help="answer the front's requests on standard input and output")
    describe = commands.add_parser("describe", help="print the catalogue of contributions as JSON")
    describe.add_argument("--out", type=Path, help="write it to this file instead")
    arguments = parser.parse_args()
    try:
        return _dispatch(arguments)
    except WorkbenchError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2


def _dispatch(arguments: argparse.Namespace) -> int:
    if arguments.command == "train":
        return _train(arguments.run_dir, arguments.resume)
    if arguments.command == "serve":
        from workbench.engine.lab.server import serve

        return serve()
    from workbench.engine.describe import write_catalogue

    return write_catalogue(arguments.out)


def _train(run_dir: Path, resume: bool) -> int:
    folder = RunFolder(run_dir)
    with engine_lock(folder), JournalWriter(folder.events) as journal:
        journal.emit("starting", 0, **asdict(this_process()), version=workbench.__version__, schema=SCHEMA)
        control = ControlReader(folder.control, from_end=True)  # before the long import: a Stop meanwhile must be heard
        with paused_collector():
            from workbench.engine.train import train

        return train(folder, resume, journal, control)


if __name__ == "__main__":
    sys.exit(main())
