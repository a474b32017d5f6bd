"""The chosen data set: its facts, labels and samples when it is open, and what to do when it is not."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.app.jobs import Job
from workbench.core.units import format_duration
from workbench.gui.bridge import Bridge
from workbench.gui.forms import SchemaForm
from workbench.gui.pages.data.facts import FactsCard, LabelsCard, open_rows, skipped_of, spec_rows
from workbench.gui.pages.data.labels import ROW_HEIGHT
from workbench.gui.pages.data.samples import SamplesCard
from workbench.gui.pages.data.state import DataState, Stage
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.activity import ProgressLine
from workbench.gui.widgets.basics import ElidedLabel, icon_button, push_button
from workbench.gui.widgets.containers import EmptyState, Section
from workbench.gui.widgets.notice import Notice
from workbench.plugins.catalogue import Entry
from workbench.plugins.specs import DatasetSpec

NO_NETWORK = (
    "Without a network, set Folder in the settings to where the files already are; or press Download all the same: "
    "the message that follows lists each file and where to put it."
)
_LABEL_ROWS = 10


class DataPanel(QScrollArea):
    """Shows one data set; says what the user wants by a signal.

    Signals
    -------
    wanted(action) : "open", "cancel", "reload", or the id of a command
    edited((name, value)) : a setting of the source was changed
    """

    wanted = Signal(object)
    edited = Signal(object)

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._facts: dict[str, Any] | None = None
        self._empty_key: tuple[object, ...] = ()
        self._empty: EmptyState | None = None
        self._settings_key: tuple[object, ...] = ()
        self.title = ElidedLabel("", "title")
        self.summary = ElidedLabel("", "muted")
        self.reload = icon_button("refresh", "Read the files again")
        self.reload.clicked.connect(lambda: self.wanted.emit("reload"))
        self.notice = Notice(closable=False)
        self.notice.acted.connect(lambda _none: self.wanted.emit("open"))
        self.opening = OpeningStrip()
        self.opening.cancel.clicked.connect(lambda: self.wanted.emit("cancel"))
        self.facts_card, self.labels_card = FactsCard(), LabelsCard()
        self.samples = SamplesCard(bridge)
        self.form = SchemaForm()
        self.form.edited.connect(self.edited)
        self.settings = Section("Settings")
        self.settings.add(self.form)
        self.settings.hide()
        self.settings_button = push_button("Settings", "", "gear", "Show where and how the files are read")
        self.settings_button.setCheckable(True)
        self.settings_button.toggled.connect(self.settings.setVisible)
        self._lay_out()
        self._connect_filter()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE_S)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.summary)
        head.addLayout(words, 1)
        head.addWidget(self.settings_button)
        head.addWidget(self.reload)
        about = QHBoxLayout()
        about.setSpacing(SPACE_M)
        about.addWidget(self.facts_card, 1)
        about.addWidget(self.labels_card, 1)
        self._empty_place = QVBoxLayout()
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_L)
        self._column.setSpacing(SPACE_M)
        self._column.addLayout(head)
        for part in (self.notice, self.opening):
            self._column.addWidget(part)
        self._column.addLayout(about)
        self._column.addWidget(self.settings)
        self._column.addWidget(self.samples, 1)
        self._column.addLayout(self._empty_place, 1)
        self._column.addStretch(0)
        self.labels_card.area.setFixedHeight(_LABEL_ROWS * ROW_HEIGHT)
        self.setWidgetResizable(True)
        self.setWidget(inside)

    def _connect_filter(self) -> None:
        self.labels_card.chosen.connect(self.samples.set_label)
        self.samples.filtered.connect(self.labels_card.bars.set_selected)
        self.samples.split_changed.connect(lambda _name: self.labels_card.set_split(self.samples.shown_split()))

    def shows(self, facts: dict[str, Any] | None) -> bool:
        """Whether these facts have arrived in the cards."""
        return facts is self._facts

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_set(self, entry: Entry[DatasetSpec], values: dict[str, Any], problems: dict[str, str]) -> None:
        """Show whose settings these are, and what is wrong with them."""
        path = str(values.get("path", "")).rstrip("/")
        own = entry.spec.origin == "import" and bool(path)
        self.title.set_full_text(path.rsplit("/", 1)[-1] if own else entry.title)
        self.summary.set_full_text(f"{entry.title}  ·  {path}" if own else entry.spec.summary)
        self.form.set_schema(entry.schema_)
        self.form.set_values({**entry.defaults(), **values})
        self.form.set_problems(problems)
        for field in self.form.findChildren(QWidget):
            field.setAcceptDrops(False)  # a file dropped on a field is an import too
        self.settings_button.setVisible(bool(entry.schema_.get("properties")))

    def show_state(self, entry: Entry[DatasetSpec], state: DataState, facts: dict[str, Any] | None) -> None:
        """Show where the data set stands; `facts` are there when it is open."""
        is_open = state.stage is Stage.OPEN
        self.opening.show_job(state.job)
        self.reload.setVisible(is_open)
        self._show_problem(state)
        self._show_facts(entry, facts)
        self._reveal_settings(entry, state)
        self.samples.setVisible(is_open)
        self.labels_card.setVisible(is_open)
        self._show_empty(entry, state)

    def _show_problem(self, state: DataState) -> None:
        if state.stage is Stage.FAILED:
            self.notice.show_message(state.message, state.hint, "danger", "Try again")
        else:
            self.notice.hide()

    def _show_facts(self, entry: Entry[DatasetSpec], facts: dict[str, Any] | None) -> None:
        rows = open_rows(facts) if facts is not None else spec_rows(entry.spec)
        self.facts_card.set_rows(rows)
        self.facts_card.setVisible(bool(rows))
        self.facts_card.set_skipped(*(skipped_of(facts) if facts is not None else (0, [])))
        if facts is not self._facts:
            self._facts = facts
            self.samples.set_facts(facts)
            self.labels_card.bars.set_selected(None)
            if facts is not None:
                self.labels_card.set_split(self.samples.shown_split())

    def _reveal_settings(self, entry: Entry[DatasetSpec], state: DataState) -> None:
        """Shown where they are in the way; what the user shows or hides stays so until the state changes."""
        key = (entry.id, state.stage)
        if key != self._settings_key:
            self._settings_key = key
            waits = state.stage in (Stage.CLOSED, Stage.FAILED) and entry.spec.origin == "import"
            wanted = waits or state.stage in (Stage.INVALID, Stage.MISSING)
            self.settings_button.setChecked(wanted and not self.settings_button.isHidden())

    def _show_empty(self, entry: Entry[DatasetSpec], state: DataState) -> None:
        content = empty_content(entry, state)
        key = content or ()
        if key == self._empty_key:
            return
        self._empty_key = key
        if self._empty is not None:
            self._empty_place.removeWidget(self._empty)
            self._empty.hide()
            self._empty.deleteLater()
        self._empty = EmptyState(*content) if content is not None else None
        if self._empty is not None:
            self._empty.acted.connect(self.wanted)
            self._empty_place.addWidget(self._empty)


def empty_content(
    entry: Entry[DatasetSpec], state: DataState
) -> tuple[str, str, str, tuple[tuple[str, str], ...]] | None:
    """Icon, title, sentence and actions of what stands in place of the samples; None where nothing does."""
    match state.stage:
        case Stage.ASKING:
            return "data", "Looking for the files", "The lab is starting; this takes a few seconds the first time.", ()
        case Stage.DOWNLOAD:
            return "import", "Not on this machine yet", f"{state.message} {NO_NETWORK}", (("open", "Download"),)
        case Stage.MISSING:
            return "folder", "Its files are not here", state.message, (("check", "Look again"),)
        case Stage.CLOSED:
            words = state.message or "Read the files to see the samples."
            return "data", "Not read yet", words, (("open", "Read the files"),)
        case Stage.INVALID if entry.spec.origin == "import":
            folder = entry.id == "image-folder"
            action = ("data.import-folder", "Choose a folder…") if folder else ("data.import-file", "Choose a file…")
            return "folder", "Choose your files", "Set them above, or drop them on this page.", (action,)
        case Stage.INVALID:
            return "warning", "The settings need a change", state.message, ()
    return None


class OpeningStrip(QFrame):
    """Work in progress, with Cancel."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.title = ElidedLabel("", "strong")
        self.words = ElidedLabel("", "caption")
        self.bar = ProgressLine()
        self.cancel = push_button("Cancel")
        words = QVBoxLayout()
        words.setSpacing(SPACE_XS)
        for part in (self.title, self.bar, self.words):
            words.addWidget(part)
        line = QHBoxLayout(self)
        line.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        line.setSpacing(SPACE_M)
        line.addLayout(words, 1)
        line.addWidget(self.cancel)
        self.hide()

    def show_job(self, job: Job | None) -> None:
        """Show this job; None hides the strip."""
        self.setVisible(job is not None)
        if job is None:
            return
        eta = job.eta_s
        left = f"  ·  {format_duration(eta)} left" if eta is not None else ""
        self.title.set_full_text(job.title)
        self.words.set_full_text(f"{job.words or 'Waiting for the lab'}{left}")
        self.bar.set_share(job.share if job.share >= 0 else None)
        self.cancel.setEnabled(job.state == "running")
