"""Loss, kNN accuracy and one more metric of several runs, over one x axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QSplitter, QVBoxLayout, QWidget

from workbench.gui.curves.panel import CurvePanel
from workbench.gui.curves.scene import Mark, ReferenceLine
from workbench.gui.curves.series import CurveOptions, SeriesStyle
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.pages.train.metrics import COMMON, KNN, LOSS, Metric, curve, position
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.runs.history import RunHistory

PLACES = ("loss", "knn", "other")
FIXED = {"loss": LOSS, "knn": KNN}
"""What the first two panels show; the third is chosen."""


@dataclass(frozen=True)
class CurveRun:
    """A run to draw; `chance` is its loss at chance where it is known."""

    key: str
    title: str
    colour: str
    history: RunHistory
    chance: float | None


class RunCurves(QWidget):
    """Three panels: the first one's smoothing, x axis and logarithm of x are everyone's.

    Signals
    -------
    smoothed(weight) : someone chose another smoothing
    """

    smoothed = Signal(object)

    def __init__(self, smoothing: float) -> None:
        super().__init__()
        self._panels = {place: CurvePanel(plot_colours(), leads=place == "loss") for place in PLACES}
        self._drawn: dict[tuple[str, str], object] = {}
        self._lines: dict[str, tuple[ReferenceLine, ...]] = {}
        self._marks: tuple[Mark, ...] = ()
        self._choices: list[Metric] = []
        self._wanted = ""
        self._runs: Sequence[CurveRun] = ()
        self.chooser = QComboBox()
        self.chooser.setAccessibleName("Metric of the third panel")
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.chooser.setMinimumWidth(158)
        self.chooser.setMaximumWidth(200)
        self.chooser.currentIndexChanged.connect(lambda _index: self._change_metric())
        self._lay_out()
        self.panel("loss").options_changed.connect(self._share)
        self.panel("loss").set_options(CurveOptions(smoothing=smoothing))
        self._share(self.panel("loss").view.options)

    def panel(self, place: str) -> CurvePanel:
        """The panel "loss", "knn" or "other"; raises KeyError for any other."""
        return self._panels[place]

    def show_runs(self, runs: Sequence[CurveRun], metrics: list[Metric]) -> None:
        """Draw these runs; the first is the one that is looked at. Curves that have not changed are left alone."""
        self._runs = runs
        self._offer(metrics)
        self._draw("loss", LOSS)
        self._draw("knn", KNN)
        self._draw("other", self._metric())
        self._set_lines("loss", self._chance_lines())
        self._set_lines("knn", self._floor_lines())
        self._set_marks(alarm_marks(runs[0].history, current_theme().warning) if runs else ())
        self._show_legends()

    def retheme(self) -> None:
        """Take over the theme's colours."""
        for panel in self._panels.values():
            panel.set_plot_colours(plot_colours())

    def _lay_out(self) -> None:
        for place, metric in FIXED.items():
            self.panel(place).view.set_title(metric.title)
            self.panel(place).view.set_y_label(metric.label)
        self.panel("other").put_first(self.chooser)
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.addWidget(_framed(self.panel("knn")))
        lower.addWidget(_framed(self.panel("other")))
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.addWidget(_framed(self.panel("loss")))
        whole.addWidget(lower)
        for splitter in (lower, whole):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(SPACE_S)
            splitter.setSizes([500, 500])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(whole)

    def _share(self, options: CurveOptions) -> None:
        """kNN is measured seldom and not smoothed: a moving average of five points tells nothing."""
        for panel, weight in ((self.panel("knn"), 0.0), (self.panel("other"), options.smoothing)):
            own = panel.view.options
            panel.set_options(replace(own, axis=options.axis, log_x=options.log_x, smoothing=weight))
        self.smoothed.emit(options.smoothing)

    def _offer(self, metrics: list[Metric]) -> None:
        if metrics == self._choices:
            return
        self._choices = metrics
        blocker = QSignalBlocker(self.chooser)
        self.chooser.clear()
        for metric in metrics:
            self.chooser.addItem(metric.title, metric.name)
        self.chooser.setCurrentIndex(max(0, self.chooser.findData(self._wanted)))
        blocker.unblock()
        self._label_other()

    def _metric(self) -> Metric:
        chosen = self.chooser.currentData()
        return next((metric for metric in self._choices if metric.name == chosen), COMMON[0])

    def _change_metric(self) -> None:
        self._wanted = str(self.chooser.currentData())
        self._label_other()
        self._draw("other", self._metric())

    def _label_other(self) -> None:
        metric = self._metric()
        self.chooser.setToolTip(metric.title)
        self.panel("other").view.set_title(metric.title)
        self.panel("other").view.set_y_label(metric.label)

    def _draw(self, place: str, metric: Metric) -> None:
        view = self._panels[place].view
        for key in [key for key in view.series if key not in {run.key for run in self._runs}]:
            view.remove(key)
            self._drawn.pop((place, key), None)
        for run in self._runs:
            state = (metric, run.title, run.colour, id(run.history), run.history.revision)
            if self._drawn.get((place, run.key)) != state:
                self._drawn[place, run.key] = state
                axes, values = curve(run.history, metric)
                view.set_series(run.key, axes, values, SeriesStyle(run.title, run.colour, metric.goal))

    def _set_lines(self, place: str, lines: tuple[ReferenceLine, ...]) -> None:
        if self._lines.get(place) != lines:
            self._lines[place] = lines
            self._panels[place].view.set_lines(lines)

    def _set_marks(self, marks: tuple[Mark, ...]) -> None:
        if marks != self._marks:
            self._marks = marks
            for panel in self._panels.values():
                panel.view.set_marks(marks)

    def _show_legends(self) -> None:
        """One curve needs no legend, whose row the small plots have no room for, unless it is to be shown again."""
        for panel in self._panels.values():
            view = panel.view
            view.legend.setVisible(len(view.series) > 1 or any(not one.visible for one in view.series.values()))

    def _chance_lines(self) -> tuple[ReferenceLine, ...]:
        """One line, where all runs have the same chance level."""
        levels = {None if run.chance is None else round(run.chance, 6) for run in self._runs}
        level = levels.pop() if len(levels) == 1 else None
        return () if level is None else (ReferenceLine(level, f"chance {level:.3f}"),)

    def _floor_lines(self) -> tuple[ReferenceLine, ...]:
        """The floors of the run that is looked at: other runs may have been measured on another split."""
        measured = self._runs[0].history.evaluations if self._runs else []
        floors = measured[-1].floors if measured else {}
        lowest = min(floors.values(), default=0.0)
        return tuple(
            ReferenceLine(100 * value, f"{name} {100 * value:.1f}%", below=value == lowest)
            for name, value in floors.items()
        )


def alarm_marks(history: RunHistory, colour: str) -> tuple[Mark, ...]:
    """Where each alarm of a run began, and where it was over."""
    marks = []
    for alarm in history.alarms:
        marks.append(Mark(position(history, alarm.step), f"{alarm.title}: alarm", colour))
        if alarm.over is not None:
            marks.append(Mark(position(history, alarm.over), f"{alarm.title}: over", colour, ends=True))
    return tuple(marks)


def plot_colours() -> PlotColours:
    """The plots' colours in the current theme."""
    theme = current_theme()
    return PlotColours(theme.surface, theme.text, theme.border, theme.muted, theme.accent, theme.palette)


def _framed(panel: CurvePanel) -> QFrame:
    """A card that holds a panel."""
    frame = QFrame()
    frame.setProperty("card", True)
    frame.setMinimumHeight(120)
    column = QVBoxLayout(frame)
    column.setContentsMargins(SPACE_S, SPACE_S, SPACE_S, SPACE_XS)
    column.addWidget(panel)
    return frame
