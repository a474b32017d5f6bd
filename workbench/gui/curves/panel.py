"""A plot of curves with its row of controls."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.core.errors import WorkbenchError
from workbench.gui.curves.export import save
from workbench.gui.curves.series import CurveOptions
from workbench.gui.curves.view import CurveView
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.theme import icon

_SLIDER_STEPS = 300
_HEAVIEST = 0.999


class CurvePanel(QWidget):
    """A `CurveView` under a row with its title, smoothing, x axis, logarithms, clipping and export.

    Parameters
    ----------
    leads : whether smoothing, x axis and its logarithm are chosen here; panels that follow another one leave them out

    Signals
    -------
    options_changed(object) : the `CurveOptions` that someone chose with the controls
    """

    options_changed = Signal(object)

    def __init__(self, colours: PlotColours, parent: QWidget | None = None, *, leads: bool = True) -> None:
        super().__init__(parent)
        self.view = CurveView(colours, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._row = self._toolbar()
        self._row.insertWidget(0, self.view.title_label)
        for control in self._leading:
            control.setVisible(leads)
        layout.addLayout(self._row)
        layout.addWidget(self.view, 1)
        self.set_options(self.view.options)

    def set_options(self, options: CurveOptions) -> None:
        """Show these options in the controls and the plot, without a signal."""
        controls = (self.slider, self.axis_box, self.log_x_button, self.log_y_button, self.clip_button)
        blockers = [QSignalBlocker(control) for control in controls]
        self.slider.setValue(slider_of_weight(options.smoothing))
        self.axis_box.setCurrentIndex(self.axis_box.findData(options.axis))
        self.log_x_button.setChecked(options.log_x)
        self.log_y_button.setChecked(options.log_y)
        self.clip_button.setChecked(options.clip)
        for blocker in blockers:
            blocker.unblock()
        self._show_weight(options.smoothing)
        self.view.set_options(options)

    def set_plot_colours(self, colours: PlotColours) -> None:
        """Change the theme's colours."""
        self.view.set_plot_colours(colours)

    def put_first(self, widget: QWidget) -> None:
        """Put a widget of one's own at the left of the controls, in place of the title."""
        self._row.removeWidget(self.view.title_label)
        self.view.title_label.setMaximumWidth(0)
        self._row.insertWidget(0, widget, 4)

    def export_to(self, path: Path) -> None:
        """Save as PNG, SVG or CSV by the suffix; raises WorkbenchError or OSError."""
        save(self.view, path)

    def _toolbar(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _SLIDER_STEPS)
        self.slider.setMinimumWidth(48)
        self.slider.setMaximumWidth(120)
        self.slider.setAccessibleName("Smoothing")
        self.slider.setToolTip("Weight of the moving average: 0 shows the values as they are.")
        self.slider.valueChanged.connect(self._smooth)
        label = QLabel("Smoothing")
        label.setBuddy(self.slider)
        self._weight = QLabel()
        self._weight.setMinimumWidth(self._weight.fontMetrics().horizontalAdvance("0.0000"))
        self.axis_box = QComboBox()
        self.axis_box.setAccessibleName("X axis")
        for axis in self.view.axes:
            self.axis_box.addItem(axis.title, axis.key)
        self.axis_box.currentIndexChanged.connect(lambda: self._change(axis=self.axis_box.currentData()))
        self.log_x_button = self._toggle("log x", "Logarithmic x axis", lambda on: self._change(log_x=on))
        self.log_y_button = self._toggle("log y", "Logarithmic y axis", lambda on: self._change(log_y=on))
        self.clip_button = self._toggle(
            "clip", "Fit the y axis to the inner 98% of the values", lambda on: self._change(clip=on)
        )
        self._leading = (label, self.slider, self._weight, self.axis_box, self.log_x_button)
        row.addWidget(label)
        row.addWidget(self.slider)
        row.addWidget(self._weight)
        row.addWidget(self.axis_box)
        for button in (self.log_x_button, self.log_y_button, self.clip_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self._export_button())
        return row

    def _toggle(self, text: str, tip: str, changed: Callable[[bool], None]) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        button.toggled.connect(changed)
        return button

    def _export_button(self) -> QToolButton:
        self.export_button = QToolButton()
        self.export_button.setIcon(icon("export"))
        self.export_button.setAccessibleName("Save the plot or its values")
        self.export_button.setToolTip("Save the plot or its values")
        self.export_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.export_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.export_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        menu = QMenu(self.export_button)
        for suffix, text in (("png", "Picture (PNG)"), ("svg", "Vector picture (SVG)"), ("csv", "Values (CSV)")):
            menu.addAction(f"{text}…", partial(self._ask_and_save, suffix))
        self.export_button.setMenu(menu)
        return self.export_button

    def _ask_and_save(self, suffix: str) -> None:
        stem = self.view.title.lower().replace(" ", "-").replace("/", "-") or "curves"
        name, _filter = QFileDialog.getSaveFileName(
            self, "Save curves", f"{stem}.{suffix}", f"{suffix.upper()} (*.{suffix})"
        )
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name).with_suffix(f".{suffix}")
        try:
            self.export_to(path)
        except (WorkbenchError, OSError) as error:
            QMessageBox.warning(self, "Not saved", f"{path.name} could not be written: {error}")

    def _smooth(self, position: int) -> None:
        weight = weight_of_slider(position)
        self._show_weight(weight)
        self._change(smoothing=weight)

    def _show_weight(self, weight: float) -> None:
        self._weight.setText(f"{weight:.3f}" if weight >= 0.99 else f"{weight:.2f}")

    def _change(self, **changes: object) -> None:
        options = replace(self.view.options, **changes)  # type: ignore[arg-type]
        self.view.set_options(options)
        self.options_changed.emit(options)


def weight_of_slider(position: int) -> float:
    """0..0.999 for a slider's 0..300: every third of the way divides 1 - w by ten."""
    return 0.0 if position <= 0 else min(1 - 10 ** (-3 * position / _SLIDER_STEPS), _HEAVIEST)


def slider_of_weight(weight: float) -> int:
    """The slider position nearest to a weight."""
    return round(-math.log10(1 - min(weight, _HEAVIEST)) * _SLIDER_STEPS / 3)
