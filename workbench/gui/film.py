"""`workbench film`: draws the stored time-lapse of a run without a window; `workbench timelapse --out` asks for it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from workbench.app.explorer.explorer import Explorer
from workbench.app.films import FPS, SIZE_PX, check_film, film_fps, film_size
from workbench.core.errors import RunError, WorkbenchError
from workbench.gui.explorer.colours import of_theme
from workbench.gui.explorer.film import Film, write_film
from workbench.gui.explorer.legend_paint import LegendContent
from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.cloud import Cloud
from workbench.gui.pages.explore.colouring import coloured_by
from workbench.gui.pages.explore.panels.time.steps import time_steps
from workbench.gui.theme import load_theme
from workbench.gui.theme.apply import body_font
from workbench.gui.theme.tokens import THEMES
from workbench.runs.folder import RunFolder
from workbench.runs.timelapse import METHODS, time_layout

_OK, _INTERRUPTED = 0, 130
_TOLD_PER_CENT = 10


def add_film(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command with its help."""
    command = commands.add_parser("film", help="draw the stored time-lapse of a run as GIF or MP4")
    command.add_argument("run_dir", type=Path, metavar="RUN_DIR")
    command.add_argument("--method", choices=METHODS, default="pca", help="how the checkpoints were drawn")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.gif|.mp4", help="the film")
    command.add_argument("--size", type=film_size, default=SIZE_PX, metavar="WxH", help="in pixels; 800x600")
    command.add_argument("--fps", type=film_fps, default=FPS, help=f"frames a second; {FPS}")
    command.add_argument("--theme", choices=list(THEMES), default="light")
    command.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from workbench.gui.main import make_application

    if sys.platform == "linux":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    check_film(chosen.out)
    make_application()
    painting.warm_up()
    film = film_of(chosen.run_dir, chosen.method, chosen.theme)
    told = [-_TOLD_PER_CENT]

    def progress(share: float) -> None:
        if 100 * share >= told[0] + _TOLD_PER_CENT:
            told[0] = int(100 * share)
            print(f"Drawing the film {share:.0%}", file=sys.stderr)  # noqa: T201  (a terminal is all there is)

    try:
        write_film(film, chosen.out, chosen.size, chosen.fps, progress)
    except OSError as error:
        raise WorkbenchError(f"{chosen.out} cannot be written: {error}.", "Choose another --out.") from error
    except KeyboardInterrupt:
        return _INTERRUPTED
    return _OK


def film_of(run: Path, method: str, theme: str) -> Film:
    """The stored layouts of a run's checkpoints, coloured by label.

    Raises RunError where none is stored.
    """
    from workbench.runs.embedding_set import EmbeddingSet

    sets = RunFolder(run).embedding_sets()
    newest = EmbeddingSet.open(sets[-1][1]) if sets else None
    steps = time_steps(run, method, newest).drawn if newest else ()
    if newest is None or not steps:
        raise RunError(
            f"No checkpoint of {run.name} has the layout {time_layout(method)}.", "Run `workbench timelapse`."
        )
    explorer = Explorer(newest)
    colours = coloured_by(explorer.columns, explorer.state.colour)
    places = tuple(step.places for step in steps if step.places is not None)
    cloud = Cloud(places[-1])
    cloud.set_colours(colours.codes, colours.table)
    legend = LegendContent(colours.title, colours.categories, colours.ramp)
    captions = tuple(step.words for step in steps)
    return Film(places, captions, cloud, of_theme(load_theme(theme)), legend, body_font(), run.resolve().name)
