"""The activity panel: every running job and every live run, with progress, time left and Cancel."""

from __future__ import annotations

from workbench.app.application import App
from workbench.app.jobs import Job
from workbench.app.supervisor import RunHandle
from workbench.core.units import format_count
from workbench.gui.widgets.activity import ActivityList, JobState, JobView
from workbench.runs.state import RunState

STATES: dict[RunState, JobState] = {
    RunState.STARTING: "waiting",
    RunState.RUNNING: "running",
    RunState.PAUSED: "paused",
    RunState.STOPPING: "stopping",
}


class Activity(ActivityList):
    """Shows the application's jobs and live runs."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self.cancelled.connect(self._cancel)

    def refresh(self) -> None:
        """Show the present state."""
        runs = [run_view(handle) for handle in self._app.supervisor.handles.values() if handle.state.live]
        self.set_jobs([*runs, *(job_view(job) for job in self._app.jobs.visible())])

    def _cancel(self, id_: object) -> None:
        for path, handle in self._app.supervisor.handles.items():
            if str(path) == id_:
                self._app.supervisor.stop(handle)
                return
        self._app.jobs.cancel(str(id_))


def job_view(job: Job) -> JobView:
    """A job as the list shows it; a failed one stays until its button is pressed."""
    return JobView(
        id=job.id,
        title=job.title,
        state=job.state,
        progress=None if job.share < 0 else job.share,
        eta_s=job.eta_s,
        detail=job.words,
        cancellable=job.state == "failed" or (job.cancel is not None and job.state == "running"),
    )


def run_view(handle: RunHandle) -> JobView:
    """A live run as the list shows it; Cancel stops it with a checkpoint."""
    history, share = handle.history, handle.history.share_done
    elapsed, pace = history.last("elapsed_s"), history.last("images_per_s")
    return JobView(
        id=str(handle.folder.path),
        title=f"Train {handle.folder.name}",
        state=STATES[handle.state],
        progress=share,
        eta_s=elapsed * (1 - share) / share if share and elapsed and share > 0.01 else None,
        rate=f"{format_count(pace)} images/s" if pace else "",
        detail=history.progress[1] if history.progress else "",
        cancellable=handle.state is not RunState.STOPPING,
    )
