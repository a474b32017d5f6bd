"""The runs that the Train page lists: those of the workspace, as they are now where they are watched. No Qt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.app.supervisor import RunHandle
from workbench.core.units import format_count
from workbench.runs.catalogue import RunRow
from workbench.runs.folder import RunFolder
from workbench.runs.state import RunState

LOOKS = {
    RunState.QUEUED: ("more", "muted"),
    RunState.STARTING: ("refresh", "info"),
    RunState.RUNNING: ("play", "info"),
    RunState.PAUSED: ("pause", "warning"),
    RunState.STOPPING: ("stop", "warning"),
    RunState.COMPLETED: ("success", "success"),
    RunState.STOPPED: ("stop", "muted"),
    RunState.FAILED: ("error", "danger"),
    RunState.CRASHED: ("error", "danger"),
    RunState.ORPHANED: ("warning", "warning"),
}
"""State -> icon and colour token; its word is the state itself."""
_NUMBERED = re.compile(r"-(\d+)$")


@dataclass(frozen=True)
class RunItem:
    """One line of the list.

    share : done share of the budget in [0, 1], None where it is not known
    loss : newest; knn : best accuracy in [0, 1]
    found_by : what a search looks through
    alarm : title of the newest alarm that goes on, "" without
    mark : what tells it apart from others of the same name, "" where there are none
    """

    key: Path
    folder: RunFolder
    name: str
    state: RunState
    step: int = 0
    share: float | None = None
    loss: float | None = None
    knn: float | None = None
    found_by: str = ""
    alarm: str = ""
    mark: str = ""

    @property
    def words(self) -> str:
        """Its mark, state and results, short enough for a narrow column."""
        parts = [self.mark] if self.mark else []
        parts.append(str(self.state).capitalize())
        if self.state.live and self.share is None and self.step:
            parts.append(f"step {format_count(self.step)}")
        if self.loss is not None:
            parts.append(f"loss {self.loss:.3g}")
        if self.knn is not None:
            parts.append(f"kNN {100 * self.knn:.0f}%")
        return " · ".join(parts)

    @property
    def percent(self) -> str:
        """How far a live run is; "" for any other."""
        return f"{100 * self.share:.0f}%" if self.state.live and self.share is not None else ""

    def matches(self, search: str) -> bool:
        """Whether every word of a search occurs in name, state, objective, data set or backbone."""
        hay = f"{self.found_by} {self.name} {self.mark} {self.state}".lower()
        return all(word in hay for word in search.lower().split())


def of_row(row: RunRow) -> RunItem:
    """A run as the workspace's catalogue knows it."""
    seen = row.glance
    share = min(1.0, seen.step / seen.steps_total) if seen.steps_total else None
    return RunItem(
        row.folder.path.resolve(),
        row.folder,
        seen.name,
        row.state,
        seen.step,
        share,
        seen.loss,
        seen.knn,
        f"{seen.folder} {seen.objective} {seen.dataset} {seen.backbone}",
        seen.alarm,
    )


def merged(listed: Iterable[RunItem], handles: Mapping[Path, RunHandle]) -> list[RunItem]:
    """The listed runs, newest first, as they are now where they are watched; before them those that are only watched.

    A run whose journal is still being read keeps what the list knew.
    """
    known = {item.key: item for item in listed}
    others = [_of_handle(handle, None) for key, handle in reversed(list(handles.items())) if key not in known]
    return told_apart([
        *others,
        *(_of_handle(handles[key], item) if key in handles else item for key, item in known.items()),
    ])  # fmt: skip


def told_apart(items: Sequence[RunItem]) -> list[RunItem]:
    """The same runs; those of one name are marked by the number of their folder, its name or its place."""
    groups: dict[str, list[RunItem]] = {}
    for item in items:
        groups.setdefault(item.name, []).append(item)
    marks = {key: mark for group in groups.values() if len(group) > 1 for key, mark in _marks(group).items()}
    return [replace(item, mark=marks[item.key]) if item.key in marks else item for item in items]


def _marks(group: Sequence[RunItem]) -> dict[Path, str]:
    """The shortest kind of mark that differs for all of them."""
    folders = [item.folder.path for item in group]
    kinds = ([_number(path.name) for path in folders], [path.name for path in folders], [str(path) for path in folders])
    chosen = next((kind for kind in kinds if len(set(kind)) == len(kind)), kinds[-1])
    return {item.key: mark for item, mark in zip(group, chosen, strict=True)}


def _number(folder: str) -> str:
    """'#3' of 'simclr-3'; the first folder of a name has no number."""
    found = _NUMBERED.search(folder)
    return f"#{found[1]}" if found else "#1"


def _of_handle(handle: RunHandle, listed: RunItem | None) -> RunItem:
    if listed is not None and not handle.loaded:
        return replace(listed, state=handle.state) if handle.state.live else listed
    history, folder = handle.history, handle.folder
    knn = [value for _step, value in history.evaluated("knn")]
    seen = listed or RunItem(folder.path.resolve(), folder, folder.name, handle.state, found_by=folder.name)
    return replace(
        seen,
        state=handle.state,
        step=history.summary.step,
        share=history.share_done,
        loss=history.last("loss"),
        knn=max(knn, default=None),
        alarm=history.open_alarms[-1].title if history.open_alarms else "",
    )
