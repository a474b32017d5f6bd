"""Where the chosen data set stands: found out, on its way, open, or what keeps it from being so. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workbench.app.application import App
from workbench.app.jobs import Job


class Stage(StrEnum):
    """What the page shows of the chosen data set."""

    INVALID = "invalid"
    ASKING = "asking"
    DOWNLOAD = "download"
    MISSING = "missing"
    CLOSED = "closed"
    OPENING = "opening"
    FAILED = "failed"
    OPEN = "open"


@dataclass(frozen=True)
class Status:
    """What the lab found on disk: "ready", "download" or "missing", and a sentence about it."""

    state: str
    words: str = ""


@dataclass(frozen=True)
class DataState:
    """The stage with the words that belong to it.

    message, hint : what is wrong and the way out, or what was found on disk
    job : the work in progress, while OPENING
    """

    stage: Stage
    message: str = ""
    hint: str = ""
    job: Job | None = None


def data_section(app: App) -> dict[str, Any]:
    """The recipe's data section; empty where the document is silent."""
    section = app.editor.document.get("data")
    return dict(section) if isinstance(section, Mapping) else {}


def facts_of(app: App) -> dict[str, Any] | None:
    """The facts of the chosen data set; None unless it is open with exactly these settings."""
    facts = app.data_facts
    return facts if facts is not None and facts["data"] == data_section(app) else None


def data_state(app: App, status: Status | None) -> DataState:
    """The state of the chosen data set; `status` is None while the lab has not answered for it."""
    if facts_of(app) is not None:
        return DataState(Stage.OPEN)
    job = opening_job(app)
    if job is not None and job.active:
        return DataState(Stage.OPENING, job.words, job=job)
    problem = next(iter(app.editor.problems_under("data").values()), "")
    if problem:
        return DataState(Stage.INVALID, problem)
    if job is not None and job.state == "failed":
        return DataState(Stage.FAILED, job.words, job.hint)
    if status is None:
        return DataState(Stage.ASKING)
    stages = {"download": Stage.DOWNLOAD, "missing": Stage.MISSING}
    return DataState(stages.get(status.state, Stage.CLOSED), status.words)


def opening_job(app: App) -> Job | None:
    """The last attempt to open the chosen data set with exactly these settings; None when there was none."""
    return app.data_job if app.data_asked == data_section(app) else None
