"""`workbench invariance`: what a run's encoder sees of the augmentations, as the window's panel draws it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.cli.explore import run_and_step
from workbench.cli.terminal import Terminal, ask
from workbench.core.errors import WorkbenchError, unknown
from workbench.recipes.presets import find_document
from workbench.recipes.views_file import views_of_document

OPERATIONS = ("pipeline", "settings", "all")
_NAME_WIDTH = 34


def add_invariance(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command with its help."""
    command = commands.add_parser("invariance", help="what a run's encoder sees of the augmentations")
    command.add_argument("run", type=Path, metavar="RUN_DIR|CHECKPOINT")
    command.add_argument("--views", metavar="RECIPE.toml|PRESET", help="whose views; the run's own by default")
    command.add_argument(
        "--operations",
        choices=OPERATIONS,
        default="pipeline",
        help="of the views, each setting alone, or all there are",
    )
    command.add_argument("--samples", type=int, default=64, help="pictures of the test split; 64")
    command.add_argument("--seed", type=int, default=0, help="draws the pictures and the views; 0")
    command.add_argument("--raw", action="store_true", help="without taking the mean of the originals away")
    other = command.add_mutually_exclusive_group()
    other.add_argument("--untrained", action="store_true", help="the run's backbone with random weights: the floor")
    other.add_argument(
        "--pretrained", metavar="NAME", help="in place of the run's: a timm model whose weights lie here"
    )
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=run)


def run(arguments: argparse.Namespace) -> int:
    """Similarity of original and view by operation and strength, then positive against negative pairs."""
    terminal, app = Terminal(arguments.json), App()
    try:
        params = _params(app, arguments)
        if arguments.pretrained is not None:
            params["encoder"] = _pretrained(app, terminal, arguments.pretrained)
        curves, _ = ask(app, terminal, "encoder_invariance", {**params, "operations": arguments.operations})
        pairs, _ = ask(app, terminal, "encoder_pairs", params)
    finally:
        app.close()
    figures = {name: pairs[name] for name in ("positive_mean", "negative_mean", "alignment", "uniformity")}
    terminal.result({**curves, "pairs": figures}, _words(curves, figures))
    return 0


def _params(app: App, arguments: argparse.Namespace) -> dict[str, Any]:
    path, step = run_and_step(arguments.run)
    recipe = app.recipe_of(app.existing_run(path))
    views = recipe.views if arguments.views is None else _views(app, arguments.views)
    document, data = recipe.document(), recipe.data.model_dump(mode="json")
    encoder: dict[str, Any] = {"kind": "run", "run": str(path), "step": step}
    if arguments.untrained:
        own = {"data": data, "views": document["views"]}
        encoder = {"kind": "untrained", "backbone": document["backbone"], "seed": recipe.seed, **own}
    return {
        "encoder": encoder,
        "data": data,
        "views": views.model_dump(mode="json"),
        "samples": {"count": arguments.samples, "draw": arguments.seed},
        "seed": arguments.seed,
        "centred": not arguments.raw,
    }


def _pretrained(app: App, terminal: Terminal, name: str) -> dict[str, Any]:
    found, _ = ask(app, terminal, "pretrained_encoders", {})
    files = {row["name"]: row["file"] for row in found["files"]}
    if name not in files:
        words = unknown("pretrained encoder", name, list(files)) if files else f"There are no weights of {name!r} here."
        raise WorkbenchError(words, f"Weights are looked for in {', '.join(found['folders'])}.")
    return {"kind": "pretrained", "name": name, "file": files[name]}


def _views(app: App, name: str) -> Any:
    """The views of a recipe, or a preset of views by its name."""
    known = app.catalogue.view_presets
    document = {"views": known[name]} if name in known else find_document(name)
    return views_of_document(document, app.catalogue)


def _words(curves: Mapping[str, Any], pairs: Mapping[str, float]) -> str:
    centred = "centred " if curves["centred"] else ""
    lines = [
        f"{curves['encoder']}: {centred}cosine similarity of picture and view, "
        f"{curves['samples']} pictures at {curves['size']} px, by strength"
    ]
    strengths = next((row["strengths"] for row in curves["curves"] if len(row["strengths"]) > 1), [1.0])
    lines.append(" " * _NAME_WIDTH + "".join(f"{strength:>8g}" for strength in strengths))
    for row in curves["curves"]:
        values = dict(zip(row["strengths"], row["similarity"], strict=True))
        cells = (f"{values[strength]:8.3f}" if strength in values else " " * 8 for strength in strengths)
        lines.append(f"{row['title'][: _NAME_WIDTH - 1]:<{_NAME_WIDTH}}" + "".join(cells))
    lines.append(f"{'two different pictures':<{_NAME_WIDTH}}{curves['different']['similarity']:8.3f}")
    lines += [f"{title} is left out: {reason}" for title, reason in curves["refused"].items()]
    lines.append(
        f"Pairs: positive {pairs['positive_mean']:.3f}, negative {pairs['negative_mean']:.3f}, "
        f"alignment {pairs['alignment']:.3f}, uniformity {pairs['uniformity']:.3f}"
    )
    return "\n".join(lines)
