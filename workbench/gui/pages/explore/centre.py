"""The middle of the Explore page: the map with its legend and foot, or what to do before there is one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from workbench.app.jobs import Job
from workbench.core.units import format_duration
from workbench.gui.explorer.colours import of_theme
from workbench.gui.explorer.legend import Legend
from workbench.gui.explorer.map_view import MapView
from workbench.gui.pages.explore.model import ExploreModel, Stage
from workbench.gui.pages.explore.sets import OpenedSet
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, Glyph, label
from workbench.gui.widgets.containers import EmptyState

LEGEND_WIDTH, CARD_WIDTH = 176, 360
_STATES = {
    Stage.NO_RUN: ("Nothing to explore yet", (("train", "Go to Train"), ("open", "Open an embedding set…"))),
    Stage.NO_CHECKPOINT: ("No checkpoint yet", (("train", "Go to Train"),)),
    Stage.NOT_EMBEDDED: ("Not embedded yet", (("embed", "Embed the test split"),)),
    Stage.FAILED: ("This set cannot be opened", (("open", "Open another…"),)),
}


class Centre(QStackedWidget):
    """Shows a stage.

    Signals
    -------
    acted(id) : "train", "open" or "embed" was pressed
    """

    acted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        colours = of_theme(current_theme())
        self.map = MapView(colours)
        self.legend = Legend(colours)
        self.legend.setFixedWidth(LEGEND_WIDTH)
        self.foot = Foot()
        self.progress = ProgressCard(self.map)
        self._empty = {stage: EmptyState("explore", title, "", actions) for stage, (title, actions) in _STATES.items()}
        for state in self._empty.values():
            state.acted.connect(self.acted)
            self.addWidget(state)
        self._map_side = self._build_map_side()
        self.addWidget(self._map_side)

    def show_stage(self, model: ExploreModel) -> None:
        """Bring up what belongs to the stage."""
        stage = model.stage
        self.legend.setVisible(stage is Stage.SHOWN)
        self.foot.show_set(model.opened)
        if stage in self._empty:
            self._empty[stage].set_words(_STATES[stage][0], _sentence(model))
            self.setCurrentWidget(self._empty[stage])
        else:
            self.map.set_placeholder("" if model.busy else _placeholder(stage))
            self.setCurrentWidget(self._map_side)

    def retheme(self) -> None:
        """Take over the theme's colours."""
        colours = of_theme(current_theme())
        self.map.set_plot_colours(colours)
        self.legend.set_plot_colours(colours)

    def _build_map_side(self) -> QWidget:
        card = QFrame()
        card.setProperty("card", True)
        line = QHBoxLayout(card)
        line.setContentsMargins(1, 1, SPACE_S, 1)
        line.setSpacing(SPACE_S)
        line.addWidget(self.map, 1)
        line.addWidget(self.legend)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(SPACE_L, 0, SPACE_L, SPACE_S)
        column.setSpacing(SPACE_S)
        column.addWidget(card, 1)
        column.addWidget(self.foot)
        return side


class Foot(QWidget):
    """What can be relied on: how many points, how exact the neighbours are, how far the layout can be trusted."""

    def __init__(self) -> None:
        super().__init__()
        self._glyph = Glyph("success", "success", 14)
        self.exact = label("", "caption")
        self.trust = label("", "caption")
        self.left_out = ElidedLabel("", "caption")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_S)
        line.addWidget(self._glyph)
        line.addWidget(self.exact)
        line.addSpacing(SPACE_M)
        line.addWidget(self.trust)
        line.addSpacing(SPACE_M)
        line.addWidget(self.left_out, 1)

    def show_set(self, opened: OpenedSet | None) -> None:
        """Say it of the opened set; nothing without one."""
        for part in (self._glyph, self.exact):
            part.setVisible(opened is not None)
        self.trust.setText(trust_words(opened))
        self.trust.setToolTip("Share of each point's true nearest neighbours that are near it on the map as well.")
        self.exact.setText("" if opened is None else f"exact neighbours · all {len(opened):,} points")
        self.left_out.set_full_text("" if opened is None else _left_out(opened))


class ProgressCard(QFrame):
    """Floats over the map while something is computed."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("toast")
        self._over = over
        self.title = ElidedLabel("", "strong")
        self.words = ElidedLabel("", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        for part in (self.title, self.bar, self.words):
            column.addWidget(part)
        self.hide()

    def show_job(self, job: Job | None) -> None:
        """Show how far it is; hide where nothing is computed."""
        if job is None or not job.active:
            self.hide()
            return
        self.title.set_full_text(job.title)
        eta = f" · {format_duration(job.eta_s)} left" if job.eta_s is not None else ""
        self.words.set_full_text((job.words or "Starting the lab") + eta)
        self.bar.setRange(0, 0 if job.share < 0 else 1000)
        self.bar.setValue(round(1000 * max(job.share, 0.0)))
        self.place()
        self.show()
        self.raise_()

    def place(self) -> None:
        """Stand at the top, in the middle."""
        width = min(CARD_WIDTH, self._over.width() - 2 * SPACE_L)
        self.setGeometry((self._over.width() - width) // 2, SPACE_L, width, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place()


def _sentence(model: ExploreModel) -> str:
    match model.stage:
        case Stage.NO_RUN:
            return (
                "Train a recipe: every run embeds its test pictures, and the map of them appears here. "
                "Or drop an embedding set or a run folder on this page."
            )
        case Stage.NO_CHECKPOINT:
            live = model.place is not None and model.place.live
            return (
                "The run is training. Its first checkpoint will show up here by itself."
                if live
                else "This run ended before its first checkpoint. Choose another run, or train this one again."
            )
        case Stage.NOT_EMBEDDED:
            return f"Embedding sends the test pictures through the encoder as it was at step {model.step or 0:,}."
        case Stage.FAILED:
            return str(model.problem)
    return ""


def _placeholder(stage: Stage) -> str:
    return {
        Stage.OPENING: "Opening the embedding…",
        Stage.NO_LAYOUT: "No layout yet. Choose a projection above and press Compute.",
    }.get(stage, "")


def trust_words(opened: OpenedSet | None) -> str:
    """The layout's name, and how many of the true neighbours it keeps where that is known."""
    if opened is None or opened.layout is None:
        return ""
    info = opened.layout.info
    name = opened.layout_name.upper()
    if info is None or info.trust_mean is None:
        return name
    return f"{name} keeps {info.trust_mean:.0%} of true neighbours"


def _left_out(opened: OpenedSet) -> str:
    """What of the set is not on the map."""
    import numpy as np

    told = list(opened.stored.missing)
    if opened.layout is not None:
        nowhere = int(len(opened) - np.isfinite(opened.layout.xy).all(axis=1).sum())
        if nowhere:
            told.insert(0, f"{nowhere:,} points have no place: their vectors are zero or not finite.")
    return " ".join(told)
