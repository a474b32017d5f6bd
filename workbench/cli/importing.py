"""`workbench import`: vectors made by somebody else become an embedding set."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.app.application import App
from workbench.cli.terminal import Terminal, ask
from workbench.recipes.overrides import apply_overrides

SHOWN = 12


def add_import(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("import", help="read vectors made elsewhere into an embedding set")
    command.add_argument("path", metavar="PATH|glove", help="a file of vectors, or the installed GloVe word space")
    command.add_argument("--out", type=Path, help="the folder of the embedding set; in the workspace by default")
    command.add_argument("--format", default="auto", help="what to read the file as; its content tells by default")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="key=value",
        dest="overrides",
        help="vector, id, label (columns), metric or limit; may be repeated",
    )
    command.add_argument("--look", action="store_true", help="only tell what the file would be read as")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=run)


def run(arguments: argparse.Namespace) -> int:
    """Read a file of vectors, or look at it."""
    wishes = apply_overrides({"format": arguments.format}, arguments.overrides)
    terminal, app = Terminal(arguments.json), App()
    try:
        path = Path(arguments.path).resolve()
        if arguments.look:
            return _look(app, terminal, {"path": str(path), "wishes": wishes})
        out = arguments.out.resolve() if arguments.out else app.free_embeddings(path)
        result, _ = ask(app, terminal, "import_vectors", {"path": str(path), "out": str(out), "wishes": wishes})
    finally:
        app.close()
    head = f"{result['samples']} vectors of {result['width']} numbers ({result['format']}) in {result['embeddings']}"
    terminal.result(result, "\n".join([head, *result["notes"]]))
    return 0


def _look(app: App, terminal: Terminal, params: dict[str, object]) -> int:
    found, _ = ask(app, terminal, "describe_vectors", params)
    about = "" if found["exact"] else "about "
    lines = [f"{found['title']}: {about}{found['rows']} vectors of {found['width']} numbers" if found["width"] else ""]
    lines += [f"{name}: {_listed(found[name])}" for name in ("columns", "choices") if found[name]]
    terminal.result(found, "\n".join(line for line in [*lines, *found["notes"]] if line))
    return 0


def _listed(names: list[str]) -> str:
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
