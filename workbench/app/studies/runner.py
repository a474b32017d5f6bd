"""Works a study off: one run at a time, each in its own engine, measured when it has ended.

Everything it knows is in the run folders, so it can be killed at any moment and another one goes on: a run that was cut
off goes on from its newest checkpoint, one that lacks its measurement is measured, and one that failed stays failed.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from workbench.app.lab_client import LabClient
from workbench.app.studies.folder import Study
from workbench.app.studies.plan import Cell
from workbench.app.studies.results import FAILURE, CellState, Results, StudyReader, read_cell
from workbench.app.supervisor import RunHandle, RunSupervisor
from workbench.core.errors import RunError, WorkbenchError
from workbench.core.files import write_atomic
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.toml_io import write_toml
from workbench.runs.control import ControlReader
from workbench.runs.folder import RunFolder
from workbench.runs.lock import engine_lock
from workbench.runs.state import RunState

POLL_S = 0.05
GRACE_S = 20.0
Tell = Callable[[str], None]


class StudyRunner:
    """The queue of one study, for a process of its own.

    Parameters
    ----------
    tell : called often with where things stand, in words
    """

    def __init__(self, study: Study, catalogue: Catalogue, tell: Tell) -> None:
        self.study = study
        self._catalogue, self._tell = catalogue, tell
        self._reader = StudyReader(study)
        self._supervisor = RunSupervisor(study.runs_dir, grace_s=GRACE_S)
        self._lab = LabClient(study.path / "lab.log")
        self._control: ControlReader | None = None
        self._words = ""
        self.stopping = False
        self._paused = False

    def run(self) -> Results:
        """Work until every run is done or has failed, or until a stop; the results as they are then.

        Raises RunError where another process works on this study.
        """
        with _lock(self.study), self._signals():
            self._control = ControlReader(self.study.desk.control, from_end=True)
            try:
                for number, cell in enumerate(self.study.plan.cells(), 1):
                    if self.stopping:
                        break
                    self._words = f"run {number} of {len(self.study.plan.cells())}: {cell.folder}"
                    self._work(cell)
            finally:
                self._lab.close()
                self._supervisor.close()
            return self._reader.read()

    def stop(self) -> None:
        """End after the run at work has saved a checkpoint."""
        self.stopping = True

    # -- one cell --------------------------------------------------------------------------------------------------

    def _work(self, cell: Cell) -> None:
        self._until(lambda: not self._paused)
        if self.stopping:
            return
        folder = self.study.run_of(cell)
        if not folder.recipe.exists():
            recipe = self.study.plan.recipe_of(cell, self.study.base, self._catalogue)
            folder = RunFolder.create(self.study.runs_dir, cell.folder, write_toml(recipe))
        handle = self._supervisor.attach(folder)
        try:
            self._train(handle)
        finally:
            self._supervisor.detach(handle)
        completed = handle.state is RunState.COMPLETED
        if completed and not self.stopping and self.study.plan.measure == "probe":
            self._measure(cell, folder)

    def _train(self, handle: RunHandle) -> None:
        """Bring a run to its end, wherever it stands."""
        fresh = not handle.folder.events.exists()
        self._until(lambda: handle.loaded or fresh)
        if self.stopping or handle.state in (RunState.COMPLETED, RunState.FAILED):
            return
        (handle.folder.evaluation / FAILURE).unlink(missing_ok=True)
        if not handle.state.live:
            self._supervisor.start(handle.folder, resume=not fresh)
        self._until(lambda: handle.state.ended, handle)
        if handle.state is RunState.CRASHED and not self.stopping:
            _note_failure(handle.folder, handle.reason)

    def _measure(self, cell: Cell, folder: RunFolder) -> None:
        """Probe a completed run, unless that is done; a failure is kept in its folder and tried again another time."""
        if read_cell(folder, cell, self.study.plan.measure).state is CellState.DONE:
            return
        (folder.evaluation / FAILURE).unlink(missing_ok=True)
        if read_cell(folder, cell, self.study.plan.measure).state is not CellState.MEASURING:
            return
        ended: list[WorkbenchError | None] = []
        ticket = self._lab.ask(
            "probe_run", self._probe_request(folder), done=lambda *_: ended.append(None), failed=ended.append
        )
        while not ended and not self.stopping:
            self._pause("measuring")
        if not ended:
            self._lab.cancel(ticket)
        elif ended[0] is not None:
            _note_failure(folder, ended[0].message)

    def _probe_request(self, folder: RunFolder) -> dict[str, object]:
        return {"run": str(folder.path), "floors": self.study.plan.floors}

    # -- waiting ---------------------------------------------------------------------------------------------------

    def _until(self, condition: Callable[[], bool], handle: RunHandle | None = None) -> None:
        """Wait; a wish to stop ends the run at work with a checkpoint, and then the waiting."""
        asked = False
        while not condition():
            if self.stopping and not asked:
                asked = True
                if handle is None:
                    return
                if handle.state.live:
                    self._supervisor.stop(handle)
            self._pause(_progress_words(handle) if handle is not None else "reading", handle)

    def _pause(self, words: str, handle: RunHandle | None = None) -> None:
        self._tell(f"{self._words}  {words}")
        self._supervisor.poll()
        self._lab.poll()
        self._obey(handle)
        time.sleep(POLL_S)

    def _obey(self, handle: RunHandle | None) -> None:
        """What the window asks of the study: pause and resume go to the run at work."""
        for asked in self._control.poll() if self._control is not None else []:
            live = handle if handle is not None and handle.state.live else None
            match asked["command"]:
                case "stop":
                    self.stopping = True
                case "pause":
                    self._paused = True
                    if live is not None:
                        self._supervisor.pause(live)
                case "resume":
                    self._paused = False
                    if live is not None:
                        self._supervisor.resume(live)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM stop cleanly."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.stopping = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _lock(study: Study) -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(engine_lock(study.desk))
        except RunError as error:
            words = f"The study {study.path} cannot be worked on: {error.message}"
            raise RunError(words, "Watch it in the window, or stop that process first.") from error
        yield


def _note_failure(folder: RunFolder, reason: str) -> None:
    """Keep in the run folder why a cell has no result, where its journal does not say so."""
    folder.evaluation.mkdir(exist_ok=True)
    write_atomic(folder.evaluation / FAILURE, json.dumps({"reason": reason}, indent=2) + "\n")


def _progress_words(handle: RunHandle) -> str:
    summary = handle.history.summary
    total = f"/{summary.steps_total}" if summary.steps_total else ""
    loss = handle.history.last("loss")
    return f"{handle.state} step {summary.step}{total}" + (f"  loss {loss:.4f}" if loss is not None else "")
