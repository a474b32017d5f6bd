"""Pictures on the map: each at its own point whatever is filtered, apart from each other, read on another thread."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from workbench.core.errors import WorkbenchError
from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.overlays.pictures import pictures_of, read
from workbench.gui.explorer.overlays.thumbnails import Thumbnails, by_priority, picture_size, place_pictures

LIGHT = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
COUNT = 300


def numbered(count, first=0):
    """Pictures (N, 8, 8, 3), each all over in the colour that spells its number."""
    numbers = np.arange(first, first + count)
    colours = np.stack([numbers % 256, numbers // 256, np.full(count, 77)], axis=1).astype(np.uint8)
    return np.repeat(np.repeat(colours[:, None, None], 8, axis=1), 8, axis=2)


def number_of(colour):
    assert colour.blue() == 77
    return colour.red() + 256 * colour.green()


@pytest.fixture
def view(qtbot):
    widget = MapView(LIGHT)
    widget.animates = False
    qtbot.addWidget(widget)
    widget.resize(700, 500)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.fixture
def pictures(view):
    overlay = Thumbnails(pictures_of(numbered(COUNT)))
    view.add_overlay(overlay)
    return overlay


def settle(view, overlay, qtbot):
    """Wait until every picture that has a place is here."""
    view.grab()
    qtbot.waitUntil(lambda: view.grab() and all(overlay.loader.get(row) for row in overlay._rows.tolist()))


def check(view, overlay, first=0):
    """What is painted at each point is the picture of that very point, and nothing hidden is shown."""
    image = view.grab().toImage()
    shown = overlay.shown
    for row, box in shown.items():
        at = view.position_of(row)
        assert (at.x(), at.y()) == pytest.approx((box.center().x(), box.center().y()))
        assert view.cloud.is_drawn(row)
        if view.rect().adjusted(4, 4, -4, -4).contains(at.toPoint()):  # inside the frame of the keyboard's focus
            assert number_of(QColor(image.pixel(at.toPoint()))) == row + first
    return shown


def test_pictures_belong_to_their_points_after_any_filter_zoom_and_move(view, pictures, qtbot):
    rng = np.random.default_rng(0)
    view.set_points(rng.normal(size=(COUNT, 2)))
    for change in range(25):
        match change % 5:
            case 0:
                view.set_mask(rng.random(COUNT) < rng.random())
            case 1:
                view.fly_to(rng.integers(0, COUNT, 3))
            case 2:
                view.set_mask(None)
            case 3:
                view.pan_by(*rng.normal(0, 60, 2))
            case 4:
                view.set_points(rng.normal(size=(COUNT, 2)))
                view.set_selection(rng.integers(0, COUNT, 4))
        settle(view, pictures, qtbot)
        check(view, pictures)


def test_another_sets_pictures_replace_these_at_once(view, pictures, qtbot):
    view.set_points(np.random.default_rng(0).normal(size=(60, 2)))
    settle(view, pictures, qtbot)
    pictures.set_source(pictures_of(numbered(60, first=1_000)))
    assert pictures.shown == {}
    view.set_points(np.random.default_rng(1).normal(size=(60, 2)))
    settle(view, pictures, qtbot)
    assert check(view, pictures, first=1_000)


def test_a_picture_that_was_on_its_way_for_the_last_set_is_dropped(view, qtbot):
    go_on = threading.Event()

    def slow(rows):
        go_on.wait(5)
        return pictures_of(numbered(60))(rows)

    overlay = Thumbnails(slow)
    view.add_overlay(overlay)
    view.set_points(np.random.default_rng(0).normal(size=(60, 2)))
    view.grab()
    overlay.set_source(pictures_of(numbered(60, first=1_000)))
    go_on.set()
    settle(view, overlay, qtbot)
    assert check(view, overlay, first=1_000)


def test_pictures_are_read_on_another_thread(view, qtbot):
    seen = set()

    def source(rows):
        seen.add(threading.current_thread())
        return pictures_of(numbered(60))(rows)

    overlay = Thumbnails(source)
    view.add_overlay(overlay)
    view.set_points(np.random.default_rng(0).normal(size=(60, 2)))
    settle(view, overlay, qtbot)
    assert seen
    assert threading.main_thread() not in seen


def test_nothing_is_read_while_the_points_are_close_together(view, qtbot):
    asked = []
    overlay = Thumbnails(lambda rows: asked.append(rows) or {})
    view.add_overlay(overlay)
    view.set_points(np.random.default_rng(0).normal(size=(20_000, 2)))
    view.grab()
    qtbot.wait(50)
    assert picture_size(view) == 0
    assert asked == []


def test_a_filter_that_leaves_few_points_brings_their_pictures(view, qtbot):
    overlay = Thumbnails(pictures_of(numbered(20_000)))
    view.add_overlay(overlay)
    view.set_points(np.random.default_rng(0).normal(size=(20_000, 2)))
    view.set_mask(np.arange(20_000) % 700 == 3)
    settle(view, overlay, qtbot)
    assert {row % 700 for row in check(view, overlay)} == {3}


def test_a_point_without_a_picture_stays_a_point_and_is_asked_for_once(view, qtbot):
    asked = []

    def source(rows):
        asked.extend(rows.tolist())
        return pictures_of(numbered(30))(rows[rows % 2 == 0])

    overlay = Thumbnails(source)
    view.add_overlay(overlay)
    view.set_points(np.random.default_rng(0).normal(size=(30, 2)))
    view.grab()
    qtbot.waitUntil(lambda: bool(overlay.shown))
    view.pan_by(1, 0)
    settle(view, overlay, qtbot)
    assert {row % 2 for row in check(view, overlay)} == {0}
    assert len(asked) == len(set(asked))


def test_pictures_that_cannot_be_read_are_told_and_not_asked_for_again(view, qtbot):
    def source(rows):
        raise WorkbenchError("thumbnails.npy is gone.")

    overlay = Thumbnails(source)
    view.add_overlay(overlay)
    with qtbot.waitSignal(overlay.loader.failed) as failed:
        view.set_points(np.random.default_rng(0).normal(size=(20, 2)))
        view.grab()
    assert failed.args == ["thumbnails.npy is gone."]
    assert overlay.shown == {}


def test_panning_keeps_the_pictures_that_still_fit(view, pictures, qtbot):
    view.set_points(np.random.default_rng(0).normal(size=(COUNT, 2)))
    view.zoom_at(3, view.rect().center().toPointF())
    settle(view, pictures, qtbot)
    for _ in range(6):
        before = pictures.shown
        view.pan_by(9, -7)
        settle(view, pictures, qtbot)
        half = picture_size(view) / 2 - 2
        inside = view.rect().adjusted(-int(half), -int(half), int(half), int(half))
        staying = {row for row in before if inside.contains(view.position_of(row).toPoint())}
        assert staying <= set(pictures.shown)


def test_a_click_anywhere_on_a_picture_picks_its_point(view, pictures, qtbot):
    view.set_points([(0, 0), (10, 0), (5, 8)])
    settle(view, pictures, qtbot)
    box = pictures.shown[1]
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=box.topLeft().toPoint() + QPoint(4, 4))
    assert clicked.args == [1]


def test_a_removed_overlay_reads_no_more_and_shows_nothing(view, pictures, qtbot):
    view.set_points([(0, 0), (10, 0)])
    settle(view, pictures, qtbot)
    assert view.box_of(0) is not None
    view.remove_overlay(pictures)
    assert pictures.loader is None
    assert pictures.shown == {}
    assert view.box_of(0) is None


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 80).flatmap(lambda n: hnp.arrays(np.float64, (n, 2), elements=st.floats(-100, 700))),
    st.floats(1, 90),
    st.integers(1, 50),
)
def test_no_picture_lies_over_another_and_none_is_left_out_that_fits(centres, side, most):
    kept = place_pictures(centres, side, most).tolist()
    assert len(kept) <= most

    def apart(a, b):
        return np.abs(centres[a] - centres[b]).max() >= side

    assert all(apart(a, b) for at, a in enumerate(kept) for b in kept[:at])
    if len(kept) < most:
        left_out = set(range(len(centres))) - set(kept)
        assert all(any(not apart(one, other) for other in kept if other < one) for one in left_out)


def test_the_order_of_places_is_fixed_but_for_those_that_come_first():
    rows = np.arange(50)
    order = by_priority(rows, [7, 99, 3, 7])
    assert order[:2].tolist() == [7, 3]
    assert sorted(order.tolist()) == rows.tolist()
    assert by_priority(rows[::-1].copy(), []).tolist() == by_priority(rows, []).tolist()


def test_small_pictures_are_enlarged_with_sharp_pixels_and_tall_ones_keep_their_shape():
    two = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)[None].repeat(2, axis=1)
    image = read(pictures_of(two), [0], 64)[0]
    assert (image.width(), image.height()) == (64, 64)
    assert {QColor(image.pixel(x, 9)).red() for x in range(64)} == {0, 255}
    tall = read(pictures_of(np.zeros((1, 200, 100), np.uint8)), [0], 64)[0]
    assert (tall.width(), tall.height()) == (32, 64)
