"""Jobs, log lines, pictures and formulas."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QScrollArea, QWidget

from workbench.gui.theme import current_theme
from workbench.gui.widgets.activity import ActivityList, JobView, ProgressLine, detail_of, share_of
from workbench.gui.widgets.formula import FormulaView, parse_path
from workbench.gui.widgets.log_view import MAX_LINES, LogLine, LogView
from workbench.gui.widgets.thumbnails import Picture, Thumbnail, ThumbnailGrid, to_image


def shown(qtbot, widget: QWidget, width: int, height: int) -> QWidget:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.fixture
def jobs(qtbot):
    return shown(qtbot, ActivityList(), 600, 300)


TRAIN = JobView("a", "SimCLR", "running", 0.42, 185, "1.2k images/s", "epoch 4 of 10")


def test_rows_of_jobs_that_stay_are_kept_and_others_go(jobs, qtbot):
    jobs.set_jobs([TRAIN, JobView("b", "UMAP")])
    first = jobs.rows()["a"]
    jobs.set_jobs([JobView("c", "Download"), JobView("a", "SimCLR", "running", 0.5)])
    rows = jobs.rows()
    QApplication.processEvents()
    assert sorted(rows) == ["a", "c"]
    assert rows["a"] is first
    assert rows["a"].bar.share() == 0.5
    assert rows["c"].y() < rows["a"].y()


def test_cancel_names_its_job_and_waits_while_it_is_stopping(jobs, qtbot):
    heard = []
    jobs.cancelled.connect(heard.append)
    jobs.set_jobs([TRAIN])
    qtbot.mouseClick(jobs.rows()["a"].cancel, Qt.MouseButton.LeftButton)
    jobs.set_jobs([JobView("a", "SimCLR", "stopping", 0.42)])
    qtbot.mouseClick(jobs.rows()["a"].cancel, Qt.MouseButton.LeftButton)
    assert heard == ["a"]


def test_a_job_that_is_over_or_not_cancellable_has_no_cancel(jobs):
    jobs.set_jobs([JobView("a", "One", "done"), JobView("b", "Two", "running", cancellable=False)])
    assert not any(row.cancel.isVisible() for row in jobs.rows().values())


def test_the_list_says_so_when_nothing_runs(jobs):
    assert jobs.empty.isVisible()
    jobs.set_jobs([TRAIN])
    assert not jobs.empty.isVisible()
    jobs.set_jobs([])
    assert jobs.empty.isVisible()


def test_a_job_reads_as_share_time_left_rate_and_step():
    assert share_of(TRAIN) == "42%"
    assert detail_of(TRAIN) == "3 min 05 s left  ·  1.2k images/s  ·  epoch 4 of 10"
    assert share_of(JobView("a", "x", "paused", 0.5)) == "Paused  ·  50%"
    assert detail_of(JobView("a", "x", "failed", 0.5, 9, "5/s", "The disk is full.")) == "The disk is full."


def test_an_unknown_share_is_animated_only_while_it_can_be_seen(qtbot):
    line = ProgressLine()
    line.set_share(None)
    assert not line._timer.isActive()
    shown(qtbot, line, 100, 8)
    assert line._timer.isActive()
    line.hide()
    assert not line._timer.isActive()
    line.show()
    line.set_share(0.3)
    assert not line._timer.isActive()


@pytest.fixture
def log(qtbot):
    return shown(qtbot, LogView(), 700, 300)


def line(number: int, level: str = "info", text: str = "") -> LogLine:
    return LogLine("12:00:00", level, text or f"step {number}")


def test_the_log_keeps_its_newest_lines_and_follows_the_end(log):
    for start in range(0, 24_000, 2_000):
        log.append([line(number) for number in range(start, start + 2_000)])
    assert MAX_LINES <= log.model.count() <= 1.1 * MAX_LINES
    assert log.model.line(log.model.rowCount() - 1).text == "step 23999"
    bar = log.view.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0


def test_a_log_that_was_scrolled_up_stays_where_it_is(log):
    log.append([line(number) for number in range(500)])
    log.view.verticalScrollBar().setValue(40)
    log.append([line(number) for number in range(500)])
    assert log.view.verticalScrollBar().value() == 40


def test_level_and_words_filter_together_and_new_lines_pass_the_same_filter(log, qtbot):
    log.append([line(1, "debug"), line(2), line(3, "error", "out of memory"), line(4, "warning", "Memory is low")])
    assert log.model.rowCount() == 3
    log.level.setCurrentIndex(2)
    log.search.setFocus()
    qtbot.keyClicks(log.search, "memory")
    qtbot.keyClick(log.search, Qt.Key.Key_Return)
    assert [log.model.line(row).level for row in range(log.model.rowCount())] == ["error", "warning"]
    log.append([line(5, "error", "disk full"), line(6, "error", "no memory left")])
    assert log.model.rowCount() == 3


def test_a_message_of_several_lines_becomes_several_rows(log):
    log.append([line(1, text="first\nsecond")])
    assert [log.model.line(row).text for row in range(2)] == ["first", "second"]


def test_ctrl_c_copies_the_selected_lines_and_the_button_all_that_are_shown(log, qtbot):
    log.append([line(1), line(2, "warning"), line(3, "debug")])
    log.view.setCurrentIndex(log.model.index(1))
    qtbot.keyClick(log.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "12:00:00 WARNING step 2"
    log.view.clearSelection()
    qtbot.mouseClick(log.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "12:00:00 INFO    step 1\n12:00:00 WARNING step 2"


def test_clearing_the_log_forgets_its_lines(log, qtbot):
    log.append([line(1)])
    qtbot.mouseClick(log.clear, Qt.MouseButton.LeftButton)
    assert log.model.count() == log.model.rowCount() == 0


def checker(size: int = 4) -> np.ndarray:
    rgb = np.zeros((size, size, 3), np.uint8)
    rgb[::2, ::2] = rgb[1::2, 1::2] = (255, 0, 0)
    return rgb


def pictures(count: int) -> list[Picture]:
    return [Picture(checker(), f"sample {number}", key=number) for number in range(count)]


@pytest.fixture
def grid(qtbot):
    made = ThumbnailGrid(size_px=40)
    made.set_pictures(pictures(10))
    return shown(qtbot, made, 240, 300)


def test_an_image_keeps_its_pixels_even_when_the_array_is_changed_or_a_slice():
    rgb = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    image = to_image(rgb[:, ::2])
    expected = [[int(v) for v in rgb[y, x]] for y in range(5) for x in range(0, 7, 2)]
    rgb[:] = 0
    colours = [image.pixelColor(x, y) for y in range(5) for x in range(4)]
    assert [[c.red(), c.green(), c.blue()] for c in colours] == expected


def test_grey_arrays_become_grey_images():
    image = to_image(np.array([[0, 128, 255]], np.uint8))
    assert [image.pixelColor(x, 0).red() for x in range(3)] == [0, 128, 255]


@pytest.mark.parametrize("shape", [(4, 4, 4), (4,), (3, 4, 4)])
def test_other_shapes_are_refused_with_the_shape_in_the_message(shape):
    with pytest.raises(ValueError, match="uint8"):
        to_image(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="float32"):
        to_image(np.zeros((4, 4, 3), np.float32))


def test_small_pictures_are_enlarged_with_sharp_pixels(grid):
    picture = grid.grab().toImage()
    square = [picture.pixelColor(x, y).name() for x in range(2, 38) for y in range(2, 38)]
    assert set(square) == {"#ff0000", "#000000"}


def test_the_grid_flows_with_its_width_and_asks_for_the_height_it_needs(grid):
    assert grid.columns() == 5
    grid.resize(100, 300)
    assert grid.columns() == 2
    last = grid.cell(9)
    assert last.bottom() + 1 == grid.heightForWidth(100)
    assert all(grid.cell(index).right() < 100 for index in range(10))


def test_in_a_scroll_area_the_whole_grid_can_be_scrolled_to(qtbot):
    grid = ThumbnailGrid(size_px=40)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(grid)
    shown(qtbot, area, 240, 100)
    grid.set_pictures(pictures(40))
    QApplication.processEvents()
    assert grid.height() >= grid.cell(39).bottom()


def test_a_picture_is_chosen_by_click_and_by_arrow_keys_and_enter(grid, qtbot):
    heard = []
    grid.chosen.connect(heard.append)
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(6).center())
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Return):
        qtbot.keyClick(grid, key)
    assert heard == [6, 2]


def test_a_click_between_pictures_chooses_nothing(grid, qtbot):
    heard = []
    grid.chosen.connect(heard.append)
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=QPoint(43, 20))
    assert heard == []


def test_the_grid_tells_screen_readers_which_picture_has_the_keyboard(grid, qtbot):
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_End)
    assert grid.accessibleDescription() == "10 of 10: sample 9"


def test_a_picture_that_is_not_there_yet_leaves_its_place_empty(qtbot):
    thumb = Thumbnail(32)
    thumb.set_picture(Picture(None, "loading"))
    shown(qtbot, thumb, 32, 50)
    assert thumb.grab().toImage().pixelColor(16, 16).name() == current_theme().raised


SQUARE = "M 0 -10 L 20 -10 L 20 0 L 0 0 Z"


def ink(image: QImage) -> int:
    dark = current_theme().text
    return sum(image.pixelColor(x, y).name() == dark for x in range(image.width()) for y in range(image.height()))


def test_a_formula_is_drawn_at_its_natural_size_in_the_colour_of_text(qtbot):
    view = FormulaView()
    view.set_formula(SQUARE, (0, -10, 20, 0), r"\square")
    holder = QLabel()
    qtbot.addWidget(holder)
    view.setParent(holder)
    shown(qtbot, view, 100, 15)
    assert ink(view.grab().toImage()) == pytest.approx(30 * 15, rel=0.1)
    assert view.accessibleName() == r"\square"


def test_a_formula_wider_than_its_place_is_scaled_to_fit(qtbot):
    view = FormulaView()
    view.set_formula("M0 -10L400 -10L400 0L0 0Z", (0, -10, 400, 0), "wide")
    shown(qtbot, view, 200, 20)
    assert view.scale() == pytest.approx(0.5)


def test_a_formula_too_small_to_be_read_is_enlarged_by_keyboard(qtbot):
    view = FormulaView()
    view.set_formula("M0 -10L400 -10L400 0L0 0Z", (0, -10, 400, 0), "wide")
    shown(qtbot, view, 200, 20)
    assert view.toolTip() == "Click to enlarge"
    qtbot.keyClick(view, Qt.Key.Key_Return)
    (popup,) = view.findChildren(QFrame)
    (large,) = popup.findChildren(FormulaView)
    assert not large.small
    popup.close()
    shown(qtbot, view, 700, 20)
    assert view.focusPolicy() == Qt.FocusPolicy.NoFocus


def test_no_outline_draws_nothing(qtbot):
    view = FormulaView()
    view.set_formula("", (0, 0, 0, 0), "x")
    shown(qtbot, view, 60, 20)
    assert ink(view.grab().toImage()) == 0


def test_curves_and_numbers_without_spaces_are_read():
    path = parse_path("M0,0Q5-10 10,0C12 3,14 3,1.6e1 0 L16 5Z")
    assert path.boundingRect().width() == pytest.approx(16)
    assert path.boundingRect().top() == pytest.approx(-5, abs=0.1)


@pytest.mark.parametrize("data", ["M 1", "M 0 0 A 1 2 3", "L", "12 13", "M 0 0 Z 3", "M 0 0 L 1 2 3"])
def test_what_is_no_path_is_refused(data):
    with pytest.raises(ValueError, match="ath"):
        parse_path(data)
