"""The curves by mouse, wheel and keyboard, and what is saved of them."""

import csv
import io
import re

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from workbench.core.errors import WorkbenchError
from workbench.gui.curves.export import csv_text, save
from workbench.gui.curves.panel import CurvePanel, slider_of_weight
from workbench.gui.curves.scene import ReferenceLine
from workbench.gui.curves.series import CurveOptions, SeriesStyle
from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours

LIGHT = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
DARK = PlotColours("#16181d", "#e7e9ee", "#33373f", "#9aa1ae", "#6ea0ff", palette.CATEGORICAL_10)
LEFT = Qt.MouseButton.LeftButton
BLUE, GREEN = palette.CATEGORICAL_10[:2]


def axes(count, first=0):
    step = np.arange(first, first + count, dtype=float)
    return {"step": step, "epoch": step / 100, "time": step * 0.5}


@pytest.fixture
def panel(qtbot):
    widget = CurvePanel(LIGHT)
    qtbot.addWidget(widget)
    widget.resize(900, 500)
    widget.show()
    qtbot.waitExposed(widget)
    y = np.linspace(4, 1, 400)
    y[200] = np.nan
    widget.view.set_series("a", axes(400), y, SeriesStyle("SimCLR τ=0.2", BLUE, "min"))
    widget.view.set_series("b", axes(200), np.linspace(3, 2, 200), SeriesStyle("rotation", GREEN, "max"))
    widget.view.set_title("Loss")
    widget.view.set_y_label("NT-Xent (nats)")
    widget.view.redraw()
    qtbot.wait(20)
    return widget


def wheel(view, at, notches):
    plot, point = view.plot, QPointF(at)
    event = QWheelEvent(
        point, plot.mapToGlobal(point), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(plot, event)


def x_range(view):
    return view.plot.ranges.left, view.plot.ranges.right


def y_range(view):
    return view.plot.ranges.bottom, view.plot.ranges.top


def pixel_of(view, x, y):
    return view.plot.to_pixel(x, y).toPoint()


def pixels(image):
    picture = image.convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), -1)
    return data[:, : picture.width()] & 0xFFFFFF


def test_wheel_zoom_keeps_the_value_under_the_cursor_and_leaves_the_latest(panel, qtbot):
    view, cursor = panel.view, pixel_of(panel.view, 120, 2.5)
    before = view.plot.from_pixel(QPointF(cursor))
    with qtbot.waitSignal(view.follow_changed) as signal:
        wheel(view, cursor, 3)
    after = view.plot.from_pixel(QPointF(cursor))
    assert signal.args == [False]
    assert after == pytest.approx(before, rel=1e-6)
    assert x_range(view)[1] - x_range(view)[0] < 400


def test_a_zoomed_view_stays_while_data_comes_and_the_button_brings_it_back(panel, qtbot):
    view = panel.view
    wheel(view, pixel_of(view, 120, 2.5), 3)
    zoomed = x_range(view)
    view.append("a", axes(300, 400), np.ones(300))
    view.redraw()
    assert x_range(view) == zoomed
    assert view.back_button.isVisible()
    QTest.mouseClick(view.back_button, LEFT)
    assert x_range(view)[1] > 699
    assert not view.back_button.isVisible()


def test_dragging_pans(panel, qtbot):
    view, start = panel.view, pixel_of(panel.view, 200, 2.5)
    low, high = x_range(view)
    QTest.mousePress(view.plot, LEFT, pos=start)
    for step in range(1, 8):
        QTest.mouseMove(view.plot, start + QPoint(-15 * step, 0))
        qtbot.wait(15)
    QTest.mouseRelease(view.plot, LEFT, pos=start + QPoint(-105, 0))
    assert x_range(view)[0] > low + 10
    assert x_range(view)[1] - x_range(view)[0] == pytest.approx(high - low)


def test_keys_pan_zoom_and_return(panel):
    view, fitted = panel.view, x_range(panel.view)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert x_range(view)[1] - x_range(view)[0] < fitted[1] - fitted[0]
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert not view.following
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert x_range(view) == pytest.approx(fitted)


def test_new_data_is_drawn_in_one_later_redraw(panel, qtbot):
    view = panel.view
    view.set_rate(10)
    for step in range(400, 450):
        view.append("a", axes(1, step), [1.0])
    assert x_range(view)[1] < 420
    qtbot.waitUntil(lambda: x_range(view)[1] > 449, timeout=3000)


def test_nothing_is_drawn_while_the_plot_is_not_on_the_screen(panel):
    view = panel.view
    panel.hide()
    view.append("a", axes(300, 400), np.ones(300))
    assert not view._redraw_timer.isActive()
    panel.show()
    assert x_range(view)[1] > 699


def test_the_read_out_shows_every_curve_at_the_cursor(panel, qtbot):
    panel.set_options(CurveOptions(smoothing=0.0))
    view = panel.view
    QTest.mouseMove(view.plot, pixel_of(view, 100.2, 2.5))
    qtbot.waitUntil(view.hover.readout.isVisible, timeout=2000)
    readout = view.hover.readout
    assert readout.head == "Step 100"
    assert [row.title for row in readout.rows] == ["SimCLR τ=0.2", "rotation"]
    assert [float(row.value) for row in readout.rows] == pytest.approx([4 - 300 / 399, 3 - 100 / 199], rel=1e-4)


def test_a_curve_that_ends_earlier_is_not_in_the_read_out_beyond_its_end(panel, qtbot):
    view = panel.view
    QTest.mouseMove(view.plot, pixel_of(view, 300, 2.5))
    qtbot.waitUntil(view.hover.readout.isVisible, timeout=2000)
    assert [row.title for row in view.hover.readout.rows] == ["SimCLR τ=0.2"]


def test_the_read_out_names_a_value_that_is_no_number(panel, qtbot):
    view = panel.view
    QTest.mouseMove(view.plot, pixel_of(view, 200, 2.5))
    qtbot.waitUntil(view.hover.readout.isVisible, timeout=2000)
    assert view.hover.readout.rows[0].raw == "raw no number"


def test_a_value_that_is_no_number_is_a_gap_with_a_flag_at_the_axis(panel):
    view = panel.view
    image, gap = pixels(view.plot.grab().toImage()), pixel_of(view, 200, 3)
    blue = image[:, gap.x()] == int(BLUE[1:], 16)
    bottom = round(view.plot.area.bottom())
    assert blue[bottom - 4 : bottom].any()
    assert not blue[: bottom - 6].any()


def test_the_best_value_of_each_curve_is_marked_by_its_goal(panel):
    falling, rising = panel.view.plot.curves
    assert falling.best == (399, 1)
    assert rising.best == (0, 3)


def test_a_click_on_the_legend_hides_a_curve_and_another_shows_it(panel):
    view, green = panel.view, int(GREEN[1:], 16)
    for shown in (False, True):
        QTest.mouseClick(view.legend.button("b"), LEFT)
        assert view.series["b"].visible is shown
        assert bool((pixels(view.plot.grab().toImage()) == green).any()) is shown


def test_space_on_a_legend_entry_hides_its_curve(panel):
    QTest.keyClick(panel.view.legend.button("a"), Qt.Key.Key_Space)
    assert not panel.view.series["a"].visible


def test_a_chance_line_lies_inside_the_view_with_its_label(panel):
    view = panel.view
    view.set_lines([ReferenceLine(6.93, "chance 6.93")])
    view.redraw()
    bottom, top = y_range(view)
    assert bottom < 6.93 < top
    (level,) = view.plot.ground.levels
    assert (level.at, level.label) == (6.93, "chance 6.93")


def test_the_controls_change_the_plot_and_tell_it(panel, qtbot):
    with qtbot.waitSignal(panel.options_changed) as signal:
        QTest.keyClick(panel.axis_box, Qt.Key.Key_Down)
    assert signal.args[0].axis == "epoch"
    assert x_range(panel.view)[1] < 5
    assert panel.view.plot.ground.x.title == "Epoch"
    QTest.mouseClick(panel.log_y_button, LEFT)
    assert panel.view.options.log_y
    assert y_range(panel.view)[1] == pytest.approx(np.log10(4), abs=0.1)
    panel.slider.setValue(slider_of_weight(0.9))
    assert panel.view.options.smoothing == pytest.approx(0.9, abs=0.01)


def test_options_from_outside_move_the_controls_without_an_answer(panel, qtbot):
    with qtbot.assertNotEmitted(panel.options_changed):
        panel.set_options(CurveOptions(axis="time", smoothing=0.9, log_x=True, clip=True))
    assert panel.axis_box.currentData() == "time"
    assert panel.log_x_button.isChecked()
    assert panel.clip_button.isChecked()


def test_long_times_are_labelled_in_a_unit_that_suits(panel):
    view = panel.view
    view.set_series("a", {"step": [0, 1], "epoch": [0, 1], "time": [0, 3 * 3600]}, [1, 2], SeriesStyle("a", BLUE))
    view.set_options(CurveOptions(axis="time"))
    assert view.plot.ground.x.title == "Time (h)"


def test_clipping_leaves_a_single_outlier_out_of_the_view(panel):
    view = panel.view
    y = np.ones(1000) + np.linspace(0, 1, 1000)
    y[500] = 1e6
    view.set_series("a", axes(1000), y, SeriesStyle("a", BLUE))
    panel.set_options(CurveOptions(clip=True))
    assert y_range(view)[1] < 10
    panel.set_options(CurveOptions(clip=False))
    assert y_range(view)[1] > 1e6


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("y", [[], [3.0], [np.nan, np.nan], [0.0, -1.0], [2.0, 2.0]])
def test_little_data_still_makes_a_plot(panel, y, log):
    view = panel.view
    view.remove("b")
    view.set_series("a", axes(len(y)), y, SeriesStyle("a", BLUE, "min"))
    panel.set_options(CurveOptions(log_x=log, log_y=log))
    assert np.isfinite((*x_range(view), *y_range(view))).all()
    view.grab()


def test_a_single_sample_is_visible(panel):
    view, red = panel.view, 0xAA0000
    view.set_series("a", axes(1), [2.0], SeriesStyle("a", "#aa0000"))
    view.redraw()
    assert (pixels(view.plot.grab().toImage()) == red).sum() > 4


def test_a_spike_of_one_sample_in_a_million_is_on_the_screen(panel):
    view = panel.view
    y = np.ones(1_000_000)
    y[654_321] = 5.0
    view.remove("b")
    view.set_series("a", axes(1_000_000), y, SeriesStyle("a", "#aa0000"))
    panel.set_options(CurveOptions(smoothing=0.0))
    image = pixels(view.plot.grab().toImage())
    top = pixel_of(view, 654_321, 5.0)
    near = image[top.y() : top.y() + 30, top.x() - 2 : top.x() + 3]
    assert (near != int(LIGHT.background[1:], 16)).any(axis=1).sum() > 20


def test_new_colours_repaint_the_plot(panel):
    panel.set_plot_colours(DARK)
    assert (pixels(panel.view.plot.grab().toImage()) == 0x16181D).mean() > 0.5


# what is saved


def test_the_csv_holds_every_sample_of_the_visible_curves(panel):
    panel.set_options(CurveOptions(smoothing=0.5))
    panel.view.set_visible("b", False)
    rows = list(csv.DictReader(io.StringIO(csv_text(panel.view))))
    assert list(rows[0]) == ["key", "curve", "step", "epoch", "time", "value", "smoothed"]
    assert len(rows) == 400
    assert {row["curve"] for row in rows} == {"SimCLR τ=0.2"}
    assert float(rows[3]["time"]) == 1.5
    assert float(rows[399]["value"]) == 1.0
    np.testing.assert_array_equal([float(row["smoothed"]) for row in rows], panel.view.series["a"].smoothed(0.5))
    assert rows[200]["value"] == "nan"


def test_the_svg_holds_title_legend_and_axis_labels_as_text(panel, tmp_path):
    panel.export_to(tmp_path / "curves.svg")
    text = (tmp_path / "curves.svg").read_text()
    # A title in two scripts is written as several texts, one after the other.
    written = "".join(re.findall(r">([^<]*)</text>", text))
    for words in ("Loss", "SimCLR τ=0.2", "rotation", "Step", "NT-Xent (nats)"):
        assert words in written
    assert "clipPath" in text


def test_the_png_shows_both_curves_and_the_legend(panel, tmp_path):
    panel.export_to(tmp_path / "curves.png")
    image = QImage(str(tmp_path / "curves.png"))
    assert image.height() > 2 * panel.view.plot.height()
    shown = pixels(image)
    for colour in (BLUE, GREEN):
        rows = np.flatnonzero((shown == int(colour[1:], 16)).any(axis=1))
        assert rows.min() < 130
        assert rows.max() > 300


def test_a_hidden_curve_is_not_in_the_saved_legend(panel, tmp_path):
    panel.view.set_visible("b", False)
    panel.export_to(tmp_path / "curves.svg")
    assert "rotation" not in (tmp_path / "curves.svg").read_text()


def test_an_unknown_kind_of_file_is_refused_with_the_known_ones(panel, tmp_path):
    with pytest.raises(WorkbenchError, match=r"'?\.pdf'?.*\.png, \.svg, \.csv"):
        save(panel.view, tmp_path / "curves.pdf")
