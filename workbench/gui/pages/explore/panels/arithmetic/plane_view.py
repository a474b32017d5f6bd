"""Words on a plane of their own: a small map with names beside the points, arrows, and axes that mean something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from workbench.app.lab_client import Done
from workbench.app.palette import CATEGORICAL_10
from workbench.core.errors import WorkbenchError
from workbench.gui.explorer import export
from workbench.gui.explorer.colours import of_theme, rgba_table
from workbench.gui.explorer.legend_paint import LegendContent
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.overlays.axes import Axes
from workbench.gui.explorer.overlays.lines import Lines, Segments
from workbench.gui.explorer.overlays.point_labels import PointLabels
from workbench.gui.explorer.raster.camera import Bounds
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import icon_button, label, set_tone

_SAVED = QSize(1000, 750)
_TITLE_PX = 28
_POINT_PX = 6.0
_ROOM = 1.3
"""How much wider and higher the figure is than what its points span."""


class _Plane(MapView):
    """A map that leaves room for names and axes around its points."""

    @property
    def bounds(self) -> Bounds:
        box = super().bounds
        return Bounds(box.x, box.y, box.width * _ROOM, box.height * _ROOM)


class PlaneView(QWidget):
    """A sentence over the figure; drag and wheel move it as they do the map, a click looks at the point.

    Signals
    -------
    chosen(row) : a point was clicked, named by its row in the set
    """

    chosen = Signal(object)

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__()
        self._desk, self._name = desk, name
        self._asked = 0
        self._texts: tuple[str, ...] = ()
        self._rows = np.zeros(0, np.int64)
        self.words = label("", "muted", wrap=True)
        self.save_button = icon_button("image", "Save the figure as PNG or SVG…")
        self.large_button = icon_button("grow", "Show the figure in a window of its own")
        self._window: QDialog | None = None
        self.fit_button = icon_button("fit", "Show everything  (Home)")
        self.map = _Plane(of_theme(current_theme()))
        self.map.setAccessibleName(name)
        self.map.gathers = False
        self.arrows, self.axes = Lines(), Axes()
        self.labels = PointLabels(self._texts_of)
        for overlay in (self.arrows, self.axes, self.labels):
            self.map.add_overlay(overlay)
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        line.addWidget(self.words, 1)
        line.addWidget(self.large_button)
        line.addWidget(self.fit_button)
        line.addWidget(self.save_button)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(line)
        column.addWidget(self.map, 1)
        column.addStretch()
        self.map.clicked.connect(self._clicked)
        self.fit_button.clicked.connect(self.map.fit)
        self.save_button.clicked.connect(self._ask_and_save)
        self.large_button.clicked.connect(self.enlarge)
        self.say("")

    def show_points(
        self,
        words: str,
        names: Sequence[str],
        rows: NDArray[np.int64],
        xy: NDArray[np.float64],
        axes: tuple[str, str],
        arrows: NDArray[np.int64] | None = None,
        *,
        numbers: bool = False,
    ) -> None:
        """Show points with their names.

        Parameters
        ----------
        words : the sentence
        rows, xy : (M,) and (M, 2)
        arrows : (P, 2) from point to point, as places in `rows`
        numbers : whether the axes are numbered
        """
        self._texts, self._rows = tuple(names), rows
        set_tone(self.words, "strong")
        self.words.setText(words)
        self.map.set_points(xy)
        self.map.set_point_size(_POINT_PX)
        # The ends of arrows have a colour of their own.
        codes = np.isin(np.arange(len(rows)), [] if arrows is None else arrows[:, 1])
        self.map.set_colours(codes.astype(np.int64), rgba_table(list(CATEGORICAL_10[:2])))
        self.arrows.set_segments([] if arrows is None else [Segments(rows=arrows, heads=True, opacity=0.8)])
        self.axes.set_axes(axes, numbers=numbers)
        self.labels.set_texts(self._texts_of)
        self._show(True)

    def ask(self, request: str, params: Mapping[str, Any], show: Done) -> None:
        """Ask the lab for a figure; `show` gets the answer, or the error is said, unless something newer began."""
        is_newest = self.begin()

        def done(result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
            if is_newest():
                show(result, arrays)

        def failed(error: WorkbenchError) -> None:
            if is_newest():
                self.fail(error)

        self._desk.ask(request, params, done, failed)

    def begin(self) -> Callable[[], bool]:
        """Something new begins, and answers to what was before are dropped; returns whether it is still the newest."""
        self._asked += 1
        mine = self._asked
        return lambda: mine == self._asked

    def say(self, words: str, tone: str = "muted") -> None:
        """Show a sentence and no figure; answers that are still on their way are dropped."""
        self.begin()
        set_tone(self.words, tone)
        self.words.setText(words)
        self._texts, self._rows = (), np.zeros(0, np.int64)
        self.map.set_points(np.zeros((0, 2)))
        self.arrows.set_segments([])
        self.axes.set_axes(None)
        self._show(False)

    def fail(self, error: WorkbenchError) -> None:
        """Say what is wrong."""
        self.say(str(error), "danger")

    def enlarge(self) -> None:
        """Show the figure in a window of its own; it comes back when that is closed."""
        if self._window is not None:
            self._window.activateWindow()
            return
        window = self._window = QDialog(self.window())
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.setWindowTitle(self._name)
        window.resize(_SAVED)
        column = QVBoxLayout(window)
        column.addWidget(self.map)
        window.finished.connect(lambda _: self._take_back())
        window.show()

    def _take_back(self) -> None:
        self._window = None
        self._column.insertWidget(1, self.map, 1)
        self.map.setVisible(bool(len(self._rows)))  # a closing window hides what is in it

    def retheme(self) -> None:
        """Take over the theme's colours."""
        self.map.set_plot_colours(of_theme(current_theme()))

    def save(self, path: Path) -> None:
        """Write the figure with its sentence as PNG or SVG, in the shape that it has now; raises as `export.save`."""
        shape = self.map.height() / max(1, self.map.width())
        size = QSize(_SAVED.width(), round(_SAVED.width() * shape) + _TITLE_PX)
        export.save(path, self.map, LegendContent(), size, title=self.words.text())

    def _texts_of(self, rows: NDArray[np.int64]) -> list[str]:
        return [self._texts[row] for row in rows.tolist()]

    def _show(self, shown: bool) -> None:
        if self._window is not None and not shown:
            self._window.close()
        for part in (self.map, self.save_button, self.large_button, self.fit_button):
            part.setVisible(shown)

    def _clicked(self, at: int | None) -> None:
        if at is not None:
            self.chosen.emit(int(self._rows[at]))

    def _ask_and_save(self) -> None:
        opened = self._desk.opened
        if opened is None:
            return
        name = f"{opened.folder.name}-{'-'.join(self._name.lower().split())}.png"
        path = self._desk.ask_save(f"Save {self._name.lower()}", name, "Pictures (*.png *.svg)")
        if path is None:
            return
        try:
            self.save(path)
        except WorkbenchError as error:
            self._desk.app.fail(error)
        except OSError as error:
            self._desk.app.fail(WorkbenchError(f"The figure could not be saved: {error}."))
