"""The objective that is looked at, at work on pictures of the user's choice: untrained, or as a run has trained it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from workbench.app.figure_names import named_by_class
from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.figures.browser import FigureBrowser
from workbench.gui.pages.explore.places import places
from workbench.gui.pages.views.eyes.controls import combo, fill
from workbench.gui.pages.views.eyes.question import Question
from workbench.gui.pages.views.eyes.waiting import Waiting
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, label, push_button
from workbench.gui.widgets.containers import EmptyState
from workbench.gui.widgets.notice import Notice
from workbench.gui.widgets.thumbnails import Picture, ThumbnailGrid
from workbench.plugins.specs import FigureSpec

PREFIX = "figure_"
STRIP = 16
UNTRAINED = ""
_THUMB_PX = 44
_DECIDING = ("schema", "seed", "data", "views", "backbone", "objective", "training")
"""Sections of the recipe that decide what is seen; a change of the others asks nothing anew."""
_HINT = "Click pictures to look at them first; they stay when the others are shuffled."


class AtWorkPanel(QWidget):
    """Works only while it is in sight; every question goes to the lab for long work, after a pause."""

    id = "at-work"
    title = "At work"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge, self._app = bridge, bridge.app
        self._objective, self._source = "", UNTRAINED
        self._handful: int | None = None
        self._chosen: list[int] = []
        self.question = Question(bridge, "objective_figures", "objective-figures", self)
        self.name = ElidedLabel("", "heading")
        self.source = combo("Network", 200)
        self.shuffle = push_button("Shuffle", "", "refresh", "Other pictures of the training split; chosen ones stay")
        self.strip = ThumbnailGrid(_THUMB_PX)
        self.hint = label(_HINT, "caption")
        self.notice = Notice(closable=False)
        self.browser = FigureBrowser(bridge, "")
        self.progress = Waiting()
        self.empty = EmptyState("eye", "", "")
        self._lay_out()
        self._connect()

    def refresh(self, objective: str) -> None:
        """Show this objective with the recipe as it now is; does nothing while out of sight."""
        if not self.isVisible():
            return
        catalogue = self._app.catalogue
        if not catalogue.has("objective", objective):
            self._say_nothing("No objective is chosen", "Choose one under Objective.")
            return
        spec = catalogue.objective(objective).spec
        if objective != self._objective:
            self._objective, self._source = objective, UNTRAINED
            self.browser.show_figures((), {})
        self.name.set_full_text(spec.title)
        if not spec.figures:
            self._say_nothing(f"{spec.title} has no figures", "What it learns shows in the curves of a run.")
            return
        self.pages.setCurrentIndex(0)
        self._offer_sources()
        self._ask()

    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return self.question.busy

    def retheme(self) -> None:
        self.browser.retheme()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.question.drop()

    # -- building --------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(SPACE_S)
        head.addWidget(self.name, 1)
        head.addWidget(self.source, 1)
        head.addWidget(self.shuffle)
        card = QFrame()
        card.setProperty("card", True)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        inside.addWidget(self.browser)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(head)
        column.addWidget(self.strip)
        column.addWidget(self.hint)
        column.addWidget(self.notice)
        column.addWidget(card, 1)
        column.addWidget(self.progress)
        self.pages = QStackedWidget()
        self.pages.addWidget(body)
        self.pages.addWidget(self.empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        whole.addWidget(self.pages)

    def _connect(self) -> None:
        self.source.activated.connect(lambda _index: self._choose_source())
        self.shuffle.clicked.connect(self._shuffle)
        self.strip.chosen.connect(self._toggle)
        self.notice.acted.connect(self._try_again)
        self.progress.cancelled.connect(self.question.drop)
        self.question.moved.connect(self.progress.show_share)
        self.question.changed.connect(self._show_waiting)
        self.question.answered.connect(lambda answer: self._show(*answer))
        self.question.failed.connect(self._fail)

    # -- asking ----------------------------------------------------------------------------------------------------

    def _offer_sources(self) -> None:
        """The untrained network, and the runs of this objective, newest first."""
        editor = self._app.editor
        id_ = str(editor.value("backbone.id") or "")
        known = self._app.catalogue.has("backbone", id_)
        untrained = f"{self._app.catalogue.get('backbone', id_).title if known else id_}, untrained"
        trained = {row.folder.path.resolve() for row in self._app.run_rows if self._is_of(row.glance)}
        runs = [(place.title, str(place.path)) for place in places(self._app) if place.path.resolve() in trained]
        if self._source not in {key for _, key in runs}:
            self._source = UNTRAINED
        fill(self.source, [(untrained, UNTRAINED), *runs], self._source)

    def _is_of(self, glance: Any) -> bool:
        return bool(glance.objective == self._objective and glance.step > 0)

    def _ask(self) -> None:
        self.question.ask(self._wanted())

    def _wanted(self) -> dict[str, Any]:
        pictures = {"index": list(self._chosen), "handful": self._handful}
        if self._source:
            return {"run": self._source, "step": self._newest(), **pictures}
        editor = self._app.editor
        document = editor.document
        if editor.value("objective.id") != self._objective:
            document = editor.with_choice("objective", self._objective)
        return {"recipe": {key: document[key] for key in _DECIDING if key in document}, **pictures}

    def _newest(self) -> int | None:
        """The newest checkpoint of a run that is watched, so that a later one is asked for; None leaves it open."""
        handle = self._app.supervisor.handles.get(Path(self._source).resolve())
        return max(handle.history.checkpoints, default=None) if handle is not None else None

    def _choose_source(self) -> None:
        self._source = str(self.source.currentData())
        self._chosen, self._handful = [], None  # another run may have learned from other data
        self._ask()

    def _shuffle(self) -> None:
        self._handful = 0 if self._handful is None else self._handful + 1
        self._ask()

    def _toggle(self, position: object) -> None:
        at = int(str(position))
        self._chosen = [one for one in self._chosen if one != at] if at in self._chosen else [*self._chosen, at]
        self.strip.set_marked(self._chosen)
        self._ask()

    def _try_again(self) -> None:
        self.question.forget()
        self._ask()

    # -- showing ---------------------------------------------------------------------------------------------------

    def _show(self, result: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        self.notice.hide()
        index, labels = arrays["index"].tolist(), result["labels"]
        rows = list(zip(arrays["pictures"], index, labels, strict=True))[:STRIP]
        self.strip.set_pictures([Picture(pixels, tip=words or f"sample {at}", key=at) for pixels, at, words in rows])
        self.strip.set_marked(self._chosen)
        self.browser.stem = f"{self._objective} {result['title']}"
        made = {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
        specs = [FigureSpec.model_validate(document) for document in result["figures"]]
        self.browser.show_figures(named_by_class(specs, made, result["classes"]), made)

    def _fail(self, error: WorkbenchError) -> None:
        self.browser.show_figures((), {})
        self.notice.show_message(error.message, error.hint, "danger", "Try again")

    def _say_nothing(self, title: str, sentence: str) -> None:
        self.question.drop()
        self.empty.set_words(title, sentence)
        self.pages.setCurrentWidget(self.empty)

    def _show_waiting(self) -> None:
        if self.question.busy:
            self.progress.begin()
        else:
            self.progress.hide()
