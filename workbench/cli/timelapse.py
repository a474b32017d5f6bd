"""`workbench timelapse`: layouts of a run's checkpoints that follow each other, who travelled on them, and a film."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.app.films import FPS, SIZE_PX, check_film, film_fps, film_size
from workbench.app.listings import Listing
from workbench.cli.explore import described
from workbench.cli.terminal import Terminal, ask
from workbench.core.errors import Cancelled, RecipeError, WorkbenchError
from workbench.recipes.overrides import apply_overrides
from workbench.recipes.words import schema_problems
from workbench.runs.embedding_set import EmbeddingSet
from workbench.runs.timelapse import METHODS

_TOP = 10
_INTERRUPTED = 130


def add_timelapse(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command with its help."""
    command = commands.add_parser("timelapse", help="a run's map over its checkpoints, as layouts and as a film")
    command.add_argument("run", type=Path, metavar="RUN_DIR")
    command.add_argument(
        "--method", choices=METHODS, default="pca", help="how each checkpoint is drawn; pca by default"
    )
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="a=b",
        dest="overrides",
        help="a setting of the method; may be repeated",
    )
    command.add_argument("--embed", action="store_true", help="embed the checkpoints that are not embedded yet")
    command.add_argument("--out", type=Path, metavar="FILE.gif|.mp4", help="draw a film of it")
    command.add_argument(
        "--size", type=film_size, default=SIZE_PX, metavar="WxH", help="of the film, in pixels; 800x600"
    )
    command.add_argument("--fps", type=film_fps, default=FPS, help=f"frames a second of the film; {FPS}")
    command.add_argument("--theme", choices=["light", "dark"], default="light", help="colours of the film")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=run)


def run(arguments: argparse.Namespace) -> int:
    """Have the layouts made, tell who travelled, and have the film drawn where a file is named."""
    if arguments.out:
        check_film(arguments.out)
    terminal, app = Terminal(arguments.json), App()
    try:
        folder = app.existing_run(arguments.run)
        wanted = {"run": str(folder.path.resolve()), "method": arguments.method}
        more = {"params": _settings(app, arguments), "steps": None, "embed_missing": arguments.embed}
        result, _ = ask(app, terminal, "timelapse", {**wanted, **more})
        rows, words = _travelled(app, terminal, wanted, result)
    finally:
        app.close()
    if arguments.out:
        _draw(arguments, result)
    written = {"film": str(arguments.out)} if arguments.out else {}
    terminal.result({**result, "words": words, "travelled": rows, **written}, _told(arguments, result, rows, words))
    return 0


def _settings(app: App, arguments: argparse.Namespace) -> dict[str, Any]:
    entry = app.catalogue.get("projection", arguments.method)
    settings = apply_overrides(entry.defaults(), arguments.overrides)
    problems = schema_problems(entry.schema_, settings, "")
    if problems:
        raise RecipeError(problems)
    return dict(settings)


def _travelled(
    app: App, terminal: Terminal, wanted: dict[str, Any], result: dict[str, Any]
) -> tuple[list[dict[str, Any]], str]:
    """The samples that travelled farthest, and what is said of all; nothing of a single checkpoint."""
    if len(result["folders"]) < 2:
        return [], ""
    newest = result["folders"][-1]
    told, arrays = ask(app, terminal, "travel", {**wanted, "embeddings": newest, "top": _TOP})
    listing = Listing.of(told, arrays)
    rows = described(EmbeddingSet.open(Path(newest)), listing.rows.tolist())
    far = listing.columns[0].values.tolist()
    return [{**row, "travel": moved} for row, moved in zip(rows, far, strict=True)], listing.words


def _draw(arguments: argparse.Namespace, result: dict[str, Any]) -> None:
    """The film is drawn by the window's program, in a process of its own that tells of itself on standard error."""
    words = ["film", str(arguments.run), "--method", arguments.method, "--out", str(arguments.out)]
    size = "x".join(map(str, arguments.size))
    words += ["--size", size, "--fps", str(arguments.fps), "--theme", arguments.theme]
    code = subprocess.run([sys.executable, "-m", "workbench", *words], check=False).returncode
    if code == _INTERRUPTED:
        raise Cancelled
    if code:
        raise WorkbenchError(f"The film {arguments.out} was not written.", "The lines above say why.")


def _told(arguments: argparse.Namespace, result: dict[str, Any], rows: list[dict[str, Any]], words: str) -> str:
    steps = [f"{step:,}" for step in result["steps"]]
    count = "1 checkpoint" if len(steps) == 1 else f"{len(steps)} checkpoints"
    lines = [f"Layout {result['layout']} of {count}, {result['made']} drawn now: steps {', '.join(steps)}."]
    if rows:
        lines += [
            words,
            *(f"{row['travel']:8.3f}  {row['row']:>7}  {row['label'] or '':<16}  {row['id']}" for row in rows),
        ]
    return "\n".join([*lines, *([f"Film: {arguments.out}"] if arguments.out else [])])
