"""The application without a face: what both front ends hold, ask and poll.

State flows one way: disk, engines and commands change the objects here, `topics` tells who listens, and the listeners
read. Nothing here blocks: `poll` is called some twenty times a second by the window's timer or the terminal's loop.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from workbench.app.background import Background
from workbench.app.editor import RecipeEditor
from workbench.app.jobs import Job, Jobs
from workbench.app.lab_client import Done, LabClient, Partial
from workbench.app.selection import Selection
from workbench.app.session import load_session, save_session
from workbench.app.settings import load_settings, save_settings
from workbench.app.supervisor import RunHandle, RunSupervisor
from workbench.app.topics import Topic, Topics
from workbench.app.view_presets import ViewPresets
from workbench.core.errors import RunError, WorkbenchError
from workbench.core.files import free_name
from workbench.core.resources import workspace_home
from workbench.plugins.catalogue import builtin_catalogue
from workbench.plugins.discovery import PluginRow, discover
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.toml_io import read_document, write_toml
from workbench.runs.catalogue import RunCatalogue, RunRow
from workbench.runs.folder import RunFolder, run_of_set
from workbench.runs.state import RunState

LOG = logging.getLogger("workbench.app")
NEIGHBOURS = 12


@dataclass(frozen=True)
class Notice:
    """A message for the user: what happened, and the way out."""

    message: str
    hint: str = ""
    level: Literal["info", "success", "warning", "danger"] = "danger"


class App:
    """The services of both front ends.

    Parameters
    ----------
    home : the workspace; None takes `$WORKBENCH_HOME` or `~/ssl-workbench`
    """

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or workspace_home()
        self.runs_dir.mkdir(parents=True, exist_ok=True)
        self.topics = Topics()
        self.notice: Notice | None = None
        self.settings, settings_problem = load_settings(self.home / "settings.toml")
        self.catalogue = builtin_catalogue()
        self.view_presets = ViewPresets(self.home / "view-presets", self.catalogue)
        self.jobs = Jobs(lambda: self.topics.publish(Topic.JOBS))
        document, session_problem = load_session(self.home / "session.toml", self.catalogue)
        self.editor = RecipeEditor(self.catalogue, document, self._recipe_changed)
        self.supervisor = RunSupervisor(self.runs_dir)
        self.run_catalogue = RunCatalogue(self.home / "runs.sqlite", self.runs_dir)
        self.run_rows: list[RunRow] = []
        self.background = Background()
        self.quick_lab = LabClient(self.home / "logs" / "lab.log")
        self.long_lab = LabClient(self.home / "logs" / "lab-jobs.log")
        self.selection = Selection()
        self._promised: set[Path] = set()
        self.current: RunHandle | None = None
        self.data_facts: dict[str, Any] | None = None
        self.data_asked: dict[str, Any] | None = None
        self.data_job: Job | None = None
        for problem in (settings_problem, session_problem):
            if problem:
                self.notify(Notice(problem, level="warning"))

    @property
    def runs_dir(self) -> Path:
        return self.home / "runs"

    # -- rhythm ----------------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Hand out what engines and labs have said since the last call; never waits."""
        self.quick_lab.poll()
        self.long_lab.poll()
        self.background.poll()
        if self.supervisor.poll():
            self.topics.publish(Topic.RUNS)

    def save(self) -> None:
        """Save the settings and the session, as a window does when it closes; a command leaves both to the window."""
        save_settings(self.home / "settings.toml", self.settings)
        self.save_session()

    def close(self) -> None:
        """Stop the labs; runs go on."""
        self.background.close()
        self.quick_lab.close()
        self.long_lab.close()
        self.supervisor.close()

    def save_session(self) -> None:
        """Keep the recipe being edited, so that a crash loses nothing."""
        save_session(self.home / "session.toml", self.editor.document)

    def notify(self, notice: Notice) -> None:
        """Tell the user something; front ends show the latest."""
        LOG.info("%s %s", notice.message, notice.hint)
        self.notice = notice
        self.topics.publish(Topic.NOTICE)

    def fail(self, error: WorkbenchError) -> None:
        """Tell the user what went wrong."""
        self.notify(Notice(error.message, error.hint))

    def remember(self, **changes: Any) -> None:
        """Change settings."""
        self.settings = self.settings.replace(**changes)
        self.topics.publish(Topic.SETTINGS)

    def plugins(self) -> list[PluginRow]:
        """Every plugin that was found, the broken ones with their error."""
        return discover(self.home)

    def _recipe_changed(self) -> None:
        self.topics.publish(Topic.RECIPE)

    # -- runs ------------------------------------------------------------------------------------------------------

    def new_run(self, recipe: Recipe, run_dir: Path | None = None) -> RunFolder:
        """A run folder for a recipe, named after it; raises RunError when `run_dir` is taken."""
        stem = _slug(recipe.name or f"{recipe.objective.id} {recipe.data.id}")
        parent = run_dir.parent if run_dir else self.runs_dir
        if run_dir is not None and run_dir.exists():
            raise WorkbenchError(f"The run folder {run_dir} exists already.", "Name another with --run-dir.")
        parent.mkdir(parents=True, exist_ok=True)
        return RunFolder.create(parent, run_dir.name if run_dir else stem, write_toml(recipe))

    def existing_run(self, run_dir: Path) -> RunFolder:
        """The run in this folder; raises RunError where there is none."""
        folder = RunFolder(run_dir.resolve())
        if not folder.recipe.exists():
            raise RunError(f"{run_dir} is not a run folder: it has no recipe.toml.")
        return folder

    def recipe_of(self, folder: RunFolder) -> Recipe:
        """What a run was asked to do; raises RecipeError."""
        return build(read_document(folder.recipe), self.catalogue)

    def train(self, recipe: Recipe | None = None, run_dir: Path | None = None) -> RunHandle:
        """Start a run of this recipe (the edited one by default) in its own process."""
        folder = self.new_run(recipe or self.editor.build(), run_dir)
        handle = self.supervisor.start(folder)
        self.topics.publish(Topic.RUNS)
        return handle

    def resume(self, handle: RunHandle) -> RunHandle:
        """Start an ended run again from its newest checkpoint."""
        resumed = self.supervisor.start(handle.folder, resume=True)
        self.topics.publish(Topic.RUNS)
        return resumed

    def attach_live_runs(self) -> None:
        """Watch every run that is still going, and list them all."""
        live = self.supervisor.attach_live()
        if live and self.current is None:
            self.current = live[-1]
        self.topics.publish(Topic.RUNS)
        self.list_runs()

    def list_runs(self) -> None:
        """Bring `run_rows` up to date; Topic.RUNS tells when it is."""

        def read() -> list[RunRow]:
            self.run_catalogue.refresh()
            return self.run_catalogue.rows()

        def show(rows: list[RunRow]) -> None:
            self.run_rows = rows
            self.topics.publish(Topic.RUNS)

        self.background.run(read, show, self.fail)

    def refuse_current(self, wish: str) -> str:
        """Why the run being looked at cannot be paused, resumed, stopped or saved now; "" when it can."""
        if self.current is None:
            return "No run is chosen."
        state = self.current.state
        if wish == "resume" and not (state is RunState.PAUSED or (state.ended and state is not RunState.COMPLETED)):
            return f"The run is {state}."
        if wish == "pause" and state is not RunState.RUNNING:
            return f"The run is {state}."
        if wish in ("stop", "checkpoint") and not state.live:
            return f"The run is {state}."
        return ""

    def pause_current(self) -> None:
        """Pause the run being looked at."""
        self.supervisor.pause(self._chosen())

    def resume_current(self) -> None:
        """Let a paused run go on, or start an ended one again from its newest checkpoint."""
        chosen = self._chosen()
        if chosen.state is RunState.PAUSED:
            self.supervisor.resume(chosen)
        else:
            self.current = self.resume(chosen)

    def stop_current(self) -> None:
        """Stop the run being looked at, with a checkpoint."""
        self.supervisor.stop(self._chosen())

    def checkpoint_current(self) -> None:
        """Ask the run being looked at for a checkpoint."""
        self.supervisor.checkpoint(self._chosen())

    def _chosen(self) -> RunHandle:
        if self.current is None:
            raise RunError("No run is chosen.", "Choose one on the Train page.")
        return self.current

    # -- the lab ---------------------------------------------------------------------------------------------------

    def long_job(
        self, title: str, request: str, params: Mapping[str, Any], done: Done, partial: Partial = lambda *_: None
    ) -> Job:
        """Ask for long work: shown in the activity panel with progress and Cancel, its failure told as a notice."""
        job = self.jobs.begin(title)

        def finished(result: dict[str, Any], arrays: Any) -> None:
            self.jobs.end(job, "done")
            done(result, arrays)

        def failed(error: WorkbenchError) -> None:
            self.jobs.end(job, "failed", error.message, error.hint)
            self.fail(error)

        ticket = self.long_lab.ask(
            request,
            params,
            done=finished,
            failed=failed,
            progress=lambda share, words: self.jobs.progress(job, share, words),
            cancelled=lambda: self.jobs.end(job, "cancelled"),
            partial=partial,
        )
        job.wish = lambda words: self.long_lab.wish(ticket, words)
        job.cancel = lambda: self.long_lab.cancel(ticket)
        return job

    def open_data(self) -> None:
        """Load the recipe's data set, with progress; the facts come with Topic.DATA."""
        section = copy.deepcopy(self.editor.document.get("data", {}))
        self.data_facts = None

        def done(result: dict[str, Any], _: object) -> None:
            if self.quick_lab.ready or self.quick_lab.busy:  # it may hold the pictures as they were before
                self.quick_lab.ask("forget_data", {}, done=lambda *_: None)
            if self.editor.document.get("data") == section:
                self.data_facts = {**result, "data": section}
                self.topics.publish(Topic.DATA)

        self.data_job = self.long_job(f"Open {self._title('dataset', section)}", "open_data", {"data": section}, done)
        self.data_asked = section
        self.topics.publish(Topic.DATA)

    def import_data(self, path: Path) -> None:
        """Find out what reads these files, put it into the recipe and open it."""

        def found(result: dict[str, Any], _: object) -> None:
            section = {**result["data"]}
            entry = self.catalogue.get("dataset", str(section["id"]))
            self.editor.set_many({"data": {**entry.defaults(), **section}}, f"import {path.name}")
            self.open_data()

        self.quick_lab.ask("guess_data", {"path": str(path)}, done=found, failed=self.fail)

    def embed(self, run: Path, step: int | None, then: Callable[[Path], None]) -> Job:
        """Write the embedding set of a checkpoint."""
        params = {"run": str(run), "step": step}
        return self.long_job(
            f"Embed {run.name}", "embed_run", params, lambda result, _: then(Path(result["embeddings"]))
        )

    def free_embeddings(self, path: Path) -> Path:
        """A folder of the workspace for the embedding set made of a file, named after it, that nobody else is given."""
        folder = free_name(self.home / "embeddings", _slug(path.stem), self._promised)
        self._promised.add(folder)
        return folder

    def import_vectors(self, path: Path, then: Callable[[Path], None], wishes: Mapping[str, Any] | None = None) -> Job:
        """Read vectors made elsewhere into an embedding set of the workspace."""
        params = {"path": str(path), "out": str(self.free_embeddings(path)), "wishes": dict(wishes or {})}

        def done(result: dict[str, Any], _: object) -> None:
            if result["notes"]:
                self.notify(Notice(f"{path.name} is imported.", " ".join(result["notes"]), "info"))
            then(Path(result["embeddings"]))

        return self.long_job(f"Import {path.name}", "import_vectors", params, done)

    def project(
        self,
        embeddings: Path,
        projection: Mapping[str, Any],
        then: Callable[[str], None],
        partial: Partial = lambda *_: None,
    ) -> Job:
        """Compute a layout of an embedding set; `partial` gets layouts on the way, arrays "xy" with "iteration".

        The job's `wish("stop")` ends a projection that can be paused with what there is.
        """
        params = {"embeddings": str(embeddings), "projection": dict(projection)}
        name = (run_of_set(embeddings) or embeddings).name
        title = f"{self._title('projection', projection)} of {name}"
        return self.long_job(title, "project", params, lambda result, _: then(result["layout"]), partial)

    def export_set(
        self,
        embeddings: Path,
        format: str,
        out: Path,
        layout: str | None,
        rows: Iterable[int] | None,
        then: Callable[[dict[str, Any]], None],
    ) -> Job:
        """Write a set, or some rows of it (None: all), in another program's format; `then` gets what was written."""
        chosen = None if rows is None else [int(row) for row in rows]
        params = {"embeddings": str(embeddings), "format": format, "out": str(out), "layout": layout, "rows": chosen}
        return self.long_job(f"Export {out.name}", "export_set", params, lambda result, _: then(result))

    def select(self, embeddings: Path, row: int | None) -> None:
        """Select a sample and ask for its neighbours; both come with Topic.SELECTION."""
        self.selection = Selection(embeddings, row)
        self.topics.publish(Topic.SELECTION)
        if row is None:
            return
        asked = self.selection
        params = {"embeddings": str(embeddings), "row": row, "k": NEIGHBOURS}
        self.quick_lab.ask(
            "neighbours",
            params,
            channel="neighbours",
            done=lambda _, arrays: self._found(asked, arrays),
            failed=lambda error: self._not_found(asked, error),
        )

    def show_neighbours(self, neighbours: NDArray[Any], distances: NDArray[Any]) -> None:
        """Take over neighbours of the selected sample that were asked for otherwise: more, or by another metric."""
        self.selection = replace(self.selection, neighbours=neighbours, distances=distances)
        self.topics.publish(Topic.SELECTION)

    def _found(self, asked: Selection, arrays: Any) -> None:
        if self.selection is asked:
            self.selection = asked.with_answer(arrays)
            self.topics.publish(Topic.SELECTION)

    def _not_found(self, asked: Selection, error: WorkbenchError) -> None:
        if self.selection is asked:
            self.selection = Selection(asked.embeddings, asked.row, failure=str(error))
            self.topics.publish(Topic.SELECTION)

    def _title(self, kind: str, section: Mapping[str, Any]) -> str:
        id_ = str(section.get("id", ""))
        return self.catalogue.get(kind, id_).title if self.catalogue.has(kind, id_) else id_


def _slug(text: str) -> str:
    kept = "".join(char if char.isalnum() else "-" for char in text.lower())
    return "-".join(part for part in kept.split("-") if part)[:60] or "run"
