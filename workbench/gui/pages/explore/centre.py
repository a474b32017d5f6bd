"""The middle of the Explore page: the map with its legend and foot, or what to do before there is one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from workbench.core.units import points_words
from workbench.gui.explorer.colours import of_theme
from workbench.gui.explorer.legend import Legend
from workbench.gui.explorer.map_view import MapView
from workbench.gui.pages.explore.model import ExploreModel, Stage
from workbench.gui.pages.explore.projecting.card import ProgressCard
from workbench.gui.pages.explore.sets import OpenedSet, layout_title
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, Glyph, label, push_button
from workbench.gui.widgets.containers import EmptyState

LEGEND_WIDTH = 176
LEAST_MAP_PX = 200
"""As high as the tools beside it."""
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
    drawer_sized(px) : the user gave what stands under the map another height
    """

    acted = Signal(object)
    drawer_sized = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._beside: QWidget | None = None
        colours = of_theme(current_theme())
        self.map = MapView(colours)
        self.map.setMinimumHeight(LEAST_MAP_PX)
        self.legend = Legend(colours)
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

    def hold_strips(self, tools: QWidget, layout: QWidget) -> None:
        """Put the tools beside the map and what can be done with the layout under the legend: they cover no point."""
        self._map_line.insertWidget(1, tools)
        self._legend_side.addWidget(layout)

    def hold_drawer(self, drawer: QWidget) -> None:
        """Put this under the map."""
        self.down.hold(drawer)
        self.down.splitterMoved.connect(lambda *_: self.drawer_sized.emit(self.down.sizes()[1]))

    def open_drawer(self, height_px: int | None) -> None:
        """Give what stands under the map a height; None where it is closed."""
        self.down.give(height_px)

    def show_beside(self, widget: QWidget | None) -> None:
        """Put a widget to the right of the map, in place of the one that is there; None for none.

        The one that was there is given back without a parent.
        """
        if widget is self._beside:
            return
        if self._beside is not None:
            self._beside.setParent(None)
        self._beside = widget
        if widget is not None:
            self.across.addWidget(widget)
            self.across.setCollapsible(1, False)
            self.across.setSizes([4_000, 3_000])  # the legend stands with the first
            widget.show()

    def _build_map_side(self) -> QWidget:
        card = QFrame()
        card.setProperty("card", True)
        line = self._map_line = QHBoxLayout(card)
        line.setContentsMargins(1, 1, SPACE_S, 1)
        line.setSpacing(SPACE_XS)
        line.addWidget(self.map, 1)
        line.addWidget(self._build_legend_side())
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self.across.addWidget(card)
        self.across.setCollapsible(0, False)
        self.down = _Down(self.across)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(SPACE_L, 0, SPACE_L, SPACE_S)
        column.setSpacing(SPACE_S)
        column.addWidget(self.down, 1)
        column.addWidget(self.foot)
        return side

    def _build_legend_side(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(LEGEND_WIDTH)
        self._legend_side = QVBoxLayout(side)
        self._legend_side.setContentsMargins(0, 0, 0, SPACE_S)
        self._legend_side.setSpacing(0)
        self._legend_side.addWidget(self.legend, 1)
        return side


class _Down(QSplitter):
    """The map over the panel: the panel keeps its height, less only where the map would have too little."""

    def __init__(self, upper: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._given: int | None = None
        self._upper = upper
        self._lower: QWidget | None = None
        self.addWidget(upper)
        self.setCollapsible(0, False)
        self.splitterMoved.connect(lambda *_: self._take(self.sizes()[1]))

    def hold(self, lower: QWidget) -> None:
        """Put the panel below."""
        self._lower = lower
        self.addWidget(lower)
        self.setCollapsible(1, False)
        self.handle(1).setEnabled(False)
        self.handle(1).setToolTip("Drag to make the panel higher or lower")

    def give(self, height_px: int | None) -> None:
        """Give the panel a height; None for as little as it can be, where it is closed."""
        self.handle(1).setEnabled(height_px is not None)
        self._take(height_px)
        self._share()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share()

    def _take(self, height_px: int | None) -> None:
        self._given = height_px

    def _share(self) -> None:
        if self._lower is not None:
            least = self._lower.minimumSizeHint().height()
            most = self.height() - self.handleWidth() - self._upper.minimumSizeHint().height()
            lower = least if self._given is None else max(least, min(self._given, most))
            self.setSizes([self.height() - self.handleWidth() - lower, lower])


class Foot(QWidget):
    """What can be relied on: how many points, how exact the neighbours are, how far the layout can be trusted.

    Signals
    -------
    trust_wanted() : points are to be coloured by trust
    """

    trust_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._glyph = Glyph("success", "success", 14)
        self.exact = label("", "caption")
        self.trust = label("", "caption")
        self.trust_link = push_button("Colour by it", "link", "", "Colour the points by how many neighbours each keeps")
        self.trust_link.clicked.connect(lambda: self.trust_wanted.emit())
        self.left_out = ElidedLabel("", "caption")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_S)
        line.addWidget(self._glyph)
        line.addWidget(self.exact)
        line.addSpacing(SPACE_M)
        line.addWidget(self.trust)
        line.addWidget(self.trust_link)
        line.addSpacing(SPACE_M)
        line.addWidget(self.left_out, 1)

    def show_set(self, opened: OpenedSet | None) -> None:
        """Say it of the opened set; nothing without one."""
        for part in (self._glyph, self.exact):
            part.setVisible(opened is not None)
        self.trust.setText(trust_words(opened))
        info = None if opened is None or opened.layout is None else opened.layout.info
        made_by = f" Laid out by {info.library}." if info is not None and info.library else ""
        meaning = "Share of each point's true nearest neighbours that are near it on the map as well."
        self.trust.setToolTip(meaning + made_by)
        self.trust_link.setVisible(_has_trust(opened))
        self._show_exact(opened)
        self.left_out.set_full_text("" if opened is None else _left_out(opened))

    def _show_exact(self, opened: OpenedSet | None) -> None:
        """Whether neighbours are exact: those that the shown layout was made from, and the set's own."""
        info = None if opened is None or opened.layout is None else opened.layout.info
        badge = "" if opened is None else (info.approximate if info else "") or opened.stored.meta.approximate
        self._glyph.set_icon("warning" if badge else "success", "warning" if badge else "success")
        how = badge or "exact neighbours"
        count = 0 if opened is None else len(opened)
        self.exact.setText("" if opened is None else f"{how} · {'all ' if count > 1 else ''}{points_words(count)}")


def _sentence(model: ExploreModel) -> str:
    match model.stage:
        case Stage.NO_RUN:
            return (
                "Train a recipe: every run embeds its test pictures, and the map of them appears here. "
                "Or drop an embedding set, a run folder or a file of vectors on this page."
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


def _has_trust(opened: OpenedSet | None) -> bool:
    """Whether any point has a trust; one alone has no neighbours to keep."""
    info = None if opened is None or opened.layout is None else opened.layout.info
    return info is not None and info.trust_mean is not None


def trust_words(opened: OpenedSet | None) -> str:
    """The layout's name, and how many of the true neighbours it keeps where that is known."""
    if opened is None or opened.layout is None:
        return ""
    info = opened.layout.info
    name = layout_title(opened.layout_name)
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
