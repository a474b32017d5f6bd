"""What a redraw of the plot costs: only what has changed is computed and painted again."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from workbench.gui.curves.series import CurveOptions, SeriesStyle
from workbench.gui.curves.view import CurveView
from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours

LIGHT = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
BLUE, GREEN = palette.CATEGORICAL_10[:2]


def steps(count, first=0):
    at = np.arange(first, first + count, dtype=float)
    return {"step": at, "epoch": at / 100, "time": at * 0.5}


@pytest.fixture
def view(qtbot):
    widget = CurveView(LIGHT)
    qtbot.addWidget(widget)
    widget.resize(600, 300)
    widget.show()
    qtbot.waitExposed(widget)
    widget.set_series("grows", steps(2000), np.linspace(5, 1, 2000), SeriesStyle("grows", BLUE, "min"))
    widget.set_series("ended", steps(2000), np.linspace(4, 2, 2000), SeriesStyle("ended", GREEN, "min"))
    shown(widget)
    return widget


def shown(view):
    view.redraw()
    view.plot.grab()
    return view.plot


def test_few_new_samples_leave_the_axes_as_they_are(view):
    view.append("grows", steps(60, 2000), np.ones(60))
    plot = shown(view)
    before, ranges = plot._under[1].cacheKey(), plot.ranges
    assert ranges.right > 2059
    view.append("grows", steps(60, 2060), np.ones(60))
    plot = shown(view)
    assert plot.ranges == ranges
    assert plot._under[1].cacheKey() == before


def test_a_curve_without_new_samples_is_not_computed_again(view):
    plot = shown(view)
    grows, ended = plot.curves
    kept = plot._strokes[ended]
    view.append("grows", steps(10, 1990), np.ones(10))
    plot = shown(view)
    assert plot.curves[1] is ended
    assert plot._strokes[ended] is kept
    assert plot.curves[0] is not grows


def test_a_redraw_without_news_keeps_the_picture(view):
    picture = shown(view)._picture.cacheKey()
    assert shown(view)._picture.cacheKey() == picture


def test_following_again_fits_the_axes_closely(view):
    view.append("grows", steps(100, 2000), np.ones(100))
    shown(view)
    view.follow()
    assert view.plot.ranges.right == pytest.approx(2099 + 0.02 * 2099)


def test_values_behind_a_smoothed_line_lie_under_the_lines_of_all_curves(view):
    noise = np.tile([1.0, 4.0], 1000)
    view.set_series("ended", steps(2000), noise, SeriesStyle("ended", GREEN))
    view.set_series("grows", steps(2000), np.full(2000, 1.5), SeriesStyle("grows", BLUE))
    view.set_options(CurveOptions(smoothing=0.95))
    image = shown(view).grab().toImage()
    row = view.plot.to_pixel(0, 1.5).toPoint().y()
    blues = sum(
        image.pixelColor(x, y) == QColor(BLUE) for x in range(200, 500) for y in range(row - 1, row + 2)
    )  # fmt: skip
    assert blues >= 250


def test_a_deep_zoom_draws_the_line_between_two_far_samples(view):
    view.remove("ended")
    view.set_series("grows", {"step": [0.0, 1e6]}, [0.0, 1e6], SeriesStyle("grows", BLUE))
    view.set_options(CurveOptions(smoothing=0.0))
    plot = view.plot
    plot.change_by_hand(plot.ranges.scaled(1e-5, 1e-5, 5e5, 5e5))
    image = shown(view).grab().toImage()
    for x in (499_998.0, 500_000.0, 500_002.0):
        at = plot.to_pixel(x, x).toPoint()
        near = [image.pixelColor(at.x() + dx, at.y() + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        assert QColor(BLUE) in near


def test_a_zoom_beyond_what_numbers_can_tell_apart_changes_nothing(view):
    plot = view.plot
    for _ in range(400):
        plot.change_by_hand(plot.ranges.scaled(0.5, 0.5))
    assert plot.ranges.usable
    assert shown(view).grab().width() == plot.width()


def test_dragging_with_the_right_button_zooms_about_where_it_began(view):
    plot = view.plot
    start = plot.to_pixel(1000, 3).toPoint()
    width = plot.ranges.right - plot.ranges.left
    QTest.mousePress(plot, Qt.MouseButton.RightButton, pos=start)
    QTest.mouseMove(plot, start + QPoint(30, 0))
    QTest.mouseRelease(plot, Qt.MouseButton.RightButton, pos=start + QPoint(30, 0))
    assert plot.ranges.right - plot.ranges.left < width
    assert not view.following


def test_a_click_into_the_plot_gives_the_view_the_keyboard(view, qtbot):
    QTest.mouseClick(view.plot, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
    assert view.following
    qtbot.waitUntil(view.hasFocus)
