"""The map, its legend, its hover card and its export, by mouse, wheel and keyboard."""

from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from workbench.core.errors import WorkbenchError
from workbench.gui.explorer import export, palette
from workbench.gui.explorer.colours import PlotColours, rgba_table
from workbench.gui.explorer.hover_card import CardContent, HoverCard, place
from workbench.gui.explorer.legend import Legend, visible_mask
from workbench.gui.explorer.legend_paint import Category, LegendContent, Ramp
from workbench.gui.explorer.map_view import MapView

LIGHT = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
DARK = PlotColours("#16181d", "#e7e9ee", "#33373f", "#9aa1ae", "#6ea0ff", palette.CATEGORICAL_10)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot):
    widget = MapView(LIGHT)
    qtbot.addWidget(widget)
    widget.resize(600, 400)
    widget.show()
    qtbot.waitExposed(widget)
    widget.set_points([(x, y) for x in range(10) for y in range(8)])
    # The test before may have left the cursor where this one wants to move it, which would be no move.
    QTest.mouseMove(widget, QPoint(1, 1))
    qtbot.wait(20)
    return widget


def wheel(widget, at, notches=1):
    point = QPointF(at)
    event = QWheelEvent(
        point, widget.mapToGlobal(point), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def colours_in(image):
    picture = image.convertToFormat(image.Format.Format_RGB32)
    pixels = np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), -1)[:, : picture.width()]
    return pixels & 0xFFFFFF


def test_wheel_zoom_keeps_the_point_under_the_cursor(view):
    cursor = view.position_of(27).toPoint()
    before = view.camera.to_data(cursor.x(), cursor.y())
    wheel(view, cursor, 4)
    assert view.camera.to_data(cursor.x(), cursor.y()) == pytest.approx(before)
    assert view.camera.scale == pytest.approx(view._home.scale * 1.25**4)
    assert view.pick(QPointF(cursor)) == 27


def test_drag_moves_the_points_with_the_mouse(view):
    before = view.position_of(0)
    QTest.mousePress(view, LEFT, pos=QPoint(300, 200))
    for step in range(1, 6):
        QTest.mouseMove(view, QPoint(300 + 20 * step, 200 - 10 * step))
    QTest.mouseRelease(view, LEFT, pos=QPoint(400, 150))
    moved = view.position_of(0) - before
    assert (moved.x(), moved.y()) == pytest.approx((100, -50))


def test_a_drag_is_no_click(view, qtbot):
    with qtbot.assertNotEmitted(view.clicked):
        QTest.mousePress(view, LEFT, pos=view.position_of(5).toPoint())
        QTest.mouseMove(view, view.position_of(5).toPoint() + QPoint(60, 0))
        QTest.mouseRelease(view, LEFT, pos=view.position_of(5).toPoint())


@pytest.mark.parametrize("index", [0, 13, 79])
def test_a_click_picks_the_point_under_it(view, qtbot, index):
    with qtbot.waitSignal(view.clicked) as signal:
        QTest.mouseClick(view, LEFT, pos=view.position_of(index).toPoint() + QPoint(3, -3))
    assert signal.args == [index]


def test_a_click_beside_all_points_picks_none(view, qtbot):
    with qtbot.waitSignal(view.clicked) as signal:
        QTest.mouseClick(view, LEFT, pos=QPoint(4, 4))
    assert signal.args == [None]


def test_hover_is_told_once_a_point_and_once_for_leaving_it(view, qtbot):
    seen = []
    view.hovered.connect(seen.append)
    here = view.position_of(33).toPoint()
    for offset in (0, 1, 2, 3):
        QTest.mouseMove(view, here + QPoint(offset, 0))
    qtbot.wait(120)
    QTest.mouseMove(view, QPoint(3, 3))
    qtbot.waitUntil(lambda: seen[-1] is None, timeout=2000)
    assert seen == [33, None]


def test_zooming_in_under_a_resting_cursor_updates_the_hover(view, qtbot):
    at = view.position_of(33).toPoint() + QPoint(10, 0)
    QTest.mouseMove(view, at)
    qtbot.waitUntil(lambda: view.hovered_index == 33, timeout=2000)
    wheel(view, at, 6)
    qtbot.waitUntil(lambda: view.hovered_index is None, timeout=2000)


def test_double_click_and_home_show_everything_again(view):
    fitted = view.camera
    for back in (
        lambda: QTest.mouseDClick(view, LEFT, pos=QPoint(9, 9)),
        lambda: QTest.keyClick(view, Qt.Key.Key_Home),
    ):
        wheel(view, QPoint(100, 100), 5)
        assert view.camera != fitted
        back()
        assert view.camera == fitted


def test_arrows_pan_and_plus_and_minus_zoom(view):
    fitted = view.camera
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.camera.x > fitted.x
    QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.camera.scale == pytest.approx(fitted.scale * 1.25)
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.camera.scale == pytest.approx(fitted.scale)


def test_the_fitted_view_follows_the_size_until_someone_zooms(view):
    view.resize(300, 300)
    assert view.camera == view.camera.fitted(view.cloud.bounds)
    wheel(view, QPoint(50, 50), 3)
    scale = view.camera.scale
    view.resize(500, 350)
    assert view.camera.scale == scale


def test_points_without_a_place_are_counted_not_drawn_and_not_picked(view):
    view.set_points([(0, 0), (np.nan, 1), (2, np.inf), (3, 3)])
    assert view.hidden_count == 2
    assert view.pick(view.position_of(3)) == 3
    view.set_selection([1])
    view.grab()


@pytest.mark.parametrize("points", [[(5, 5)], [(2, 2)] * 100])
def test_one_place_is_drawn_in_the_middle(view, points):
    view.set_points(points)
    view.set_colours(np.zeros(len(points), np.uint8), rgba_table(["#ff0000"]))
    assert colours_in(view.grab().toImage())[200, 300] == 0xFF0000


def test_an_empty_map_says_what_to_do(view):
    view.set_points(np.zeros((0, 2)))
    blank = colours_in(view.grab().toImage())
    view.set_placeholder("Train a model: its points appear here.")
    assert (colours_in(view.grab().toImage()) != blank).sum() > 100
    assert view.accessibleDescription() == "Train a model: its points appear here."


def test_a_mask_hides_points_from_the_picture_and_from_the_mouse(view):
    view.set_colours(np.arange(80) % 2, rgba_table(["#ff0000", "#0000ff"]))
    view.set_mask(np.arange(80) % 2 == 1)
    shown = colours_in(view.grab().toImage())
    assert not (shown == 0xFF0000).any()
    assert (shown == 0x0000FF).any()
    assert view.pick(view.position_of(40)) is None


def test_selection_and_neighbours_get_rings_of_their_own_colours(view):
    view.set_selection([44])
    view.set_highlight([45, 46])
    shown = colours_in(view.grab().toImage())
    foreground, accent = (int(QColor(name).rgb()) & 0xFFFFFF for name in (LIGHT.foreground, LIGHT.accent))
    rings = {name: np.argwhere(shown == colour) for name, colour in (("selected", foreground), ("near", accent))}
    at = view.position_of(44)
    assert len(rings["selected"]) > 8
    assert np.hypot(*(rings["selected"] - [at.y(), at.x()]).T).max() < 12
    assert len(rings["near"]) > 16


def test_new_colours_repaint_the_map(view):
    view.set_plot_colours(DARK)
    assert colours_in(view.grab().toImage())[2, 2] == 0x16181D


def test_a_picture_at_twice_the_resolution_has_the_points_in_the_same_places(view):
    view.set_colours(np.zeros(80, np.uint8), rgba_table(["#ff0000"]))
    large = export.render(view, LegendContent(), QSize(632, 432), 2.0)
    assert large.size() == QSize(1264, 864)
    red = np.argwhere(colours_in(large) == 0xFF0000) / 2 - 16
    at = view.position_of(0)
    assert np.hypot(*(red - [at.y(), at.x()]).T).min() < 1.5


def test_the_zoomed_map_keeps_its_view_for_the_next_frame(view):
    wheel(view, QPoint(200, 100), 3)
    camera = view.camera
    view.set_points(np.random.default_rng(0).normal(size=(80, 2)), keep_view=True)
    assert view.camera == camera


# legend


@pytest.fixture
def legend(qtbot):
    widget = Legend(LIGHT)
    qtbot.addWidget(widget)
    widget.resize(200, 200)
    widget.show()
    widget.set_categories("label", [Category(f"class {i}", palette.CATEGORICAL_10[i % 10], 8) for i in range(10)])
    return widget


def row_centre(legend, row):
    rows = legend._list
    return rows.viewport(), rows.visualRect(rows.model().index(row, 0)).center()


def test_a_click_on_the_legend_hides_the_points_and_another_shows_them(view, legend, qtbot):
    codes = np.arange(80) % 10
    view.set_colours(codes, palette.categorical(10))
    legend.visibility_changed.connect(lambda hidden: view.set_mask(visible_mask(codes, hidden)))
    viewport, centre = row_centre(legend, 2)
    QTest.mouseClick(viewport, LEFT, pos=centre)
    assert legend.hidden == {2}
    assert view.pick(view.position_of(12)) is None
    qtbot.wait(QApplication.doubleClickInterval() + 50)
    QTest.mouseClick(viewport, LEFT, pos=centre)
    assert legend.hidden == frozenset()
    assert view.pick(view.position_of(12)) == 12


def test_a_double_click_shows_one_category_alone_and_another_all(legend, qtbot):
    for expected in (frozenset(range(10)) - {3}, frozenset()):
        viewport, centre = row_centre(legend, 3)
        QTest.mouseClick(viewport, LEFT, pos=centre)
        QTest.mouseDClick(viewport, LEFT, pos=centre)
        QTest.mouseRelease(viewport, LEFT, pos=centre)
        assert legend.hidden == expected
        qtbot.wait(QApplication.doubleClickInterval() + 50)


def test_space_toggles_the_category_under_the_keyboard(legend):
    QTest.keyClick(legend._list, Qt.Key.Key_Down)
    QTest.keyClick(legend._list, Qt.Key.Key_Down)
    row = legend._list.currentIndex().row()
    QTest.keyClick(legend._list, Qt.Key.Key_Space)
    assert legend.hidden == {row}


def test_many_categories_scroll(legend):
    legend.set_categories("class", [Category(str(i), "#3c78d2", i) for i in range(1000)])
    assert legend._list.verticalScrollBar().maximum() > 0


def test_a_mask_is_made_of_the_hidden_codes():
    codes = np.array([0, 1, 2, 1], np.uint16)
    assert visible_mask(codes, frozenset()) is None
    assert visible_mask(codes, frozenset({1})).tolist() == [True, False, True, False]


# hover card


def test_the_card_comes_after_a_dwell_and_goes_after_the_point_was_left(view, qtbot):
    picture = np.full((28, 28, 3), 200, np.uint8)
    card = HoverCard(view, lambda index: CardContent(f"sample {index}", ("label 3",), picture))
    QTest.mouseMove(view, view.position_of(33).toPoint())
    assert not card.isVisible()
    qtbot.waitUntil(card.isVisible, timeout=2000)
    assert card.content.title == "sample 33"
    assert 96 <= card._picture_size().width() <= 128
    assert not QRectF(card.geometry()).contains(view.position_of(33))
    QTest.mouseMove(view, QPoint(3, 3))
    qtbot.waitUntil(lambda: not card.isVisible(), timeout=2000)


def test_the_card_goes_when_the_view_moves_under_it(view, qtbot):
    card = HoverCard(view, lambda index: CardContent(str(index)))
    QTest.mouseMove(view, view.position_of(33).toPoint())
    qtbot.waitUntil(card.isVisible, timeout=2000)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert not card.isVisible()


def test_the_card_never_covers_the_point_nor_leaves_the_view():
    for x, y in product(range(0, 601, 25), range(0, 401, 25)):
        placed = place(QSize(140, 170), QPointF(x, y), QSize(600, 400), 14)
        assert not QRectF(placed).adjusted(-5, -5, 5, 5).contains(QPointF(x, y)), (x, y)
        assert QRect(0, 0, 600, 400).contains(placed), (x, y)


# export


@pytest.fixture
def content():
    return LegendContent("label", tuple(Category(f"class {i}", palette.CATEGORICAL_10[i], 8) for i in range(4)))


def test_the_saved_svg_holds_title_and_legend_as_text_and_the_points_as_a_picture(view, content, tmp_path):
    export.save(tmp_path / "map.svg", view, content, QSize(500, 300), title="Fashion-MNIST")
    text = (tmp_path / "map.svg").read_text()
    for words in ("Fashion-MNIST", "label", "class 0", "class 3"):
        assert f">{words}</text>" in text
    assert "data:image/png;base64" in text


@pytest.mark.parametrize("mode", ["points", "outlined", "density"])
def test_the_saved_map_is_the_screen_pixel_by_pixel(view, mode):
    view.set_colours(np.arange(80) % 4, palette.categorical(4))
    view.set_selection(np.arange(10, 30))
    view.set_mode(mode)
    view.zoom_at(1.7, QPointF(210, 120))
    view.clearFocus()  # whose frame is no part of the map
    screen = colours_in(view.grab().toImage())
    saved = export.render(view, LegendContent(), QSize(600 + 32, 400 + 32), 1.0)
    assert len(np.unique(screen)) > 4
    np.testing.assert_array_equal(colours_in(saved.copy(16, 16, 600, 400)), screen)


def test_the_saved_png_shows_points_and_legend(view, content, tmp_path):
    view.set_colours(np.arange(80) % 4, palette.categorical(4))
    export.save(tmp_path / "map.png", view, content, QSize(500, 300))
    bare = export.render(view, LegendContent(), QSize(500, 300), 2.0)
    shown = export.render(view, content, QSize(500, 300), 2.0)
    assert (tmp_path / "map.png").read_bytes() == export.png_bytes(shown)
    assert (colours_in(bare) != 0xFFFFFF).sum() > 1000
    right = colours_in(shown)[:, -260:]
    assert (right == 0x3C78D2).sum() > 50


def test_hidden_categories_are_not_in_the_saved_legend(view, content, tmp_path):
    hidden = LegendContent(content.title, content.categories, hidden=frozenset({1}))
    text = export.svg(view, hidden, QSize(500, 300)).decode()
    assert "class 0" in text
    assert "class 1" not in text


def test_a_legend_that_has_no_room_says_how_much_is_missing(view):
    many = LegendContent("class", tuple(Category(f"class {i}", "#3c78d2", 1) for i in range(500)))
    text = export.svg(view, many, QSize(500, 300)).decode()
    shown = sum(f">class {i}</text>" in text for i in range(500))
    assert f">and {500 - shown} more</text>" in text


def test_a_ramp_is_saved_with_its_ends_and_its_missing_values(view):
    ramp = Ramp(palette.ramp(), 0.25, 1.75, missing=12, missing_colour=palette.MISSING)
    text = export.svg(view, LegendContent("entropy", ramp=ramp), QSize(500, 300)).decode()
    for words in ("entropy", "0.25", "1.75", "no value (12)"):
        assert f">{words}</text>" in text


def test_an_unknown_kind_of_file_is_refused_with_the_known_ones(view, content, tmp_path):
    with pytest.raises(WorkbenchError, match=r"not saved as .\.gif.*\.png or \.svg"):
        export.save(tmp_path / "map.gif", view, content, QSize(100, 100))
