"""The switches of the time panel."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.pages.explore.panels.time.scrubber import Scrubber
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, icon_button, push_button
from workbench.runs.timelapse import METHODS

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
_TRAILS = (("No trails", "none"), ("Trails: selected", "selection"), ("Trails: all", "all"))
_TITLES = {"pca": "PCA", "umap": "UMAP", "tsne": "t-SNE"}


class TimeControls(QWidget):
    """Everything left of the list: how it is drawn, the scrubber, how it is played."""

    def __init__(self) -> None:
        super().__init__()
        self.method = _combo("How the checkpoints are drawn")
        for method in METHODS:
            self.method.addItem(_TITLES[method], method)
        self.compute_button = push_button("Compute", "primary")
        self.embed_button = push_button("", "", tip="Embed every checkpoint of the run, and draw them")
        self.status = ElidedLabel("", "muted")
        self.play_button = icon_button("play", "")
        self.scrubber = Scrubber()
        self.caption = ElidedLabel("", "strong")
        self.speed = _combo("Speed")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setToolTip("Checkpoints a second")
        self.glide = _check("Glide", "Points glide from checkpoint to checkpoint; otherwise they jump")
        self.loop = _check("Loop", "Begin again after the last checkpoint")
        self.follow = _check("Follow", "Stay at the newest checkpoint while the run trains, and draw each new one")
        self.glide.setChecked(True)
        self.loop.setChecked(True)
        self.trails = _combo("Trails: the ways of the selected points, or of all, up to here")
        for title, which in _TRAILS:
            self.trails.addItem(title, which)
        self.open_button = icon_button("folder", "Open this checkpoint: its own map, neighbours and metrics")
        self.export_button = icon_button("export", "Save as GIF or MP4")
        self._lay_out()
        self.show_playing(False)

    def _lay_out(self) -> None:
        lines = (
            [
                (self.method, 0),
                (self.compute_button, 0),
                (self.embed_button, 0),
                (self.status, 1),
                (self.open_button, 0),
                (self.export_button, 0),
            ],
            [(self.play_button, 0), (self.scrubber, 1)],
            [(self.caption, 1), (self.trails, 0), (self.speed, 0), (self.glide, 0), (self.loop, 0), (self.follow, 0)],
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for parts in lines:
            line = QHBoxLayout()
            line.setSpacing(SPACE_S)
            for widget, stretch in parts:
                line.addWidget(widget, stretch)
            column.addLayout(line)
        column.addStretch(1)

    def show_playing(self, playing: bool) -> None:
        """Let the button say what it does next."""
        words = "Pause  (Space)" if playing else "Play  (Space)"
        self.play_button.setIcon(icon("pause" if playing else "play", "muted"))
        self.play_button.setToolTip(words)
        self.play_button.setAccessibleName(words)

    def enable_playing(self, drawn: int) -> None:
        """Nothing is played without two checkpoints, nothing shown or saved without one."""
        plays: tuple[QWidget, ...] = (self.play_button, self.speed, self.glide, self.loop, self.trails)
        shows: tuple[QWidget, ...] = (self.scrubber, self.open_button, self.export_button)
        for part in plays:
            part.setEnabled(drawn > 1)
        for part in shows:
            part.setEnabled(drawn > 0)


def _combo(name: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return made


def _check(text: str, tip: str) -> QCheckBox:
    made = QCheckBox(text)
    made.setToolTip(tip)
    return made
