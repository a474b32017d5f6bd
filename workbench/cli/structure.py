"""`workbench structure`: clusters, centroids, near-duplicates, outliers, suspects, losses, changes of an embedding."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.app.listings import Listing
from workbench.cli.terminal import Terminal, ask
from workbench.core.errors import WorkbenchError
from workbench.runs.embedding_set import EmbeddingSet

_WIDEST = 28
_SAID_ELSEWHERE = ("title", "words", "columns", "count")


def add_structure(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command with its help."""
    command = commands.add_parser(
        "structure", help="clusters, near-duplicates, outliers, wrong labels, losses: what is in a set"
    )
    command.add_argument("embeddings", type=Path, metavar="SET")
    command.add_argument("what", choices=list(_QUESTIONS))
    command.add_argument("other", type=Path, nargs="?", metavar="OTHER", help="the set to compare with")
    command.add_argument("-k", "--k", type=int, help="neighbours a point; 15 by default")
    command.add_argument("--top", type=int, default=20, help="how many rows are shown; 20 by default")
    command.add_argument("--csv", type=Path, metavar="FILE", help="write all rows as CSV")
    command.add_argument("--column", help="the column with the labels; label by default")
    command.add_argument("--method", choices=["hdbscan", "kmeans"], default="hdbscan", help="how clusters are found")
    command.add_argument("--min-size", type=int, help="the smallest cluster of hdbscan")
    command.add_argument("--clusters", type=int, help="how many clusters of kmeans")
    command.add_argument("--layout", help="find clusters in this layout instead of in the vectors")
    command.add_argument("--threshold", type=float, help="how near duplicates are; suggested by default")
    command.add_argument("--score", choices=["distance", "lof"], default="distance", help="what outliers are sorted by")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask the lab, show the first rows and write them all where a file is named."""
    _check(arguments)
    terminal, app = Terminal(arguments.json), App()
    try:
        opened = EmbeddingSet.open(arguments.embeddings)
        request, params = _QUESTIONS[arguments.what](arguments)
        result, arrays = ask(app, terminal, request, params)
    finally:
        app.close()
    listing = Listing.of(result, arrays)
    if arguments.csv:
        _write(listing, opened, arguments.csv)
    told = _first(listing, opened, arguments.top)
    facts = {key: value for key, value in result.items() if key not in _SAID_ELSEWHERE}
    document = {"title": listing.title, "words": listing.words, "count": listing.count, **facts, "rows": told}
    written = [f"All {listing.count:,} rows are in {arguments.csv}."] if arguments.csv else []
    terminal.result(document, "\n".join([listing.words, *_lines(told), *_more(listing, told), *written]))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if (arguments.what == "compare") != (arguments.other is not None):
        wanted = "needs a second embedding" if arguments.what == "compare" else "takes one embedding"
        raise WorkbenchError(f"{arguments.what} {wanted}.", "Write: workbench structure SET compare OTHER")
    if arguments.csv and not arguments.csv.absolute().parent.is_dir():
        raise WorkbenchError(f"There is no folder {arguments.csv.absolute().parent}.", "Choose another --csv.")
    if arguments.top < 0:
        raise WorkbenchError(f"--top {arguments.top} rows cannot be shown.", "Give 0 or more.")


def _clusters(arguments: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    given = {"min_cluster_size": arguments.min_size, "clusters": arguments.clusters}
    settings = {name: value for name, value in given.items() if value is not None}
    params = {**_common(arguments), "method": arguments.method, "settings": settings, "layout": arguments.layout}
    return "find_clusters", params


def _common(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"embeddings": str(arguments.embeddings.resolve()), "k": arguments.k, "column": arguments.column}


def _compare(arguments: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    folders = {"a": str(arguments.embeddings.resolve()), "b": str(arguments.other.resolve())}
    return "compare_sets", {**folders, "k": arguments.k}


_QUESTIONS: dict[str, Callable[[argparse.Namespace], tuple[str, dict[str, Any]]]] = {
    "clusters": _clusters,
    "centroids": lambda arguments: ("centroids", _common(arguments)),
    "duplicates": lambda arguments: ("duplicates", {**_common(arguments), "threshold": arguments.threshold}),
    "outliers": lambda arguments: ("outliers", {**_common(arguments), "score": arguments.score}),
    "suspects": lambda arguments: ("suspects", _common(arguments)),
    "losses": lambda arguments: ("losses", {"embeddings": str(arguments.embeddings.resolve())}),
    "compare": _compare,
}


def _write(listing: Listing, opened: EmbeddingSet, path: Path) -> None:
    try:
        listing.write_csv(opened, path)
    except OSError as error:
        raise WorkbenchError(f"{path} cannot be written: {error.strerror}.", "Choose another --csv.") from error


def _first(listing: Listing, opened: EmbeddingSet, top: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = listing.table(opened).slice(0, top).to_pylist()
    return rows


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    """The rows under their columns' names, numbers to the right."""
    if not rows:
        return []
    cells = [{name: _cell(value) for name, value in row.items()} for row in rows]
    width = {name: max(len(name), *(len(row[name]) for row in cells)) for name in rows[0]}
    is_number = {name: any(isinstance(row[name], int | float) for row in rows) for name in rows[0]}

    def line(values: dict[str, str]) -> str:
        padded = [
            values[name].rjust(size) if is_number[name] else values[name].ljust(size) for name, size in width.items()
        ]
        return "  ".join(padded).rstrip()

    return ["", line({name: name for name in width}), *map(line, cells)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _more(listing: Listing, rows: list[dict[str, Any]]) -> list[str]:
    left = listing.count - len(rows)
    return [f"... and {left:,} more"] if left else []
