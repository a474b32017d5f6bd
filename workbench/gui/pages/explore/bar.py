"""The two lines over the map: what is shown, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.pages.explore.places import Checkpoint, Place
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import icon_button, label, push_button, set_kind
from workbench.gui.widgets.search_field import SearchField

LARGEST_POINT_PX = 12
LAYERS = {"auto": "Auto", "points": "Points", "outlined": "Outlined", "density": "Density"}
_METRIC = "metric:"
WIDEST_PX = 480


class ExploreBar(QWidget):
    """Chooses run, checkpoint, projection, colours and point size, and searches.

    Signals
    -------
    run_chosen(path), step_chosen(step), projection_chosen(id), colour_chosen(column) : the user chose another one
    size_chosen(px) : the points' size; None for one that suits their number
    layer_chosen(mode), metric_wanted(name) : how points are drawn; a number a point that is to be worked out
    kind_switched(kind, on) : something that is drawn over the points was switched
    """

    run_chosen = Signal(object)
    step_chosen = Signal(object)
    projection_chosen = Signal(object)
    colour_chosen = Signal(object)
    size_chosen = Signal(object)
    layer_chosen = Signal(object)
    metric_wanted = Signal(object)
    kind_switched = Signal(object, bool)

    def __init__(
        self,
        projections: Sequence[tuple[str, str]],
        kinds: Mapping[str, str],
        hides: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        """`projections` are (id, title); `kinds` what can be drawn over the points, `hides` what of it is not."""
        super().__init__(parent)
        self.runs = _combo("Run", 160)
        self.steps = _combo("Checkpoint", 128)
        self.projection = _combo("Projection", 92)
        self.colour = _combo("Colour by", 132)
        self.layer = _combo("Draw", 96)
        for id_, title in projections:
            self.projection.addItem(title, id_)
        for mode, title in LAYERS.items():
            self.layer.addItem(title, mode)
        self.open_button = icon_button("folder", "Open a set, a run or a file of vectors")
        self.settings_button = icon_button("gear", "Settings of the projection")
        self.compute_button = push_button("Compute", "primary")
        self.compute_button.setFixedWidth(104)
        self.size_slider = QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(0, LARGEST_POINT_PX)
        self.size_slider.setFixedWidth(96)
        self.size_slider.setAccessibleName("Point size")
        self.size_words = label("auto", "muted")
        self.size_words.setFixedWidth(36)
        self.search = SearchField("Search ids, labels, metadata")
        self.found_words = label("", "muted")
        self.found_words.hide()
        self.kinds_button = icon_button("layers", "What is drawn over the points")
        self.kinds_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.kinds_button.setMenu(self._kinds_menu(kinds, hides))
        self.export_button = icon_button("export", "Save the map, or export the points")
        self._lay_out()
        self._connect()

    def set_menus(self, opening: QMenu, exporting: QMenu) -> None:
        """What the buttons open."""
        for button, menu in ((self.open_button, opening), (self.export_button, exporting)):
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
            button.setMenu(menu)

    def set_places(self, places: Sequence[Place], chosen: Place | None) -> None:
        """List the runs."""
        _fill(self.runs, [(f"{place.title} · training" if place.live else place.title, place.path) for place in places])
        _choose(self.runs, chosen.path if chosen else None)
        self.runs.setEnabled(bool(places))

    def set_checkpoints(self, checkpoints: Sequence[Checkpoint], step: int | None) -> None:
        """List a run's checkpoints, the embedded ones with a tick."""
        _fill(self.steps, [(f"step {found.step:,}", found.step) for found in checkpoints])
        for row, found in enumerate(checkpoints):
            if found.embeddings is not None:
                self.steps.setItemIcon(row, icon("check", "success"))
            told = "embedded" if found.embeddings is not None else "not embedded yet"
            self.steps.setItemData(row, f"Step {found.step:,}: {told}", Qt.ItemDataRole.ToolTipRole)
        _choose(self.steps, step)
        self.steps.setPlaceholderText("" if checkpoints else "none")
        self.steps.setEnabled(bool(checkpoints))

    def set_columns(self, names: Mapping[str, str], metrics: Mapping[str, str], chosen: str) -> None:
        """List what points can be coloured by, name and title, then the metrics that can be worked out for it."""
        offered = [(f"{title} …", _METRIC + name) for name, title in metrics.items()]
        _fill(self.colour, [*((title, name) for name, title in names.items()), *offered])
        for row in range(len(names), self.colour.count()):
            self.colour.setItemIcon(row, icon("play", "muted"))
            self.colour.setItemData(row, "Works it out, then colours by it", Qt.ItemDataRole.ToolTipRole)
        _choose(self.colour, chosen)
        self.colour.setEnabled(bool(names))

    def set_projection(self, id_: str) -> None:
        """Show the chosen projection."""
        _choose(self.projection, id_)

    def set_point_size(self, size_px: float | None) -> None:
        """Show the points' size; None for one that suits their number."""
        self.size_slider.setValue(round(size_px or 0))

    def set_layer(self, mode: str) -> None:
        """Show how points are drawn."""
        _choose(self.layer, mode)

    def set_found(self, count: int | None) -> None:
        """Say how many samples the search has found; None where nothing is searched for."""
        self.found_words.setText("" if count is None else f"{count:,} found")
        self.found_words.setVisible(count is not None)

    def set_compute(self, *, computing: bool, refusal: str) -> None:
        """Offer to compute, or to cancel what is being computed; `refusal` says why neither can be done."""
        self.compute_button.setText("Cancel" if computing else "Compute")
        set_kind(self.compute_button, "" if computing else "primary")
        self.compute_button.setEnabled(computing or not refusal)
        self.compute_button.setToolTip("Stop computing" if computing else refusal or "Compute this layout")

    def _lay_out(self) -> None:
        upper = _line(
            _caption("Run", self.runs),
            self.runs,
            self.open_button,
            SPACE_S,
            _caption("Checkpoint", self.steps),
            self.steps,
            SPACE_S,
            _caption("Projection", self.projection),
            self.projection,
            self.settings_button,
            self.compute_button,
        )
        upper.setStretchFactor(self.runs, 1)
        self.runs.setMaximumWidth(WIDEST_PX)
        upper.insertStretch(upper.indexOf(self.steps) + 1, 0)
        lower = _line(
            _caption("Colour by", self.colour),
            self.colour,
            SPACE_S,
            _caption("Size", self.size_slider),
            self.size_slider,
            self.size_words,
            _caption("Draw", self.layer),
            self.layer,
            SPACE_S,
            self.search,
            self.found_words,
            self.kinds_button,
            self.export_button,
        )
        lower.setStretchFactor(self.search, 1)
        self.search.setMaximumWidth(WIDEST_PX)
        lower.insertStretch(lower.indexOf(self.kinds_button), 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addLayout(upper)
        column.addLayout(lower)

    def _connect(self) -> None:
        for combo, signal in (
            (self.runs, self.run_chosen),
            (self.steps, self.step_chosen),
            (self.projection, self.projection_chosen),
            (self.layer, self.layer_chosen),
        ):
            combo.activated.connect(lambda row, combo=combo, signal=signal: signal.emit(combo.itemData(row)))
        self.colour.activated.connect(self._choose_colour)
        self.size_slider.valueChanged.connect(self._resize_points)

    def _choose_colour(self, row: int) -> None:
        name = str(self.colour.itemData(row))
        if name.startswith(_METRIC):
            self.metric_wanted.emit(name.removeprefix(_METRIC))
        else:
            self.colour_chosen.emit(name)

    def _kinds_menu(self, kinds: Mapping[str, str], hides: Sequence[str]) -> QMenu:
        menu = QMenu(self)
        for kind, words in kinds.items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(kind not in hides)
            action.toggled.connect(lambda on, kind=kind: self.kind_switched.emit(kind, on))
        return menu

    def _resize_points(self, size_px: int) -> None:
        self.size_words.setText(f"{size_px} px" if size_px else "auto")
        self.size_chosen.emit(float(size_px) if size_px else None)


def _combo(name: str, width: int) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setMinimumWidth(width)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)
    combo.setSizePolicy(
        QSizePolicy.Policy.Expanding if width > 150 else QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed
    )
    if width <= 150:
        combo.setFixedWidth(width)
    return combo


def _caption(text: str, buddy: QWidget) -> QLabel:
    made = label(text, "muted")
    made.setBuddy(buddy)
    return made


def _line(*parts: QWidget | int) -> QHBoxLayout:
    """Widgets beside each other; a number is more room between two."""
    line = QHBoxLayout()
    line.setSpacing(SPACE_S)
    for part in parts:
        if isinstance(part, int):
            line.addSpacing(part)
        else:
            line.addWidget(part)
    return line


def _fill(combo: QComboBox, items: Sequence[tuple[str, object]]) -> None:
    """List these, keeping the widget as it is where they are there already."""
    if [(combo.itemText(row), combo.itemData(row)) for row in range(combo.count())] == list(items):
        return
    combo.clear()
    for text, data in items:
        combo.addItem(text, data)


def _choose(combo: QComboBox, data: Path | int | str | None) -> None:
    row = next((row for row in range(combo.count()) if combo.itemData(row) == data), -1)
    if combo.currentIndex() != row:
        combo.setCurrentIndex(row)
    combo.setToolTip(combo.itemText(row) if row >= 0 else "")
