"""`workbench export`: an embedding set in another program's format."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from workbench.app.application import App
from workbench.cli.terminal import Terminal, ask
from workbench.core.errors import WorkbenchError
from workbench.core.units import format_bytes
from workbench.runs.folder import RunFolder

FORMATS = ("npz", "parquet", "word2vec", "word2vec-binary", "projector", "html")


def add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command with its options."""
    command = commands.add_parser("export", help="write an embedding set in another program's format")
    command.add_argument("embeddings", type=Path, metavar="SET", help="the folder of the embedding set")
    command.add_argument(
        "--format", required=True, choices=FORMATS, help="projector writes a folder, the others a file"
    )
    command.add_argument("--out", type=Path, required=True, help="the file or folder; it must not be there yet")
    command.add_argument("--layout", metavar="NAME", help="which layout; the only one by default")
    command.add_argument("--rows", type=Path, metavar="FILE", help="row numbers, as .npy or one a line; all by default")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=run)


def run(arguments: argparse.Namespace) -> int:
    """Export, and say what was written and what was not."""
    _refuse_run(arguments.embeddings)
    rows = None if arguments.rows is None else read_rows(arguments.rows)
    terminal, app = Terminal(arguments.json), App()
    params = {
        "embeddings": str(arguments.embeddings.resolve()),
        "format": arguments.format,
        "out": str(arguments.out.resolve()),
        "layout": arguments.layout,
        "rows": rows,
    }
    try:
        result, _ = ask(app, terminal, "export_set", params)
    finally:
        app.close()
    head = f"{result['rows']:,} rows in {result['out']} ({format_bytes(result['size_bytes'])})"
    terminal.result(result, "\n".join([head, *result["notes"]]))
    return 0


def read_rows(path: Path) -> list[int]:
    """Row numbers of a .npy file (one dimension, integers) or of a text file with one a line; raises WorkbenchError."""
    try:
        return _array_rows(path) if path.suffix == ".npy" else _text_rows(path)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise WorkbenchError(f"The rows in {path} cannot be read: {error}.", "Name a .npy or a text file.") from error


def _array_rows(path: Path) -> list[int]:
    try:
        held = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise WorkbenchError(f"{path} is no array of numbers: {error}.", "Save it with numpy.save.") from error
    if not isinstance(held, np.ndarray) or held.ndim != 1 or held.dtype.kind not in "iu":
        found = f"{held.dtype} of shape {held.shape}" if isinstance(held, np.ndarray) else "an archive"
        raise WorkbenchError(f"{path} holds {found}, where row numbers of shape (M,) are needed.")
    return [int(row) for row in held]


def _text_rows(path: Path) -> list[int]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        word = line.strip()
        if word and not (word.isascii() and word.isdecimal()):
            raise WorkbenchError(f"{path}, line {number}: {word!r} is no row number.", "Write one number a line.")
        if word:
            rows.append(int(word))
    return rows


def _refuse_run(path: Path) -> None:
    """Encoders are not exported; a set of a run is."""
    if not (path / "recipe.toml").exists():
        return
    folder = RunFolder(path.resolve())
    sets = sorted(each.name for each in folder.embeddings.iterdir()) if folder.embeddings.is_dir() else []
    hint = f"Its sets are in {folder.embeddings}: {', '.join(sets)}." if sets else "Embed it first: workbench embed."
    raise WorkbenchError(f"{path} is a run folder; only embedding sets can be exported.", hint)
