"""`workbench figures`: what showed a run's objective at work at one step, as pictures and as numbers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.app.figure_names import named_by_class
from workbench.app.objective_figures import draw_figure
from workbench.cli.terminal import Terminal
from workbench.core.errors import RunError, WorkbenchError
from workbench.core.files import write_atomic
from workbench.runs.figures import FigureSet, drawable, figure_sets, read_figures
from workbench.runs.folder import RunFolder
from workbench.runs.history import RunHistory
from workbench.runs.journal import JournalReader

_MOST_STEPS = 12
_READ_BYTES = 4 * 1024 * 1024


def add_figures(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command with its help."""
    command = commands.add_parser("figures", help="what showed a run's objective at work, as PNG and as arrays")
    command.add_argument("run", type=Path, metavar="RUN_DIR")
    command.add_argument("--step", type=int, help="which moment; the newest by default")
    command.add_argument("--out", type=Path, default=Path("figures"), help="the folder for the files; ./figures")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=run)


def run(arguments: argparse.Namespace) -> int:
    """Write one PNG a figure and the arrays of the set."""
    terminal, app = Terminal(arguments.json), App()
    try:
        folder = app.existing_run(arguments.run)
        chosen = choose(folder, arguments.step)
        files = _write(app, folder, chosen, arguments.out)
    except OSError as error:
        raise WorkbenchError(
            f"{arguments.out} cannot be written: {error.strerror}.", "Choose another --out."
        ) from error
    finally:
        app.close()
    steps = [one.step for one in figure_sets(folder)]
    document: dict[str, Any] = {"run": str(folder.path), "step": chosen.step, "steps": steps, "files": files}
    written = "\n".join(f"  {path}" for path in files.values())
    terminal.result(document, f"Figures of step {chosen.step:,} ({len(steps)} steps are kept):\n{written}")
    return 0


def choose(folder: RunFolder, step: int | None) -> FigureSet:
    """The set of a step, None for the newest; raises RunError with the nearest steps there are."""
    sets = figure_sets(folder)
    if not sets:
        raise RunError(
            f"The run {folder.name} has no figures.",
            "They are kept while it trains, unless checkpoints.figures is false or its objective has none.",
        )
    found = next((one for one in reversed(sets) if step is None or one.step == step), None)
    if found is None:
        assert step is not None
        near = sorted(sorted((one.step for one in sets), key=lambda there: abs(there - step))[:_MOST_STEPS])
        raise RunError(
            f"The run {folder.name} has no figures of step {step}.", f"Near it: {', '.join(map(str, near))}."
        )
    return found


def classes_of(folder: RunFolder) -> tuple[str, ...]:
    """The names of the classes that a run trained with, by its journal; none where it does not say."""
    history, reader = RunHistory(), JournalReader(folder.events)
    history.fold_pieces(reader.read_pieces(_READ_BYTES))
    while history.data is None and not reader.at_end:
        history.fold_pieces(reader.read_pieces(_READ_BYTES))
    return tuple(((history.data or {}).get("train") or {}).get("classes") or ())


def _write(app: App, folder: RunFolder, chosen: FigureSet, out: Path) -> dict[str, str]:
    """Path of each file by the figure's name; `arrays` is the set itself."""
    recipe, arrays = app.recipe_of(folder), read_figures(chosen.path)
    title = f"{recipe.name or folder.name}, step {chosen.step:,}"
    out.mkdir(parents=True, exist_ok=True)
    files = {"arrays": out / chosen.path.name}
    write_atomic(files["arrays"], chosen.path.read_bytes())
    specs = drawable(app.catalogue.objective(recipe.objective.id).spec.figures, arrays)
    for spec in named_by_class(specs, arrays, classes_of(folder)):
        files[spec.name] = out / f"{chosen.path.stem}_{spec.name}.png"
        draw_figure(spec, arrays[spec.name], title, files[spec.name])
    return {name: str(path) for name, path in files.items()}
