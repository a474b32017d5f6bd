"""`workbench embed` with a run's encoder or a pretrained one, and `workbench list pretrained`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.cli import explore
from workbench.cli.terminal import Terminal, ask
from workbench.core.errors import WorkbenchError
from workbench.runs.embedding_target import require_target


def add_pretrained(command: argparse.ArgumentParser) -> None:
    """The options of `embed` that choose a pretrained encoder."""
    command.add_argument("--pretrained", metavar="NAME", help="in place of a run: see `workbench list pretrained`")
    command.add_argument("--split", help="with --pretrained: only this split; all of them by default")
    command.add_argument("--column", help="with --pretrained: the table's column of texts")
    command.set_defaults(action=embed)


def embed(arguments: argparse.Namespace) -> int:
    """Write an embedding set of a data set, or of one's own files."""
    if (arguments.run is None) == (arguments.pretrained is None):
        raise WorkbenchError("Name either a run or --pretrained NAME.", "`workbench list pretrained` lists the names.")
    require_target(arguments.out)
    return explore.embed(arguments) if arguments.pretrained is None else _embed(arguments)


def list_encoders(arguments: argparse.Namespace) -> int:
    """Print the pretrained encoders that lie on this machine."""
    terminal, app = Terminal(arguments.json), App()
    try:
        result, _ = ask(app, terminal, "list_pretrained", {})
    finally:
        app.close()
    width = max((len(row["name"]) for row in result["encoders"]), default=0)
    lines = [f"{row['name']:<{width}}  {row['reads']:<8}  {row['path']}" for row in result["encoders"]]
    nothing = f"There are no pretrained encoders. Weights are looked for in {', '.join(result['folders'])}."
    terminal.result({"pretrained": result["encoders"], "folders": result["folders"]}, "\n".join(lines) or nothing)
    return 0


def _embed(arguments: argparse.Namespace) -> int:
    terminal, app = Terminal(arguments.json), App()
    name, out = arguments.pretrained, arguments.out.resolve()
    try:
        params = {
            "name": str(Path(name).resolve()) if Path(name).is_dir() else name,
            **_data(app, arguments.data),
            "column": arguments.column,
            "split": arguments.split,
            "out": str(out),
        }
        result, _ = ask(app, terminal, "embed_pretrained", params)
    finally:
        app.close()
    skipped = f"; {result['skipped']:,} could not be read" if result["skipped"] else ""
    words = f"{result['samples']:,} vectors of {result['encoder']} ({result['width']} numbers) in {out}{skipped}"
    terminal.result(result, words)
    return 0


def _data(app: App, name: str) -> dict[str, Any]:
    """A data set of the catalogue by id, or the path of the user's own files."""
    if app.catalogue.has("dataset", name):
        return {"data": {"id": name, **app.catalogue.get("dataset", name).defaults()}, "path": None}
    if not Path(name).exists():
        app.catalogue.get("dataset", name)  # raises with the nearest name
    return {"data": None, "path": str(Path(name).resolve())}
