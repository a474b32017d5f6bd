"""Views of one picture on the embedding map of a run."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.explorer.colours import of_theme
from workbench.gui.explorer.legend import Legend
from workbench.gui.pages.explore import sets
from workbench.gui.pages.explore.colouring import Colouring, colouring
from workbench.gui.pages.explore.sets import OpenedSet
from workbench.gui.pages.views.eyes.answers import map_csv
from workbench.gui.pages.views.eyes.choices import Encoder
from workbench.gui.pages.views.eyes.figure import Figure, framed
from workbench.gui.pages.views.eyes.question import Question
from workbench.gui.pages.views.eyes.tethers import TetherMap, save_map
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, icon_button, label
from workbench.gui.widgets.containers import EmptyState
from workbench.gui.widgets.thumbnails import Picture, ThumbnailGrid

PCA = "pca"
VIEWS, STRIP_PX, OFFERED, OFFERED_PX = 8, 36, 9, 56
_POINT_PX, _LEGEND_PX = 5, 300
_NO_RUN = (
    "The map belongs to a run",
    "Choose a checkpoint of a run above. Untrained and pretrained encoders have no embedding map.",
)


class MapFigure(Figure):
    """A run's embedding in grey or colours, one picture of it, and what becomes of its views."""

    id = "map"
    title = "Map"
    tip = "Views of one picture on the embedding map, joined to their original"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self.row = 0
        self.opened: OpenedSet | None = None
        self.marks = np.zeros((0, 2))
        self.similarity = np.zeros(0)
        self._colouring: Colouring | None = None
        self._folder: Path | None = None
        self._offer_number = 0
        self._loading = 0
        self._title = ""
        question = Question(bridge, "views_on_map", "eyes-map", self)
        question.answered.connect(lambda found: self._answered(*found))
        self.standing(question)
        self._build()

    def _build(self) -> None:
        self.layouts = QComboBox()
        self.layouts.setAccessibleName("Layout of the map")
        self.layouts.currentIndexChanged.connect(lambda _index: self.wanted.emit())
        self.back = icon_button("chevron-left", "The picture before this one", "")
        self.forward = icon_button("chevron-right", "The next picture", "")
        self.another = icon_button("refresh", "Some other picture", "")
        self.back.clicked.connect(lambda: self.choose(self.row - 1))
        self.forward.clicked.connect(lambda: self.choose(self.row + 1))
        self.another.clicked.connect(lambda: self.choose(random.randrange(self._count())))
        self.words = ElidedLabel("", "muted")
        self.map = TetherMap(of_theme(current_theme()))
        self.map.set_point_size(_POINT_PX)
        self.map.clicked.connect(lambda row: self.choose(row) if row is not None else None)
        self.strip = ThumbnailGrid(STRIP_PX)
        self.legend = Legend(of_theme(current_theme()))
        self.legend.visibility_changed.connect(self.map.hide_codes)
        self.legend.setMinimumHeight(_LEGEND_PX)
        self.offered = ThumbnailGrid(OFFERED_PX, columns=3)
        self.offered.chosen.connect(self.choose)
        self.unmapped = EmptyState("explore", *_NO_RUN)
        self.unembedded = EmptyState("explore", "Not embedded yet", "", (("embed", "Embed the test split"),))
        self.unembedded.acted.connect(self.acted)
        self.stack = QStackedWidget()
        for part in (self._map_side(), self.unmapped, self.unembedded):
            self.stack.addWidget(part)
        self.column.addWidget(self.stack, 1)
        self._side = _column(
            label("Click a picture, or a point of the map.", "muted", wrap=True), self.offered, self.legend
        )

    def _map_side(self) -> QWidget:
        side = QWidget()
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        for part in (self.layouts, self.back, self.forward, self.another):
            line.addWidget(part)
        line.addWidget(self.words, 1)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(line)
        column.addWidget(framed(self.map), 1)
        column.addWidget(self.strip)
        column.addWidget(self.caption)
        return side

    # -- asking ----------------------------------------------------------------------------------------------------

    def ask(self, encoder: Encoder, step: int | None, common: Mapping[str, Any]) -> None:
        folder = encoder.embedded.get(step) if step is not None else None
        if folder is None:
            self._show_empty(encoder, step)
            return
        if folder != self._folder:
            self._folder, self.opened = folder, None
            self._offer_layouts((), PCA)
        self.stack.setCurrentIndex(0)
        params = {name: common[name] for name in ("views", "seed")}
        chosen = {"embeddings": str(folder), "layout": self.layouts.currentData(), "row": self.row}
        self.questions[0].ask({**params, **chosen, "count": VIEWS, "encoder": encoder.document(self.app, step)})

    def busy(self) -> bool:
        return super().busy() or self._loading > 0

    def clear(self) -> None:
        super().clear()
        self.opened, self.marks, self.similarity = None, np.zeros((0, 2)), np.zeros(0)
        self.map.show_set(np.zeros((0, 2), np.float32), np.zeros(0, np.uint16), np.zeros((1, 4), np.uint8), self.marks)
        self.strip.set_pictures([])
        self.words.set_full_text("")
        self.caption.clear()

    def choose(self, row: object) -> None:
        """Look at another picture of the set; a number beyond its ends goes round."""
        if isinstance(row, int):
            self.row = row % self._count()
            self.wanted.emit()

    def _count(self) -> int:
        return len(self.opened) if self.opened is not None else 1

    def _show_empty(self, encoder: Encoder, step: int | None) -> None:
        self.drop()
        if encoder.run is None:
            self.stack.setCurrentWidget(self.unmapped)
            return
        words = f"Embedding sends the test pictures through the encoder as it was at step {step or 0:,}."
        self.unembedded.set_words("Not embedded yet", words)
        self.stack.setCurrentWidget(self.unembedded)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _answered(self, result: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        folder, layout = self._folder, str(result["layout"])
        opened = self.opened
        if opened is not None and opened.folder == folder and opened.layout_name == layout:
            self._show(result, arrays, opened)
            return
        self._loading += 1

        def work() -> tuple[OpenedSet, Colouring]:
            assert folder is not None
            found = sets.load(folder, layout)
            return found, colouring(found, sets.LABEL if sets.LABEL in found.columns else "")

        def done(found: tuple[OpenedSet, Colouring]) -> None:
            self._end_loading()
            if folder == self._folder:
                self._colouring = found[1]
                self._show(result, arrays, found[0])

        def failed(error: WorkbenchError) -> None:
            self._end_loading()
            self.app.fail(error)

        self.app.background.run(work, done, failed)

    def _end_loading(self) -> None:
        self._loading -= 1
        self.worked.emit()

    def _show(self, result: Mapping[str, Any], arrays: Mapping[str, Any], opened: OpenedSet) -> None:
        assert self._colouring is not None
        assert opened.layout is not None
        fresh, self.opened = self.opened is not opened, opened
        self.marks, self.similarity = np.asarray(arrays["xy"], np.float64), np.asarray(arrays["similarity"])
        colours = self._colouring
        hidden = frozenset() if fresh else self.legend.hidden
        self.map.show_set(opened.layout.xy, colours.codes, colours.table, self.marks, hidden=hidden, fit=fresh)
        if fresh:
            colours.show_in(self.legend)
            self._offer_layouts(opened.stored.layouts(), opened.layout_name)
        self._offer_pictures(opened)
        name = opened.label(self.row)
        self.words.set_full_text(f"Picture {self.row + 1:,} of {len(opened):,}{f' · {name}' if name else ''}")
        self._title = f"{len(self.similarity)} views of picture {self.row + 1:,} ({result['encoder']})"
        self._show_strip(arrays["pictures"])
        self.caption.setText(_caption(result))

    def _show_strip(self, pixels: Any) -> None:
        original = Picture(pixels[0], "O", "The original", key=0)
        views = [
            Picture(picture, f"{at}", f"View {at}: similarity {alike:.3f} to the original", key=at)
            for at, (picture, alike) in enumerate(zip(pixels[1:], self.similarity.tolist(), strict=True), start=1)
        ]
        self.strip.set_pictures([original, *views])

    def _offer_layouts(self, names: tuple[str, ...], chosen: str) -> None:
        """PCA, which the lab computes where it is missing, and the layouts that there are."""
        blocker = QSignalBlocker(self.layouts)
        self.layouts.clear()
        for name in (PCA, *(name for name in names if name != PCA)):
            self.layouts.addItem(name.upper(), name)
        self.layouts.setCurrentIndex(max(0, self.layouts.findData(chosen)))
        blocker.unblock()

    def _offer_pictures(self, opened: OpenedSet) -> None:
        """Some pictures of the set, always the same ones, to click."""
        rows = random.Random(0).sample(range(len(opened)), min(OFFERED, len(opened)))
        self.offered.set_pictures([Picture(opened.picture(row), tip=opened.label(row), key=row) for row in rows])
        self.offered.set_selected(self.row)

    def retheme(self) -> None:
        colours = of_theme(current_theme())
        self.map.set_plot_colours(colours)
        self.legend.set_plot_colours(colours)

    def side(self) -> QWidget:
        return self._side

    def csv(self) -> str:
        return map_csv(self.marks, self.similarity) if len(self.marks) else ""

    def draw_to(self, path: Path) -> None:
        save_map(path, self.map, self.legend.content, self._title)


def _caption(result: Mapping[str, Any]) -> str:
    if result["exact"]:
        return "O is the original. PCA is linear: the views lie exactly where the encoder puts them."
    return (
        f"O is the original. This layout has no rule for new points: each view lies at the mean of its "
        f"{result['neighbours']} nearest samples, weighted by 1 / distance."
    )


def _column(*parts: QWidget) -> QWidget:
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE_M)
    for part in parts:
        column.addWidget(part)
    return body
