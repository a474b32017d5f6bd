"""The inspector of the Train page: what a run was asked to do, on what it ran, what it left, what it warned of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from workbench.app.application import App
from workbench.app.supervisor import RunHandle
from workbench.app.words import CHIPS
from workbench.core.units import format_count
from workbench.gui.pages.train.shown import Asked
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label, push_button
from workbench.gui.widgets.containers import Inspector
from workbench.recipes.diff import diff
from workbench.recipes.models import Recipe

Rows = Sequence[tuple[str, str]]
_MOST_CHANGES, _MOST_NOTICES, _MOST_SKIPPED = 40, 50, 20


class RunInspector(Inspector):
    """Facts of the run that is looked at.

    Signals
    -------
    taken_over(None) : its recipe is wanted as the edited one
    """

    taken_over = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._state: object = None
        self.tables = {
            "recipe": FactTable(),
            "diff": FactTable(stacked=True),
            "machine": FactTable(),
            "versions": FactTable(),
            "checkpoints": FactTable(),
            "data": FactTable(stacked=True),
            "notices": FactTable(stacked=True),
        }
        titles = {
            "recipe": "Recipe",
            "diff": "Changed in the edited recipe",
            "machine": "Machine",
            "versions": "Versions",
            "checkpoints": "Checkpoints",
            "data": "Data",
            "notices": "Notices",
        }
        self.take_over = push_button("Edit this recipe", "", "undo", "Make it the edited recipe; Undo goes back")
        self.take_over.clicked.connect(lambda: self.taken_over.emit(None))
        for id_, table in self.tables.items():
            self.add_section(id_, titles[id_], self._with_button(table) if id_ == "diff" else table)
        self.section("versions").set_open(False)
        self.show_only([])

    def show_run(self, app: App, handle: RunHandle, asked: Asked | None) -> None:
        """Show a run; nothing happens where nothing has changed."""
        history = handle.history
        state = (
            handle,
            asked,
            app.editor.recipe,
            bool(history.running),
            bool(history.data),
            len(history.notices),
            tuple(history.checkpoints),
            history.summary.starts,
            handle.damaged,
        )
        if state == self._state:
            return
        self._state = state
        notices = notices_of(handle)
        self.tables["recipe"].show_rows(recipe_rows(app, handle, asked))
        changes = change_rows(asked, app.editor.recipe)
        self.tables["diff"].show_rows(changes)
        self.take_over.setEnabled(asked is not None and asked.recipe is not None and asked.recipe != app.editor.recipe)
        self.tables["machine"].show_rows(machine_rows(handle))
        self.tables["versions"].show_rows(version_rows(handle))
        self.tables["checkpoints"].show_rows(checkpoint_rows(handle))
        self.tables["data"].show_rows(data_rows(handle))
        self.tables["notices"].show_rows(notices)
        wanted = ("recipe", "diff", "machine", "versions", "checkpoints", "data", *(("notices",) if notices else ()))
        self.show_only(wanted)

    def clear(self) -> None:
        """Show no run."""
        self._state = None
        self.show_only([])

    def _with_button(self, table: FactTable) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(table)
        column.addWidget(self.take_over, 0, Qt.AlignmentFlag.AlignLeft)
        return body


class FactTable(QWidget):
    """Names and values in two columns, or each value under its name."""

    def __init__(self, stacked: bool = False) -> None:
        super().__init__()
        self._stacked = stacked
        self._rows: Rows = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE_S)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)

    def show_rows(self, rows: Rows) -> None:
        """Show these facts."""
        if rows == self._rows:
            return
        self._rows = rows
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, (name, value) in enumerate(rows):
            self._add(number, name, value)

    def words(self) -> str:
        """Everything that is shown, for tests of what a user reads."""
        return "\n".join(f"{name} {value}".strip() for name, value in self._rows)

    def _add(self, number: int, name: str, value: str) -> None:
        top = Qt.AlignmentFlag.AlignTop
        what, words = label(name, "muted", wrap=self._stacked), label(value, "", wrap=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if not self._stacked:
            self._grid.addWidget(what, number, 0, top)
            self._grid.addWidget(words, number, 1, top)
            return
        self._grid.addWidget(what, 2 * number, 0, 1, 2)
        if value:
            self._grid.addWidget(words, 2 * number + 1, 0, 1, 2)


def recipe_rows(app: App, handle: RunHandle, asked: Asked | None) -> Rows:
    """The recipe in the words of the recipe bar."""
    if asked is None:
        return [("Reading…", "")]
    chips = CHIPS.values() if asked.document else ()
    rows = [(caption, words(asked.document, app.catalogue)) for caption, words in chips]
    if asked.problem:
        rows.append(("Problem", asked.problem))
    return [*rows, ("Folder", handle.folder.name)]


def change_rows(asked: Asked | None, edited: Recipe | None) -> Rows:
    """What the edited recipe has otherwise."""
    if asked is None or asked.recipe is None:
        return [("The run's recipe cannot be compared.", "")]
    if edited is None:
        return [("The edited recipe has problems.", "")]
    found = diff(asked.recipe, edited)
    changes = [(change.key, f"{_shown(change.before)} → {_shown(change.after)}") for change in found]
    if not changes:
        return [("Nothing: the edited recipe is the same.", "")]
    more = [(f"and {len(changes) - _MOST_CHANGES} more", "")] if len(changes) > _MOST_CHANGES else []
    return [*changes[:_MOST_CHANGES], *more]


def machine_rows(handle: RunHandle) -> Rows:
    """Where it ran."""
    running, process = handle.history.running, handle.history.summary.process
    names = {"device": "Device", "precision": "Precision", "threads": "Threads"}
    rows = [(title, str(running[name])) for name, title in names.items() if name in running]
    if isinstance(running.get("parameters"), int):
        rows.append(("Parameters", format_count(running["parameters"])))
    if process is not None:
        rows.append(("Host", process.host))
    created = handle.history.summary.created_t
    if created:
        rows.append(("Started", f"{datetime.fromtimestamp(created):%Y-%m-%d %H:%M}"))
    return rows or [("Not started yet", "")]


def version_rows(handle: RunHandle) -> Rows:
    """With which libraries."""
    versions = handle.history.running.get("versions")
    if not isinstance(versions, dict):
        return [("Not known", "")]
    return [(name, str(version)) for name, version in versions.items() if version] or [("Not known", "")]


def data_rows(handle: RunHandle) -> Rows:
    """How many samples each split has, and which were skipped."""
    data = handle.history.data
    if not data:
        return [("Not read yet", "")]
    rows: list[tuple[str, str]] = []
    for split in ("train", "test"):
        info = data.get(split)
        if isinstance(info, dict):
            rows.append((split.capitalize(), _split_words(info)))
            rows += [(str(name), str(why)) for name, why in _skipped(info)]
    return rows


def notices_of(handle: RunHandle) -> Rows:
    """Warnings and alarms, newest first, and how much of the journal could not be read."""
    damaged = [(f"{handle.damaged} lines of the journal could not be read.", "")] if handle.damaged else []
    notices = handle.history.notices[-_MOST_NOTICES:]
    return [*damaged, *((f"Step {one.step:,}", f"{one.message} {one.hint}".strip()) for one in reversed(notices))]


def _split_words(info: dict[str, Any]) -> str:
    skipped = info.get("skipped_count") or 0
    return f"{info.get('samples', 0):,} samples" + (f", {skipped:,} skipped" if skipped else "")


def _skipped(info: dict[str, Any]) -> list[tuple[str, str]]:
    listed = info.get("skipped") or []
    return [(entry.get("path", ""), entry.get("reason", "")) for entry in listed[:_MOST_SKIPPED]]


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def checkpoint_rows(handle: RunHandle) -> list[tuple[str, str]]:
    """Step and folder of each checkpoint, newest first; one that the journal tells of and the disk lacks says so."""
    whole = {ref.step for ref in handle.folder.whole_checkpoints()}
    told = reversed(handle.history.checkpoints.items())
    rows = [(f"step {step:,}", name if step in whole else "missing or incomplete on disk") for step, name in told]
    return rows or [("None yet", "")]
