"""What lies over the points: painted without drawing them again, in the right place, and part of saved pictures."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from workbench.gui.explorer import export, palette
from workbench.gui.explorer.colours import PlotColours, rgba_table
from workbench.gui.explorer.legend_paint import LegendContent
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.overlays.axes import Axes
from workbench.gui.explorer.overlays.base import Overlay
from workbench.gui.explorer.overlays.lines import Lines, Segments, screen_ends

LIGHT = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
GRID = np.array([(x, y) for x in range(10) for y in range(8)], float)


class Block(Overlay):
    """A filled square in data coordinates."""

    def __init__(self, colour, level=0):
        self.colour, self.level = QColor(colour), level
        self.painted = 0

    def paint(self, painter, view):
        self.painted += 1
        x, y = view.camera.to_screen(4.5, 3.5)
        painter.fillRect(QRectF(x - 10, y - 10, 20, 20), self.colour)


@pytest.fixture
def view(qtbot):
    widget = MapView(LIGHT)
    widget.animates = False
    qtbot.addWidget(widget)
    widget.resize(600, 400)
    widget.show()
    qtbot.waitExposed(widget)
    widget.set_points(GRID)
    return widget


def colour_at(view, x, y):
    at = QPointF(*view.camera.to_screen(x, y)).toPoint()
    return QColor(view.grab().toImage().pixel(at)).name()


def pixels_of(image, colour):
    picture = image.convertToFormat(image.Format.Format_RGB32)
    data = np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), -1)[:, : picture.width()]
    return np.argwhere(data & 0xFFFFFF == int(QColor(colour).rgb()) & 0xFFFFFF)


# the layer


def test_an_overlay_is_painted_over_the_points_until_it_is_removed(view):
    block = Block("#00aa00")
    view.add_overlay(block)
    assert colour_at(view, 4.5, 3.5) == "#00aa00"
    view.remove_overlay(block)
    assert colour_at(view, 4.5, 3.5) == "#ffffff"


def test_a_higher_level_covers_a_lower_one_whichever_came_first(view):
    view.add_overlay(Block("#00aa00", level=9))
    view.add_overlay(Block("#aa0000", level=3))
    assert colour_at(view, 4.5, 3.5) == "#00aa00"


def test_a_changed_overlay_is_repainted_over_the_same_picture_of_the_points(view, qtbot):
    block = Block("#00aa00")
    view.add_overlay(block)
    view.grab()
    given = (view.cloud, view.camera, view.plot_colours, view.point_size_px(), view.devicePixelRatioF())
    before, painted = view._drawing.image(*given), block.painted
    block.changed()
    qtbot.waitUntil(lambda: block.painted > painted)
    assert view._drawing.image(*given) is before


def test_a_saved_picture_has_the_overlays_but_not_the_rings_of_mouse_and_keyboard(view):
    view.set_focus_row(33)
    plain = export.render(view, LegendContent(), QSize(632, 432), 2.0)
    view.set_focus_row(None)
    view.set_hovered(None)
    assert plain == export.render(view, LegendContent(), QSize(632, 432), 2.0)
    view.add_overlay(Block("#00aa00"))
    found = pixels_of(export.render(view, LegendContent(), QSize(632, 432), 2.0), "#00aa00") / 2 - 16
    assert found.mean(axis=0) == pytest.approx((200, 300), abs=1)
    assert np.ptp(found, axis=0) == pytest.approx((20, 20), abs=1.5)


# lines


def test_a_line_joins_its_points_and_follows_the_view(view):
    lines = Lines()
    view.add_overlay(lines)
    lines.set_segments([Segments(rows=np.array([[0, 72]]), colour="#aa0000", width_px=5)])
    assert colour_at(view, 4.5, 0) == "#aa0000"
    view.zoom_at(2, QPointF(300, 380))
    assert colour_at(view, 4.5, 0) == "#aa0000"


def test_lines_to_hidden_or_placeless_points_are_not_drawn(view):
    view.set_points([(0, 0), (1, 0), (np.nan, 0), (2, 0)])
    view.set_mask([True, True, True, False])
    segments = Segments(rows=np.array([[0, 1], [0, 2], [1, 3], [0, 99], [-1, 0]]))
    assert len(screen_ends(segments, view)) == 1


def test_lines_between_places_need_no_points_and_those_out_of_view_are_skipped(view):
    places = np.array([[(0, 0), (9, 7)], [(50, 0), (60, 7)], [(0, np.inf), (1, 1)]], float)
    ends = screen_ends(Segments(places=places), view)
    assert ends.tolist() == [[*view.camera.to_screen(0, 0), *view.camera.to_screen(9, 7)]]


def test_an_arrow_ends_in_a_head_at_its_second_point(view):
    lines = Lines()
    view.add_overlay(lines)
    place = np.array([[(1.5, 3.5), (7.5, 3.5)]])
    wide = []
    for heads in (False, True):
        lines.set_segments([Segments(places=place, colour="#aa0000", heads=heads)])
        red = pixels_of(view.grab().toImage(), "#aa0000")
        tip, tail = (view.camera.to_screen(x, 3.5)[0] for x in (7.5, 1.5))
        wide.append([len(red[np.abs(red[:, 1] - at) < 8]) for at in (tip, tail)])
    assert wide[1][0] > wide[0][0] + 10
    assert wide[1][1] <= wide[0][1] + 2


# axes


def test_axes_are_drawn_with_names_only_where_directions_mean_something(view):
    plain = view.grab().toImage()
    axes = Axes()
    view.add_overlay(axes)
    assert view.grab().toImage() == plain
    axes.set_axes(("PC 1", "PC 2"))
    named = view.grab().toImage()
    assert len(pixels_of(named, LIGHT.muted)) > 800
    axes.set_axes(("PC 1", "PC 2"), numbers=True)
    assert view.grab().toImage() != named
    axes.set_axes(None)
    assert view.grab().toImage() == plain


# a layout in space


@pytest.fixture
def space(view):
    view.set_points(np.random.default_rng(0).normal(size=(300, 3)))
    view.set_colours(np.zeros(300, np.uint8), rgba_table(["#aa0000"]))
    return view


def test_a_drag_turns_a_layout_in_space_and_keeps_its_marks(space):
    space.set_selection([3, 5])
    space.set_mask(np.arange(300) < 200)
    before, camera = space.cloud.xy.copy(), space.camera
    QTest.mousePress(space, Qt.MouseButton.LeftButton, pos=QPointF(300, 200).toPoint())
    QTest.mouseMove(space, QPointF(340, 210).toPoint())
    QTest.mouseMove(space, QPointF(400, 240).toPoint())
    QTest.mouseRelease(space, Qt.MouseButton.LeftButton, pos=QPointF(400, 240).toPoint())
    assert np.abs(space.cloud.xy - before).max() > 0.1
    assert space.camera == camera
    assert space.cloud.selected.tolist() == [3, 5]
    assert not space.cloud.is_drawn(250)


def test_points_in_space_are_picked_where_they_are_seen(space):
    space.turn_by(0.7, 0.3)
    row = int(np.hypot(*space.cloud.xy.T).argmax())
    assert space.pick(space.position_of(row)) == row


def test_shift_and_arrows_turn_a_layout_and_pan_a_flat_one(space):
    before = space.space.orbit
    QTest.keyClick(space, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert space.space.orbit.yaw != before.yaw
    space.set_points(GRID)
    camera = space.camera
    QTest.keyClick(space, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert space.space is None
    assert space.camera.x > camera.x


def test_the_hand_that_a_layout_begins_with_follows_its_dimensions(space):
    assert space.tool.id == "turn"
    space.set_points(GRID)
    assert space.tool.id == "pan"


def test_the_fitted_view_shows_a_layout_from_all_sides(space):
    for _ in range(12):
        space.turn_by(0.5, 0.1)
        space.fit()
        x, y = np.array([space.camera.to_screen(*map(float, place)) for place in space.cloud.xy]).T
        assert (x > -60).all()
        assert (x < 660).all()
        assert (y > -60).all()
        assert (y < 460).all()
