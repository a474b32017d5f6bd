"""Which runs are drawn over each other, in which colours, and what they were asked to do. No Qt."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.app.application import App
from workbench.app.chance import chance_of
from workbench.app.supervisor import RunHandle
from workbench.core.errors import RecipeError, WorkbenchError
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.toml_io import read_document
from workbench.runs.folder import RunFolder

KEPT_WATCHED = 8


@dataclass(frozen=True)
class Asked:
    """The recipe of a run: its document, the recipe where it is valid, and else what is wrong with it."""

    document: dict[str, Any]
    recipe: Recipe | None
    problem: str


def read_asked(folder: RunFolder, catalogue: Catalogue) -> Asked:
    """What a run was asked to do, as far as it can be read."""
    try:
        document = read_document(folder.recipe)
    except RecipeError as error:
        return Asked({}, None, str(error))
    try:
        return Asked(document, build(document, catalogue), "")
    except RecipeError as error:
        return Asked(document, None, str(error))


class ShownRuns:
    """The run that is looked at and those that are kept beside it; the present one of `app.current` is always drawn.

    Ended runs that are drawn no longer are watched no longer, but for the last few, so that going back is quick.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._kept: dict[Path, int] = {}
        self._asked: dict[Path, Asked | None] = {}
        self._opened: OrderedDict[Path, None] = OrderedDict()

    @property
    def reading(self) -> bool:
        """Whether a recipe is still being read."""
        return any(asked is None for asked in self._asked.values())

    def look_at(self, folder: RunFolder) -> None:
        """Make a run the present one; raises RunError where its folder is gone."""
        self._app.current = self._watch(folder)

    def toggle(self, folder: RunFolder) -> None:
        """Keep a run beside the present one, or keep it no longer; raises RunError where its folder is gone."""
        key = folder.path.resolve()
        if key in self._kept:
            del self._kept[key]
        else:
            self._watch(folder)
            taken = set(self._kept.values())
            if self._current_key() not in (*self._kept, key, None):
                taken.add(self._free_slot())  # the present run keeps its colour
            self._kept[key] = _free(taken)

    def kept(self, key: Path) -> bool:
        return key in self._kept

    def drawn(self) -> dict[Path, tuple[RunHandle, int]]:
        """The runs to draw with their colour numbers, the present one first."""
        handles, current = self._app.supervisor.handles, self._current_key()
        numbers = dict(self._kept)
        if current is not None and current not in numbers:
            numbers = {current: self._free_slot(), **numbers}
        elif current is not None:
            numbers = {current: numbers[current], **numbers}
        return {key: (handles[key], number) for key, number in numbers.items() if key in handles}

    def asked(self, handle: RunHandle) -> Asked | None:
        """The run's recipe; None while it is being read."""
        key = handle.folder.path
        if key not in self._asked:
            self._asked[key] = None
            self._app.background.run(
                lambda: read_asked(handle.folder, self._app.catalogue),
                lambda found: self._asked.__setitem__(key, found),
                lambda error: self._unreadable(key, error),
            )
        return self._asked[key]

    def chance(self, handle: RunHandle) -> float | None:
        """The loss that this run would have at chance."""
        asked = self.asked(handle)
        return chance_of(asked.document, self._app.catalogue, handle.history) if asked else None

    def _unreadable(self, key: Path, error: WorkbenchError) -> None:
        self._asked[key] = Asked({}, None, str(error))

    def _current_key(self) -> Path | None:
        return self._app.current.folder.path.resolve() if self._app.current else None

    def _free_slot(self) -> int:
        return _free(set(self._kept.values()))

    def _watch(self, folder: RunFolder) -> RunHandle:
        key = folder.path.resolve()
        if key not in self._app.supervisor.handles or key in self._opened:
            self._opened[key] = None
            self._opened.move_to_end(key)
        handle = self._app.supervisor.attach(folder)
        self._leave_old()
        return handle

    def _leave_old(self) -> None:
        handles = self._app.supervisor.handles
        needed = {self._current_key(), *self._kept}
        spare = [key for key in self._opened if key not in needed and not (key in handles and handles[key].state.live)]
        for key in spare[: max(0, len(spare) - KEPT_WATCHED)]:
            del self._opened[key]
            if key in handles:
                self._app.supervisor.detach(handles[key])


def _free(taken: set[int]) -> int:
    return next(number for number in range(len(taken) + 1) if number not in taken)
