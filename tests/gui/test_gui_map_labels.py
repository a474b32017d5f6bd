"""Names on the map: no two over each other, none out of the view, and steady while the map is panned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PySide6.QtCore import QRectF

from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.overlays.cluster_labels import ClusterLabels, MapLabel, class_labels
from workbench.gui.explorer.overlays.placing import BESIDE, OVER, Memory, place, rectangles
from workbench.gui.explorer.overlays.point_labels import PointLabels

LIGHT = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
AREA = (5.0, 5.0, 595.0, 395.0)
LABELS = st.integers(0, 60).flatmap(
    lambda count: st.tuples(
        hnp.arrays(np.float64, (count, 2), elements=st.floats(-50, 650)),
        hnp.arrays(np.float64, (count, 2), elements=st.floats(1, 120)),
    )
)


@pytest.fixture
def view(qtbot):
    widget = MapView(LIGHT)
    widget.animates = False
    qtbot.addWidget(widget)
    widget.resize(600, 400)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 1e-9 and min(a[3], b[3]) - max(a[1], b[1]) > 1e-9


# placing


@settings(max_examples=150, deadline=None)
@given(LABELS, st.sampled_from([BESIDE, OVER]), st.floats(0, 20))
def test_no_two_labels_overlap_and_none_leaves_the_view(labels, candidates, gap):
    anchors, sizes = labels
    chosen = place(anchors, sizes, AREA, candidates, gap)
    boxes = rectangles(anchors, sizes, chosen, candidates, gap)[chosen >= 0].tolist()
    for at, box in enumerate(boxes):
        assert box[0] >= AREA[0] - 1e-9
        assert box[1] >= AREA[1] - 1e-9
        assert box[2] <= AREA[2] + 1e-9
        assert box[3] <= AREA[3] + 1e-9
        assert not any(overlap(box, other) for other in boxes[:at])


@settings(max_examples=100, deadline=None)
@given(LABELS)
def test_a_label_is_left_out_only_where_those_before_it_take_all_its_places(labels):
    anchors, sizes = labels
    chosen = place(anchors, sizes, AREA, BESIDE, 4)
    for at in np.flatnonzero(chosen < 0):
        x, y = anchors[at]
        if not (AREA[0] <= x <= AREA[2] and AREA[1] <= y <= AREA[3]):
            continue
        before = rectangles(anchors[:at], sizes[:at], chosen[:at], BESIDE, 4)[chosen[:at] >= 0].tolist()
        for one in range(len(BESIDE)):
            box = rectangles(anchors[at : at + 1], sizes[at : at + 1], np.array([one]), BESIDE, 4)[0]
            outside = box[0] < AREA[0] or box[1] < AREA[1] or box[2] > AREA[2] or box[3] > AREA[3]
            near = [other for other in before if overlap(box + np.array([-2, -2, 2, 2]), other)]
            assert outside or near


@settings(max_examples=60, deadline=None)
@given(LABELS, st.floats(-15, 15), st.floats(-15, 15))
def test_labels_away_from_the_border_stay_where_they_are_while_panning(labels, right, down):
    anchors, sizes = labels
    far = (-400.0, -400.0, 1000.0, 800.0)
    memory, keys = Memory(), range(len(anchors))
    memory.keep(keys, place(anchors, sizes, far, OVER, 12), 1.0)
    first = memory.preferred(keys, 1.0)
    moved = place(anchors + np.array([right, down]), sizes, far, OVER, 12, first)
    assert moved.tolist() == first.tolist()


def test_the_first_label_takes_its_best_place_and_the_next_moves_aside():
    anchors, sizes = np.array([(300.0, 200.0), (305.0, 200.0)]), np.array([(80.0, 20.0), (80.0, 20.0)])
    assert place(anchors, sizes, AREA, OVER, 12).tolist()[0] == 0
    assert OVER[place(anchors, sizes, AREA, OVER, 12)[1]] == (0, -1)


def test_a_label_goes_where_it_covers_no_point_but_covers_one_rather_than_be_left_out():
    anchor, size = np.array([(300.0, 200.0)]), np.array([(80.0, 20.0)])
    right = np.array([(310.0, 190.0, 320.0, 210.0)])
    assert BESIDE[place(anchor, size, AREA, BESIDE, 4, avoided=right)[0]] == (-1, 0)
    everywhere = np.array([(0.0, 0.0, 600.0, 400.0)])
    assert BESIDE[place(anchor, size, AREA, BESIDE, 4, avoided=everywhere)[0]] == (1, 0)


def test_what_was_chosen_is_forgotten_at_another_zoom():
    memory = Memory()
    memory.keep(["a"], np.array([3]), 1.0)
    assert memory.preferred(["a", "b"], 1.0).tolist() == [3, -1]
    assert memory.preferred(["a"], 2.0).tolist() == [-1]


# clusters


def test_cluster_names_stand_apart_inside_the_map(view):
    rng = np.random.default_rng(0)
    view.set_points(rng.normal(size=(500, 2)))
    names = ClusterLabels()
    names.set_labels([MapLabel(f"cluster {i}", *rng.normal(size=2), weight=i + 1) for i in range(40)])
    view.add_overlay(names)
    view.grab()
    boxes = [box.getCoords() for box in names.boxes.values()]
    assert 10 < len(boxes) <= 40
    assert "cluster 39" in names.boxes
    assert not any(overlap(a, b) for at, a in enumerate(boxes) for b in boxes[:at])
    assert all(QRectF(view.rect()).contains(box) for box in names.boxes.values())


def test_cluster_names_move_with_the_map(view):
    view.set_points([(0, 0), (10, 10)])
    names = ClusterLabels()
    names.set_labels([MapLabel("middle", 5, 5), MapLabel("left", 4, 5)])
    view.add_overlay(names)
    view.grab()
    before = dict(names.boxes)
    view.pan_by(30, -20)
    view.grab()
    assert {name: box.translated(30, -20) for name, box in before.items()} == names.boxes


def test_heavy_names_are_larger(view):
    view.set_points([(0, 0), (10, 10)])
    names = ClusterLabels()
    names.set_labels([MapLabel("aaaa", 2, 5, weight=1), MapLabel("bbbb", 8, 5, weight=100)])
    view.add_overlay(names)
    view.grab()
    assert names.boxes["bbbb"].height() > names.boxes["aaaa"].height()


def test_a_cluster_too_small_to_see_is_named_when_zoomed_in(view):
    view.set_points([(0, 0), (100, 100)])
    names = ClusterLabels()
    names.set_labels([MapLabel("tiny", 50, 50, spread=0.5)])
    view.add_overlay(names)
    view.grab()
    assert names.boxes == {}
    view.fly_to(QRectF(45, 45, 10, 10))
    view.grab()
    assert list(names.boxes) == ["tiny"]


def test_a_class_in_two_places_is_named_at_the_fuller_one():
    rng = np.random.default_rng(0)
    xy = np.concatenate([rng.normal((0, 0), 0.3, (300, 2)), rng.normal((10, 10), 0.3, (200, 2)), [(np.nan, 0)]])
    labels = class_labels(xy.astype(np.float32), np.zeros(501, int), ["both"])
    assert [label.text for label in labels] == ["both"]
    assert np.hypot(labels[0].x, labels[0].y) < 0.5
    assert labels[0].weight == 500


def test_the_largest_classes_are_named_and_points_without_a_class_count_for_none():
    xy = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    codes = np.array([0] * 10 + [1] * 50 + [2] * 30 + [-1] * 5 + [3] * 5)
    labels = class_labels(xy, codes, ["a", "b", "c", "d", "empty"], most=3)
    assert [(label.text, label.weight) for label in labels] == [("b", 50), ("c", 30), ("a", 10)]
    assert class_labels(np.zeros((0, 2), np.float32), np.zeros(0, int), ["a"]) == []


# points


def test_words_come_where_few_points_are_in_view_and_stand_apart(view):
    rng = np.random.default_rng(0)
    view.set_points(rng.normal(size=(5_000, 2)))
    words = PointLabels(lambda rows: [f"word {row}" for row in rows])
    view.add_overlay(words)
    view.grab()
    assert words.boxes == {}
    view.zoom_at(16, view.rect().center().toPointF())
    view.grab()
    boxes = [box.getCoords() for box in words.boxes.values()]
    assert len(boxes) > 20
    assert not any(overlap(a, b) for at, a in enumerate(boxes) for b in boxes[:at])


def test_words_of_points_leave_the_names_of_clusters_free(view):
    rng = np.random.default_rng(0)
    view.set_points(rng.normal(size=(200, 2)))
    words, names = PointLabels(lambda rows: [f"word {row}" for row in rows]), ClusterLabels()
    view.add_overlay(words)
    view.grab()
    alone = dict(words.boxes)
    names.set_labels([MapLabel(f"cluster {i}", *rng.normal(size=2)) for i in range(8)])
    view.add_overlay(names)
    view.grab()
    large = [box.getCoords() for box in names.boxes.values()]
    assert any(overlap(box.getCoords(), name) for box in alone.values() for name in large)
    assert len(words.boxes) > 20
    assert not any(overlap(box.getCoords(), name) for box in words.boxes.values() for name in large)


def test_of_a_large_selection_no_point_is_named_among_many(view):
    view.set_points(np.random.default_rng(0).normal(size=(5_000, 2)))
    words = PointLabels(lambda rows: [f"word {row}" for row in rows])
    view.add_overlay(words)
    view.set_selection(np.arange(2_000))
    view.set_highlight([2_009])
    view.grab()
    assert set(words.boxes) == {2_009}


def test_a_selected_point_keeps_its_word_among_many(view):
    view.set_points(np.random.default_rng(0).normal(size=(5_000, 2)))
    words = PointLabels(lambda rows: [f"word {row}" for row in rows])
    view.add_overlay(words)
    view.set_selection([7])
    view.set_highlight([9, 11])
    view.grab()
    assert set(words.boxes) == {7, 9, 11}


def test_hidden_points_and_points_without_a_text_have_no_word(view):
    view.set_points([(x, 0) for x in range(6)])
    view.set_mask(np.arange(6) != 2)
    words = PointLabels(lambda rows: ["" if row == 3 else str(row) for row in rows])
    view.add_overlay(words)
    view.grab()
    assert set(words.boxes) == {0, 1, 4, 5}


def test_of_very_many_classes_single_points_are_not_named():
    codes = np.array([0, 0, 1, 2, 3])
    xy = np.arange(10, dtype=np.float32).reshape(5, 2)
    assert [label.text for label in class_labels(xy, codes, ["a", "b", "c", "d"], most=3)] == ["a"]
    assert len(class_labels(xy, codes, ["a", "b", "c", "d"], most=4)) == 4
