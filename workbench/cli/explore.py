"""`workbench eval`, `embed`, `project` and `neighbors`: what the window's Explore page does, on a terminal."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.cli.lists import listed
from workbench.cli.terminal import Terminal, ask
from workbench.cli.training import knn_words
from workbench.core.errors import RecipeError, WorkbenchError
from workbench.recipes.overrides import apply_overrides
from workbench.recipes.words import schema_problems
from workbench.runs.embedding_set import EmbeddingSet


def evaluate(arguments: argparse.Namespace) -> int:
    """kNN of a checkpoint's features beside both floors."""
    terminal, app = Terminal(arguments.json), App()
    try:
        names = ("step", "k", "temperature", "bank", "test")
        params = {"run": str(arguments.run_dir.resolve()), **{name: getattr(arguments, name) for name in names}}
        result, _ = ask(app, terminal, "evaluate_run", params)
    finally:
        app.close()
    if result["knn"] is None:
        raise WorkbenchError(f"The data of {arguments.run_dir} has no labels; kNN needs them.")
    terminal.result(result, knn_words(result["knn"], result["floors"], result["settings"]))
    return 0


def embed(arguments: argparse.Namespace) -> int:
    """Write an embedding set of a data set."""
    terminal, app = Terminal(arguments.json), App()
    try:
        run, step = run_and_step(arguments.run)
        data = _data(app, terminal, arguments.data)
        params = {"run": str(run), "step": step, "data": data, "out": str(arguments.out.resolve())}
        result, _ = ask(app, terminal, "embed_run", params)
    finally:
        app.close()
    terminal.result(result, f"{result['samples']} vectors of step {result['step']} in {result['embeddings']}")
    return 0


def project(arguments: argparse.Namespace) -> int:
    """Compute a layout and store it in the set."""
    terminal, app = Terminal(arguments.json), App()
    try:
        entry = app.catalogue.get("projection", arguments.method)
        settings = listed(entry.schema_, apply_overrides(entry.defaults(), arguments.overrides))
        problems = schema_problems(entry.schema_, settings, "")
        if problems:
            raise RecipeError(problems)
        folder = arguments.embeddings.resolve()
        result, _ = ask(
            app, terminal, "project", {"embeddings": str(folder), "projection": {"id": entry.id, **settings}}
        )
    finally:
        app.close()
    trust = EmbeddingSet.open(folder).meta.layouts[result["layout"]].trust_mean
    kept = f"; {trust:.0%} of true neighbours kept" if trust is not None else ""
    made_by = f", by {result['library']}" if result["library"] else ""
    terminal.result({**result, "trust": trust}, f"Layout {result['layout']} in {folder}{made_by}{kept}")
    return 0


def neighbours(arguments: argparse.Namespace) -> int:
    """List the samples nearest to one, to a picture in a file, or to a text."""
    terminal, app = Terminal(arguments.json), App()
    try:
        chosen = EmbeddingSet.open(arguments.embeddings)
        wanted = _wanted(chosen, arguments)
        folder = str(arguments.embeddings.resolve())
        params = {"embeddings": folder, "query": wanted, "k": arguments.k, "metric": arguments.metric}
        result, arrays = ask(app, terminal, "neighbours", params)
    finally:
        app.close()
    rows = described(chosen, arrays["rows"].tolist())
    for row, distance in zip(rows, arrays["distance"].tolist(), strict=True):
        row["distance"] = distance
    lines = [f"{row['distance']:.4f}  {row['row']:>7}  {row['label'] or '':<16}  {row['id']}" for row in rows]
    query = described(chosen, [result["row"]])[0] if "row" in result else wanted
    head = result["words"]
    if "row" in query:
        head = f"Nearest to row {query['row']} ({query['label'] or query['id']}) by {arguments.metric} distance:"
    document = {"query": query, "metric": arguments.metric, "words": result["words"], "neighbours": rows}
    terminal.result(document, "\n".join([head, *lines]))
    return 0


def _wanted(chosen: EmbeddingSet, arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.picture is not None:
        return {"picture": str(arguments.picture.resolve())}
    return {"text": arguments.text} if arguments.text is not None else {"row": _row(chosen, arguments.id)}


def described(chosen: EmbeddingSet, rows: list[int]) -> list[dict[str, Any]]:
    """Row, id and label of some samples; labels are None in a set without them."""
    few = chosen.samples.take(rows)
    ids = few["id"].to_pylist()
    labels = few["label"].to_pylist() if "label" in few.column_names else [None] * len(rows)
    return [{"row": row, "id": id_, "label": label} for row, id_, label in zip(rows, ids, labels, strict=True)]


def run_and_step(path: Path) -> tuple[Path, int | None]:
    """A run folder, or one of its checkpoints."""
    found = re.fullmatch(r"step_(\d+)", path.name)
    if found and path.parent.name == "checkpoints":
        return path.resolve().parent.parent, int(found[1])
    return path.resolve(), None


def _data(app: App, terminal: Terminal, name: str) -> dict[str, Any]:
    """A data set of the catalogue by id, or the user's own files by path."""
    if app.catalogue.has("dataset", name):
        entry = app.catalogue.get("dataset", name)
        return {"id": name, **entry.defaults()}
    if not Path(name).exists():
        app.catalogue.get("dataset", name)
    result, _ = ask(app, terminal, "guess_data", {"path": str(Path(name).resolve())})
    return dict(result["data"])


def _row(chosen: EmbeddingSet, wanted: str) -> int:
    ids = [str(value) for value in chosen.samples["id"].to_pylist()]
    if wanted in ids:
        return ids.index(wanted)
    if wanted.isdigit() and int(wanted) < len(chosen):
        return int(wanted)
    raise WorkbenchError(f"There is no sample {wanted!r}.", f"Give a row from 0 to {len(chosen) - 1}, or an id.")
