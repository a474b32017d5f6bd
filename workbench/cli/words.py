"""`workbench analogy`, `combine` and `words`: what an embedding knows of its words."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.app.explorer.sums import Term, parse_sum
from workbench.app.lab_client import Arrays
from workbench.cli.terminal import Terminal, ask
from workbench.core.errors import WorkbenchError, unknown

_METRICS = ("cosine", "euclidean", "dot")


def add_words(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The commands with their help."""
    command = commands.add_parser("analogy", help="A is to B as C is to what")
    command.add_argument("embeddings", type=Path, metavar="SET")
    for name in ("A", "B", "C"):
        command.add_argument(name.lower(), metavar=name, help="a word of the set")
    command.add_argument("-k", type=int, default=5, help="how many answers")
    command.add_argument("--method", choices=["add", "mul"], default="add", help="3CosAdd or 3CosMul")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=analogy)
    _add_combine(commands)
    command = commands.add_parser("words", help="measure an embedding by a file of analogies or of similar words")
    command.add_argument("embeddings", type=Path, metavar="SET")
    asked = command.add_mutually_exclusive_group(required=True)
    asked.add_argument("--analogies", type=Path, metavar="FILE", help="four words a line, sections begin with a colon")
    asked.add_argument("--pairs", type=Path, metavar="FILE", help="two words and a score a line")
    command.add_argument("--method", choices=["add", "mul"], default="add", help="how analogies are solved")
    command.add_argument("--restrict", type=int, default=300_000, help="only the first so many words take part")
    command.add_argument("--match-case", action="store_true", help="take words exactly as they are spelt")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=measure)


def _add_combine(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "combine",
        help="what is nearest to a sum of words",
        usage="workbench combine SET WORD [-WORD | +WORD]... [-k N] [--metric METRIC] [--json]",
        epilog='for example: workbench combine words king -man +woman. Signs may stand apart: "king - man + woman".',
    )
    command.add_argument("embeddings", type=Path, metavar="SET")
    # Everything behind the set, options too, because argparse would take -man for options.
    command.add_argument("terms", nargs=argparse.REMAINDER, metavar="TERM", help="a word with its sign")
    command.add_argument("-k", type=int, default=10, help="how many")
    command.add_argument("--metric", choices=_METRICS, default="cosine")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=combine)


def analogy(arguments: argparse.Namespace) -> int:
    """Solve one analogy."""
    names = ("a", "b", "c", "k", "method")
    params = {name: getattr(arguments, name) for name in names}
    result, arrays = _asked(arguments, "analogy", params)
    rows = _rows(result, arrays, "score")
    document = {"title": result["title"], "words": result["words"], "method": arguments.method, "answers": rows}
    Terminal(arguments.json).result(document, "\n".join([result["words"], *_lines(rows, "score")]))
    return 0


def combine(arguments: argparse.Namespace) -> int:
    """List what is nearest to a sum."""
    words = _take_options(arguments)
    params = {"terms": parse_terms(words), "k": arguments.k, "metric": arguments.metric}
    result, arrays = _asked(arguments, "combine", params)
    rows = _rows(result, arrays, "distance")
    document = {"title": result["title"], "words": result["words"], "metric": arguments.metric, "neighbours": rows}
    Terminal(arguments.json).result(document, "\n".join([result["words"], *_lines(rows, "distance")]))
    return 0


def measure(arguments: argparse.Namespace) -> int:
    """Run a benchmark file."""
    path = arguments.analogies or arguments.pairs
    params: dict[str, Any] = {"path": str(path.resolve()), "restrict": arguments.restrict}
    params |= {"any_case": not arguments.match_case, "method": arguments.method}
    request = "analogy_benchmark" if arguments.analogies else "similarity_benchmark"
    result, _ = _asked(arguments, request, params)
    lines = [result["words"]]
    for score in [*result.get("sections", []), *(result[name] for name in ("semantic", "syntactic") if name in result)]:
        share = "    -" if score["accuracy"] is None else f"{score['accuracy']:6.1%}"
        lines.append(f"{share}  {score['correct']:>6,} of {score['asked']:>6,}  {score['name']}")
    if result["invalid"]:
        lines.append(f"{result['invalid']:,} lines were not understood.")
    Terminal(arguments.json).result(result, "\n".join(lines))
    return 0


def parse_terms(words: Sequence[str]) -> list[Term]:
    """Words with their signs as `parse_sum` reads them; raises WorkbenchError where nothing is given, too."""
    terms = parse_sum(" ".join(words))
    if not terms:
        raise WorkbenchError("A sum needs a word behind each sign.", "Write for example: king -man +woman")
    return terms


def _take_options(arguments: argparse.Namespace) -> list[str]:
    """The terms without the options that stand behind them, which are set."""
    rest, terms = list(arguments.terms), []
    while rest:
        word = rest.pop(0)
        if word == "--json":
            arguments.json = True
        elif word == "-k" and rest and rest[0].isdigit():
            arguments.k = int(rest.pop(0))
        elif word == "--metric":
            arguments.metric = rest.pop(0) if rest else ""
        elif word != "--":
            terms.append(word)
    if arguments.metric not in _METRICS:
        raise WorkbenchError(unknown("metric", arguments.metric, _METRICS))
    return terms


def _asked(arguments: argparse.Namespace, request: str, params: dict[str, Any]) -> tuple[dict[str, Any], Arrays]:
    terminal, app = Terminal(arguments.json), App()
    try:
        return ask(app, terminal, request, {"embeddings": str(arguments.embeddings.resolve()), **params})
    finally:
        app.close()


def _rows(result: dict[str, Any], arrays: Arrays, column: str) -> list[dict[str, Any]]:
    listed = zip(arrays["rows"].tolist(), result["names"], arrays[column].tolist(), strict=True)
    return [{"row": row, "word": word, column: value} for row, word, value in listed]


def _lines(rows: list[dict[str, Any]], column: str) -> list[str]:
    return [f"{row[column]:8.4f}  {row['row']:>7}  {row['word']}" for row in rows]
