"""`workbench demo --headless`: from bundled pictures to a trained encoder and its map, on any machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.app.application import App
from workbench.app.chance import chance_of
from workbench.app.figures import draw_curve, draw_map
from workbench.app.supervisor import RunHandle
from workbench.cli.terminal import Terminal, ask
from workbench.cli.training import outcome, watch
from workbench.core.errors import RunFailed
from workbench.core.units import format_duration
from workbench.recipes.presets import load
from workbench.runs.embedding_set import EmbeddingSet
from workbench.runs.state import RunState

PRESET = "demo"


def run(arguments: argparse.Namespace) -> int:
    """Train the demo preset, print kNN beside its floors, write curve.png and umap.png into the run folder."""
    terminal, app = Terminal(as_json=False), App()
    try:
        recipe = load(PRESET, app.catalogue)
        terminal.say(f"{recipe.name}: training for {format_duration(recipe.budget.amount)}.")
        handle = app.train(recipe, arguments.run_dir)
        if watch(app, terminal, handle):
            return 130
        if handle.state is not RunState.COMPLETED:
            raise RunFailed(handle.history.summary.reason or "The engine died.", handle.history.summary.hint)
        _report(terminal, handle)
        _draw(app, terminal, handle)
    finally:
        app.close()
    return 0


def _report(terminal: Terminal, handle: RunHandle) -> None:
    end = outcome(handle)
    settings = end["knn_settings"]
    terminal.say(f"{end['step']} steps in {format_duration(end['elapsed_s'])}, loss {end['loss']:.4f}")
    terminal.say(f"kNN accuracy (k = {settings['k']}, cosine, bank {settings['bank']}, {settings['test']} tested)")
    for name, value in {"trained encoder": end["knn"], **end["floors"]}.items():
        terminal.say(f"  {name:<16}{value:7.1%}")


def _draw(app: App, terminal: Terminal, handle: RunHandle) -> None:
    folder = handle.folder
    _, embeddings = folder.embedding_sets()[-1]
    entry = app.catalogue.get("projection", "umap")
    params = {"embeddings": str(embeddings), "projection": {"id": "umap", **entry.defaults()}}
    result, _ = ask(app, terminal, "project", params)
    curve, umap = folder.path / "curve.png", folder.path / "umap.png"
    recipe = app.recipe_of(folder)
    draw_curve(handle.history, recipe.name, chance_of(recipe.document(), app.catalogue, handle.history), curve)
    draw_map(EmbeddingSet.open(embeddings), result["layout"], recipe.name, umap)
    terminal.say(f"Run folder: {_shown(folder.path)}\nCurve:      {_shown(curve)}\nMap:        {_shown(umap)}")


def _shown(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
