"""Writing a film while the window goes on."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from workbench.app.application import App, Notice
from workbench.app.jobs import Job
from workbench.core.errors import Cancelled, WorkbenchError
from workbench.gui.explorer.film import Film, write_film

_LOOK_MS = 100


class Filming(QObject):
    """Writes one film at a time on a thread of its own, shown as a job with progress and Cancel.

    A film takes up to a minute of drawing, which would keep the one background thread from all else.
    """

    def __init__(self, app: App, parent: QObject) -> None:
        super().__init__(parent)
        self._app = app
        self._job: Job | None = None
        self._path = Path()
        self._thread: threading.Thread | None = None
        self._unwanted = threading.Event()
        self._share = 0.0
        self._error: Exception | None = None
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        unwanted = self._unwanted
        self.destroyed.connect(lambda: unwanted.set())

    @property
    def busy(self) -> bool:
        return self._thread is not None

    def start(self, film: Film, path: Path, size: tuple[int, int], fps: int) -> None:
        """Begin to write; how it ended is told as a notice."""
        assert self._thread is None
        self._unwanted.clear()
        self._path, self._share, self._error = path, 0.0, None
        self._job = self._app.jobs.begin(f"Film {path.name}", self._unwanted.set)
        self._thread = threading.Thread(
            target=self._write, args=(film, path, size, fps), name="film", daemon=True
        )  # fmt: skip
        self._thread.start()
        self._timer.start()

    def _write(self, film: Film, path: Path, size: tuple[int, int], fps: int) -> None:
        def progress(share: float) -> None:
            if self._unwanted.is_set():
                raise Cancelled
            self._share = share

        try:
            write_film(film, path, size, fps, progress)
        except (WorkbenchError, OSError) as error:
            self._error = error

    def _look(self) -> None:
        assert self._thread is not None
        assert self._job is not None
        if self._thread.is_alive():
            self._app.jobs.progress(self._job, self._share, "Drawing frames")
            return
        self._timer.stop()
        self._thread = None
        self._tell(self._job, self._error)

    def _tell(self, job: Job, error: Exception | None) -> None:
        if error is None:
            self._app.jobs.end(job, "done")
            self._app.notify(Notice(f"The film is in {self._path}.", level="success"))
        elif isinstance(error, Cancelled):
            self._app.jobs.end(job, "cancelled")
        else:
            told = error if isinstance(error, WorkbenchError) else WorkbenchError(f"The film was not written: {error}.")
            self._app.jobs.end(job, "failed", told.message, told.hint)
            self._app.fail(told)
