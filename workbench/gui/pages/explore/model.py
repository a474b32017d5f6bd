"""What the Explore page shows: the chosen run and checkpoint, the opened set, its layout, colours and search. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.app.application import App
from workbench.app.explorer.explorer import Explorer
from workbench.app.jobs import Job
from workbench.app.lab_client import Partial
from workbench.app.supervisor import RunHandle
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore import sets
from workbench.gui.pages.explore.carrying import explorer_of, holds_same
from workbench.gui.pages.explore.colouring import Colouring, coloured_by
from workbench.gui.pages.explore.places import Checkpoint, Place, checkpoints, news, places, run_of, same_run
from workbench.gui.pages.explore.sets import OpenedSet
from workbench.runs.catalogue import RunRow

FIRST_PROJECTION = "pca"
_LOOKED_AT = 20


class Stage(StrEnum):
    """What stands in the middle of the page."""

    NO_RUN = "no-run"
    NO_CHECKPOINT = "no-checkpoint"
    NOT_EMBEDDED = "not-embedded"
    EMBEDDING = "embedding"
    OPENING = "opening"
    FAILED = "failed"
    NO_LAYOUT = "no-layout"
    SHOWN = "shown"


class Part(StrEnum):
    """What `changed` is told about."""

    PLACES = "places"
    SET = "set"
    JOB = "job"
    MATCHES = "matches"


class ExploreModel:
    """The page's own state; everything slow runs on the application's background thread or in the lab.

    Parameters
    ----------
    changed : called with the part that is new

    Attributes
    ----------
    place, step, checkpoints : the chosen run, the chosen one of its checkpoints, and all of them, newest first
    opened, explorer : the set that is shown, and what is selected and filtered in it
    colouring : the colours of its points as it was opened
    problem : why the wanted set could not be opened
    job : the projection or embedding that is being computed for this page
    text, matches : what is searched for, and the rows found; None while the search is on its way
    """

    def __init__(self, app: App, changed: Callable[[Part], None]) -> None:
        self._app = app
        self._changed = changed
        self.places: list[Place] = []
        self.place: Place | None = None
        self.checkpoints: list[Checkpoint] = []
        self.step: int | None = None
        self.opened: OpenedSet | None = None
        self.explorer: Explorer | None = None
        self.colouring: Colouring | None = None
        self.problem: WorkbenchError | None = None
        self.job: Job | None = None
        self.text = ""
        self.matches: NDArray[np.int64] | None = None
        self._wanted: Path | None = None
        self._next: int | None = None
        self._embeds = False
        self._loose: tuple[Path, ...] = ()
        self._rows: list[RunRow] = []
        self._places_key: tuple[object, ...] = ()
        self._news: tuple[object, ...] = ()
        self._followed: RunHandle | None = None
        self._seen: Path | None = None
        self._last_layout: dict[Path, str] = {}
        self._projected: set[Path] = set()
        self._pending = 0
        self._generation = 0

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def stage(self) -> Stage:
        if self.opened is not None:
            return Stage.NO_LAYOUT if self.opened.layout is None else Stage.SHOWN
        if self.problem is not None:
            return Stage.FAILED
        if self._wanted is not None:
            return Stage.OPENING
        if self.place is None:
            return Stage.NO_RUN
        if self.step is None:
            return Stage.NO_CHECKPOINT
        return Stage.EMBEDDING if self.busy and self._embeds else Stage.NOT_EMBEDDED

    @property
    def busy(self) -> bool:
        """Whether something is being computed in the lab for this page."""
        return self.job is not None and self.job.active

    @property
    def settled(self) -> bool:
        return not (self.busy or self._pending)

    @property
    def title(self) -> str:
        """What is shown, for a picture's title."""
        name = self.place.title if self.place else ""
        return name if self.step is None else f"{name} · step {self.step:,}"

    # -- where -----------------------------------------------------------------------------------------------------

    def follow_runs(self) -> None:
        """Take over what became of the runs; a newly chosen one is shown where that interrupts nothing."""
        handles = self._app.supervisor.handles
        key = (self._loose, *((path, handle.state.live) for path, handle in handles.items()))
        if self._app.run_rows is not self._rows or key != self._places_key:
            self._rows, self._places_key = self._app.run_rows, key
            self.places = places(self._app, self._loose)
            self._changed(Part.PLACES)
        current = self._app.current
        if current is not None and current is not self._followed:
            self._followed = current
            if self.opened is None or current.folder.embedding_sets():
                self.choose_run(current.folder.path.resolve())
                return
        if self.place is None and self.places:
            self.choose_run(self._default().path)
        elif self.place is not None and news(handles.get(self.place.path)) != self._news:
            self._rescan(self.place)

    def follow_selection(self) -> None:
        """Open the set that another part of the program has selected a sample of."""
        wanted = self._app.selection.embeddings
        if wanted is None or wanted == self._seen:
            return
        self._seen = wanted
        if wanted != self._wanted:
            self.visit(wanted)

    def choose_run(self, path: Path) -> None:
        """Show a run at its newest embedded checkpoint, else at its newest."""
        place = next(place for place in self.places if place.path == path)
        self.step, self.checkpoints = None, []
        self.place = place
        if place.loose:
            self._changed(Part.PLACES)
            self._open(place.path)
            return
        self._rescan(place)
        if self.step is None:
            self._close()

    def choose_step(self, step: int) -> None:
        """Show a checkpoint: its embedding set, where it has one."""
        self.step = step
        chosen = next(found for found in self.checkpoints if found.step == step)
        self._changed(Part.PLACES)
        if chosen.embeddings is not None:
            self._open(chosen.embeddings)
        else:
            self._close()

    def visit(self, embeddings: Path) -> None:
        """Show an embedding set wherever it lies."""
        run = run_of(embeddings)
        home = next((place for place in self.places if place.path == run), None)
        if home is not None:
            self.place, self.checkpoints = home, checkpoints(home)
            at = next((found.step for found in self.checkpoints if found.embeddings == embeddings.resolve()), None)
            self.step = at
        else:
            self._loose = (embeddings, *(path for path in self._loose if path != embeddings))
            self.places = places(self._app, self._loose)
            self.place, self.checkpoints, self.step = self.places[0], [], None
        self._changed(Part.PLACES)
        self._open(embeddings)

    def embed(self) -> None:
        """Write the embedding set of the chosen checkpoint and show it."""
        place, step = self.place, self.step
        if place is None or step is None or self.busy:
            return

        def written(embeddings: Path) -> None:
            if self.place == place and self.step == step:
                self._rescan(place)
                self._open(embeddings)

        self._embeds = True
        self._begin(self._app.embed(place.path, step, written))

    def _default(self) -> Place:
        embedded = (place for place in self.places[:_LOOKED_AT] if any(c.embeddings for c in checkpoints(place)))
        return next(embedded, self.places[0])

    def _rescan(self, place: Place) -> None:
        """Read from disk which checkpoints there are; go to the best one where none is chosen."""
        self._news = news(self._app.supervisor.handles.get(place.path))
        follows = self.opened is not None and self.step is not None and self.step == _newest_step(self.checkpoints)
        self.checkpoints = checkpoints(place)
        self._changed(Part.PLACES)
        newest = _newest_step(self.checkpoints)
        if follows and newest is not None and newest != self.step:
            self._next = newest
            self.go_on()
            return
        chosen = next((found for found in self.checkpoints if found.step == self.step), None)
        if chosen is None and self.checkpoints:
            chosen = next((found for found in self.checkpoints if found.embeddings), self.checkpoints[0])
            self.choose_step(chosen.step)
        elif chosen is not None and chosen.embeddings is not None and self._wanted is None:
            self._open(chosen.embeddings)

    def go_on(self) -> None:
        """Show the newer embedding that came while the newest was looked at, once nothing is computed any more.

        It gets a layout of the kind that is shown first, so that the map is never empty in between.
        """
        chosen = next((found for found in self.checkpoints if found.step == self._next), None)
        if chosen is None or chosen.embeddings is None or self.opened is None or self.busy:
            return
        folder, shown = chosen.embeddings, self.opened
        self._next = None
        if any(folder.glob("layout_*.npy")):
            self._advance(chosen.step, folder, shown)
            return

        def computed(name: str) -> None:
            self._last_layout[folder] = name
            self._advance(chosen.step, folder, shown)

        self._projected.add(folder)
        info = shown.layout.info if shown.layout else None
        defaults = self._app.catalogue.get("projection", FIRST_PROJECTION).defaults()
        wanted = {"id": FIRST_PROJECTION, **defaults} if info is None else {"id": info.method, **info.params}
        self._embeds = False
        self._begin(self._app.project(folder, wanted, computed))

    def _advance(self, step: int, folder: Path, shown: OpenedSet) -> None:
        """Go to a newer embedding, unless another was opened meanwhile."""
        if self._wanted == shown.folder:
            self.step = step
            self._changed(Part.PLACES)
            self._open(folder)

    # -- the set ---------------------------------------------------------------------------------------------------

    def show_layout(self, name: str) -> None:
        """Show another layout of the opened set."""
        if self._wanted is not None:
            self._load(self._wanted, name)

    def search(self, text: str) -> None:
        """Find the rows that hold the text; an empty one ends the search."""
        self.text, self.matches = text, None
        opened = self.opened
        if opened is None or not text:
            self._changed(Part.MATCHES)
            return

        def done(rows: NDArray[np.int64]) -> None:
            if self.opened is not None and self.opened.folder == opened.folder and self.text == text:
                self.matches = rows
                self._changed(Part.MATCHES)

        self._work(lambda: sets.search(opened, text), done, self._app.fail)

    def _open(self, folder: Path) -> None:
        if folder != self._wanted and not self._has_same_samples(folder):
            self._close()
        self._wanted = self._seen = folder
        if self._app.selection.embeddings != folder:
            self._app.select(folder, None)
        self._load(folder, self._last_layout.get(folder, ""))

    def _close(self) -> None:
        self.opened = self.colouring = self.problem = self._wanted = self.matches = None
        self._changed(Part.SET)

    def _has_same_samples(self, folder: Path) -> bool:
        return self.opened is not None and same_run(self.opened.folder, folder)

    def _load(self, folder: Path, layout: str) -> None:
        self._generation += 1
        mine, projection, before = self._generation, self._app.settings.projection, self.explorer
        known = before if before is not None and before.stored.folder == folder else None
        same_samples = self._has_same_samples(folder)

        def work() -> tuple[OpenedSet, Explorer, Colouring]:
            opened = sets.load(folder, layout, projection)
            fits = known is not None and holds_same(known.stored, opened.stored)
            explorer = known if known and fits else explorer_of(opened, before, same_samples=same_samples)
            return opened, explorer, coloured_by(explorer.columns, explorer.state.colour)

        def done(found: tuple[OpenedSet, Explorer, Colouring]) -> None:
            if mine == self._generation and folder == self._wanted:
                self._show(*found)

        self._work(work, done, self._refused)

    def _show(self, opened: OpenedSet, explorer: Explorer, colours: Colouring) -> None:
        again = self.opened is not None and self.opened.folder == opened.folder
        self.opened, self.explorer, self.colouring, self.problem = opened, explorer, colours, None
        self.matches = self.matches if again else None
        if opened.layout_name:
            self._last_layout[opened.folder] = opened.layout_name
        self._changed(Part.SET)
        if self.text and not again:
            self.search(self.text)
        if not opened.layout_name and opened.folder not in self._projected and not self.busy:
            self._projected.add(opened.folder)
            self.compute(FIRST_PROJECTION, self._app.catalogue.get("projection", FIRST_PROJECTION).defaults())

    def _refused(self, error: WorkbenchError) -> None:
        self.opened, self.problem = None, error
        self._changed(Part.SET)

    # -- layouts ---------------------------------------------------------------------------------------------------

    def compute(self, method: str, params: Mapping[str, Any], partial: Partial = lambda *_: None) -> Job | None:
        """Compute a layout of the opened set and show it; `partial` gets layouts on the way, as of `App.project`."""
        opened = self.opened
        if opened is None or self.busy:
            return None

        def computed(name: str) -> None:
            if self._wanted == opened.folder:
                self._load(opened.folder, name)

        self._embeds = False
        job = self._app.project(opened.folder, {"id": method, **params}, computed, partial)
        self._begin(job)
        return job

    def cancel(self) -> None:
        """Stop what is being computed."""
        if self.job is not None:
            self._app.jobs.cancel(self.job.id)

    def _begin(self, job: Job) -> None:
        self.job = job
        self._changed(Part.JOB)

    def _work(
        self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[WorkbenchError], None]
    ) -> None:
        self._pending += 1

        def finished(found: Any) -> None:
            self._pending -= 1
            done(found)

        def broken(error: WorkbenchError) -> None:
            self._pending -= 1
            failed(error)

        self._app.background.run(work, finished, broken)


def _newest_step(found: list[Checkpoint]) -> int | None:
    """The newest step that has been embedded."""
    return next((one.step for one in found if one.embeddings is not None), None)
