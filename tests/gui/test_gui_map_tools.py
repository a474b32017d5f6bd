"""What the mouse and the keyboard do on the map: gathering, flying, stepping, and the card that follows the mouse."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow

from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.flight import between, closing_in
from workbench.gui.explorer.hover_card import CardContent, HoverCard
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.raster.camera import Bounds, Camera
from workbench.gui.explorer.raster.cloud import Cloud
from workbench.gui.explorer.tools.base import how_of
from workbench.gui.explorer.tools.gather import count_words
from workbench.gui.explorer.tools.stepping import nearest_to, next_point
from workbench.gui.explorer.tools.strip import ToolStrip

LIGHT = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT, ALT, CTRL = (
    Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier,
)  # fmt: skip
GRID = np.array([(x, y) for x in range(10) for y in range(8)], float)


@pytest.fixture
def view(qtbot):
    widget = MapView(LIGHT)
    widget.animates = False
    qtbot.addWidget(widget)
    widget.resize(600, 400)
    widget.show()
    qtbot.waitExposed(widget)
    widget.set_points(GRID)
    # The test before may have left the cursor on a point; the map looks no more often than every 50 ms.
    QTest.mouseMove(widget, QPoint(1, 1))
    qtbot.waitUntil(lambda: widget.hovered_index is None, timeout=2000)
    qtbot.wait(60)
    return widget


@pytest.fixture
def gathered(view):
    told = []
    view.gathered.connect(lambda rows, how: told.append((rows.tolist(), how)))
    return told


def drag(view, corners, modifiers=NONE):
    """Press at the first pixel, move over the others, let go at the last."""
    QTest.mousePress(view, LEFT, modifiers, QPoint(*corners[0]))
    for start, end in pairwise(corners):
        for share in np.linspace(0.2, 1, 5):
            QTest.mouseMove(
                view, QPoint(*np.round(np.add(start, np.subtract(end, start) * share)).astype(int).tolist())
            )
    QTest.mouseRelease(view, LEFT, modifiers, QPoint(*corners[-1]))


def pixel(view, x, y):
    return [round(value) for value in view.camera.to_screen(x, y)]


def inside(polygon, xy):
    """The even-odd rule, point by point."""
    found = []
    for row, (x, y) in enumerate(xy):
        odd = False
        for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                odd = not odd
        if odd:
            found.append(row)
    return found


# gathering


def test_a_lasso_gathers_the_points_inside_its_outline(view, gathered):
    polygon = [(1.5, 1.4), (6.5, 0.5), (4.5, 3.5), (7.5, 6.5), (2.4, 5.5)]
    view.set_tool("lasso")
    drag(view, [pixel(view, *corner) for corner in polygon])
    assert gathered == [(inside(polygon, GRID), "replace")]


def test_a_box_gathers_the_points_between_its_corners_in_whatever_direction_it_is_drawn(view, gathered):
    view.set_tool("box")
    expected = [row for row, (x, y) in enumerate(GRID) if 2 <= x <= 5 and 1 <= y <= 3]
    for start, end in (((1.5, 0.5), (5.5, 3.5)), ((5.5, 3.5), (1.5, 0.5)), ((5.5, 0.5), (1.5, 3.5))):
        drag(view, [pixel(view, *start), pixel(view, *end)])
    assert gathered == [(expected, "replace")] * 3


def test_hidden_points_are_not_gathered(view, gathered):
    view.set_mask(GRID[:, 0] % 2 == 0)
    view.set_tool("box")
    drag(view, [pixel(view, 1.5, 0.5), pixel(view, 5.5, 3.5)])
    assert {GRID[row][0] for row in gathered[0][0]} == {2, 4}


def test_shift_and_drag_is_a_box_that_adds_while_the_hand_is_chosen(view, gathered):
    camera = view.camera
    drag(view, [pixel(view, -0.5, -0.5), pixel(view, 0.5, 1.5)], SHIFT)
    assert gathered == [([0, 1], "add")]
    assert view.tool.id == "pan"
    assert view.camera == camera


@pytest.mark.parametrize(
    ("held", "how"),
    [(NONE, "replace"), (SHIFT, "add"), (ALT, "subtract"), (CTRL | SHIFT, "subtract"), (SHIFT | ALT, "intersect")],
)
def test_the_keys_held_say_what_becomes_of_the_gathered_points(held, how):
    assert how_of(held) == how


def test_escape_drops_the_outline_and_then_the_tool(view, gathered, qtbot):
    view.set_tool("lasso")
    QTest.mousePress(view, LEFT, pos=QPoint(100, 100))
    for at in ((300, 100), (300, 300)):
        QTest.mouseMove(view, QPoint(*at))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    with qtbot.assertNotEmitted(view.clicked):
        QTest.mouseRelease(view, LEFT, pos=QPoint(300, 300))
    assert gathered == []
    assert view.tool.id == "lasso"
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.tool.id == "pan"


@pytest.mark.parametrize("tool", ["lasso", "box"])
def test_a_click_with_a_gathering_tool_picks_the_point_under_it(view, gathered, qtbot, tool):
    view.set_tool(tool)
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.mouseClick(view, LEFT, pos=view.position_of(13).toPoint())
    QTest.mouseClick(view, LEFT, SHIFT, view.position_of(14).toPoint())
    QTest.mouseClick(view, LEFT, ALT, view.position_of(15).toPoint())
    assert clicked.args == [13]
    assert gathered == [([14], "add"), ([15], "subtract")]


def test_new_points_drop_the_outline(view, gathered):
    view.set_tool("box")
    QTest.mousePress(view, LEFT, pos=QPoint(100, 100))
    QTest.mouseMove(view, QPoint(300, 300))
    view.set_points(GRID[:5])
    QTest.mouseRelease(view, LEFT, pos=QPoint(300, 300))
    assert gathered == []


def test_a_button_that_went_up_elsewhere_ends_the_drag(view, gathered):
    view.set_tool("box")
    QTest.mousePress(view, LEFT, pos=QPoint(100, 100))
    QTest.mouseMove(view, QPoint(300, 300))
    at = QPointF(310, 310)
    free = QMouseEvent(QEvent.Type.MouseMove, at, view.mapToGlobal(at), *[Qt.MouseButton.NoButton] * 2, NONE)
    QApplication.sendEvent(view, free)
    QTest.mouseRelease(view, LEFT, pos=QPoint(310, 310))
    assert gathered == []


def test_the_middle_button_moves_the_map_with_any_tool(view):
    view.set_tool("lasso")
    before = view.position_of(0)
    QTest.mousePress(view, Qt.MouseButton.MiddleButton, pos=QPoint(300, 200))
    QTest.mouseMove(view, QPoint(330, 200))
    QTest.mouseMove(view, QPoint(350, 210))
    QTest.mouseRelease(view, Qt.MouseButton.MiddleButton, pos=QPoint(350, 210))
    moved = view.position_of(0) - before
    assert (moved.x(), moved.y()) == pytest.approx((50, 10))


def test_the_outline_and_its_count_are_seen_while_dragging(view):
    still = view.grab().toImage()
    view.set_tool("box")
    QTest.mousePress(view, LEFT, pos=QPoint(100, 100))
    QTest.mouseMove(view, QPoint(300, 300))
    assert view.grab().toImage() != still
    QTest.mouseRelease(view, LEFT, pos=QPoint(300, 300))
    assert view.grab().toImage() == still


def test_the_count_says_what_will_be_done():
    assert [count_words(1, "replace"), count_words(5_120, "subtract")] == ["1 point", "remove 5,120 points"]


def test_without_gathering_shift_pans_and_letters_choose_nothing(view, gathered):
    view.gathers = False
    before = view.position_of(0)
    drag(view, [(100, 100), (150, 100)], SHIFT)
    QTest.keyClick(view, Qt.Key.Key_L)
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    assert (view.position_of(0) - before).x() == pytest.approx(50)
    assert view.tool.id == "pan"
    assert gathered == []


# keys


@pytest.mark.parametrize(("key", "tool"), [(Qt.Key.Key_L, "lasso"), (Qt.Key.Key_B, "box"), (Qt.Key.Key_V, "pan")])
def test_a_letter_chooses_its_tool_and_the_strip_shows_it(view, key, tool, qtbot):
    strip = ToolStrip(view)
    qtbot.addWidget(strip)
    QTest.keyClick(view, key)
    assert view.tool.id == tool
    assert [id_ for id_, button in strip.buttons.items() if button.isChecked()] == [tool]


def test_all_none_and_the_others_are_gathered_by_ctrl_a_d_and_i(view, gathered):
    view.set_points([*GRID[:5], (np.nan, 0)])
    view.set_mask(np.arange(6) != 2)
    view.set_selection([1, 2])
    for key in (Qt.Key.Key_A, Qt.Key.Key_D, Qt.Key.Key_I):
        QTest.keyClick(view, key, CTRL)
    assert gathered == [([0, 1, 3, 4], "replace"), ([], "replace"), ([0, 3, 4], "replace")]


def test_ctrl_i_reaches_the_map_where_a_menu_has_it_too(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    action = window.menuBar().addMenu("Data").addAction("Import")
    action.setShortcut("Ctrl+I")
    asked, told = [], []
    action.triggered.connect(asked.append)
    view = MapView(LIGHT)
    window.setCentralWidget(view)
    window.show()
    qtbot.waitExposed(window)
    view.set_points(GRID)
    view.gathered.connect(lambda rows, how: told.append(len(rows)))
    window.activateWindow()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_I, CTRL)
    assert (asked, told) == ([], [80])


def test_ctrl_and_an_arrow_walk_from_point_to_point_and_enter_clicks(view, qtbot):
    seen = []
    view.focused.connect(seen.append)
    view.set_selection([33])
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Down):
        QTest.keyClick(view, key, CTRL)
    assert seen == [33, 41, 42, 34, 33]
    assert view.hovered_index == 33
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert clicked.args == [33]


def test_walking_out_of_the_view_brings_the_point_into_it(view):
    view.fly_to([0])
    view.set_focus_row(79)
    assert view.shows(79)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=60),
    st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1)]),
    st.floats(0.5, 200),
    st.data(),
)
def test_a_step_takes_the_cheapest_shown_point_of_its_quarter(places, way, scale, data):
    xy = np.array(places, np.float32)
    cloud = Cloud(xy)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(xy), max_size=len(xy))))
    cloud.set_visible(mask)
    costs = {}
    for row, (x, y) in enumerate(xy.astype(float) - xy[0]):
        along, across = x * way[0] + y * way[1], abs(x * way[1] + y * way[0])
        if mask[row] and along > 0 and across <= along:
            costs[row] = along + 2 * across
    found = next_point(cloud, 0, *way, scale)
    assert (found is None) == (not costs)
    assert found is None or costs[found] == min(costs.values())


def test_the_first_step_starts_at_the_point_nearest_to_the_middle():
    assert nearest_to(Cloud(GRID), 4.2, 3.1) == 4 * 8 + 3
    assert nearest_to(Cloud(np.zeros((0, 2))), 1, 2) is None
    assert nearest_to(Cloud([(7, 7)]), 1e4, 2) == 0


# flying


def test_flying_to_points_shows_them_all_and_large(view):
    rows = [20, 21, 28, 29]
    view.fly_to(rows)
    at = np.array([(view.position_of(row).x(), view.position_of(row).y()) for row in rows])
    assert ((at >= 0) & (at <= (600, 400))).all()
    assert max(np.ptp(at, axis=0) / (600, 400)) > 0.5
    assert at.mean(axis=0) == pytest.approx((300, 200), abs=1e-3)


def test_flying_to_one_point_never_zooms_out(view):
    view.fly_to([33])
    close = view.camera.scale
    view.zoom_at(10, QPointF(10, 10))
    view.fly_to([33])
    assert view.camera.scale == pytest.approx(close * 10)
    assert (view.position_of(33).x(), view.position_of(33).y()) == pytest.approx((300, 200), abs=1e-2)


def test_flying_to_an_area_shows_it_and_to_nothing_stays(view):
    view.fly_to(QRectF(2, 3, 4, 1))
    assert (view.camera.x, view.camera.y) == (4, 3.5)
    camera = view.camera
    view.fly_to([])
    view.set_points([(np.nan, np.nan)], keep_view=True)
    view.fly_to([0])
    assert view.camera == camera


def test_a_flight_takes_its_time_and_arrives(view, qtbot):
    view.animates = True
    seen = []
    view.view_changed.connect(lambda: seen.append(view.camera.scale))
    view.set_selection([20, 29])
    before = view.camera.scale
    QTest.keyClick(view, Qt.Key.Key_F)
    assert view.camera.scale == pytest.approx(before, rel=0.2)
    target = closing_in(view.camera, view.home, Bounds(2.5, 4.5, 1.0, 1.0))
    qtbot.waitUntil(lambda: view.camera == target, timeout=3000)
    assert seen == sorted(seen)


def test_a_drag_takes_hold_of_a_flying_view(view, qtbot):
    view.animates = True
    view.fly_to([20, 29])
    QTest.mousePress(view, LEFT, pos=QPoint(300, 200))
    held = view.camera
    qtbot.wait(350)
    assert view.camera == held
    QTest.mouseRelease(view, LEFT, pos=QPoint(300, 200))


def test_a_zoom_in_flight_keeps_one_place_fixed():
    start = Camera(0, 0, 10, 600, 400)
    end = start.zoomed_at(8, 450, 120, start)
    fixed = start.to_data(450, 120)
    for share in (0.1, 0.5, 0.9, 1.0):
        assert between(start, end, share).to_screen(*fixed) == pytest.approx((450, 120))


# the card


class Hides(QObject):
    def __init__(self):
        super().__init__()
        self.count = 0

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.Hide
        return False


def test_the_card_goes_from_point_to_point_without_hiding_between(view, qtbot):
    card = HoverCard(view, lambda index: CardContent(str(index)))
    hides = Hides()
    card.installEventFilter(hides)
    QTest.mouseMove(view, view.position_of(33).toPoint())
    qtbot.waitUntil(card.isVisible, timeout=2000)
    for row in (41, 49, 57):
        gap = (view.position_of(row - 8) + view.position_of(row)) / 2
        QTest.mouseMove(view, gap.toPoint() + QPoint(0, 22))
        qtbot.wait(60)
        QTest.mouseMove(view, view.position_of(row).toPoint())
        qtbot.wait(60)
    qtbot.waitUntil(lambda: card.content.title == "57", timeout=2000)
    assert hides.count == 0
    assert card.isVisible()


def test_the_ring_is_there_before_the_card(view):
    card = HoverCard(view, lambda index: CardContent(str(index)))
    still = view.grab().toImage()
    QTest.mouseMove(view, view.position_of(33).toPoint())
    assert view.hovered_index == 33
    assert view.grab().toImage() != still
    assert not card.isVisible()


def test_resting_between_points_lets_the_card_go(view, qtbot):
    card = HoverCard(view, lambda index: CardContent(str(index)))
    QTest.mouseMove(view, view.position_of(33).toPoint())
    qtbot.waitUntil(card.isVisible, timeout=2000)
    QTest.mouseMove(view, QPoint(3, 3))
    qtbot.waitUntil(lambda: not card.isVisible(), timeout=2000)


# the strip


def test_the_strip_chooses_tools_and_says_their_names(view, qtbot):
    strip = ToolStrip(view)
    qtbot.addWidget(strip)
    strip.show()
    QTest.mouseClick(strip.buttons["box"], LEFT)
    assert view.tool.id == "box"
    assert view.hasFocus() or QApplication.focusWidget() is None
    for button in (*strip.buttons.values(), strip.fit_button, strip.fly_button):
        assert button.accessibleName()
        assert button.toolTip().endswith(")")
