"""The index over a map's points: its order, outlines, boxes, picking, and points that move."""

import matplotlib.path
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours, rgba_table
from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.camera import Camera
from workbench.gui.explorer.raster.cloud import Cloud, transform
from workbench.gui.explorer.raster.glide import ease, glide
from workbench.gui.explorer.raster.grid import GridIndex

COLOURS = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
WHITE = 0xFFFFFFFF


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    painting.warm_up()


def points(seed, count=3000):
    rng = np.random.default_rng(seed)
    xy = rng.normal(size=(count, 2)).astype(np.float32) * 10
    xy[:6] = [(1e6, 1e6), (-1e5, 3), (np.nan, 0), (0, np.inf), (3e38, -3e38), (0, -200)]
    return xy


def polygon(seed, corners):
    """A star-shaped outline; with many corners it crosses itself."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, rng.integers(1, 4) * 2 * np.pi, corners, endpoint=False)
    return rng.normal(size=2) * 5 + rng.uniform(2, 25, corners)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)


def inside_by_counting(xy, corners):
    """Even-odd rule, one ray to the right of each point, in Python."""
    inside = []
    for x, y in xy.astype(float):
        crossings = 0
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if (y0 <= y) != (y1 <= y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                crossings += 1
        inside.append(crossings % 2 == 1)
    return np.array(inside)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 40))
def test_a_lasso_takes_the_points_that_a_ray_to_the_right_finds_inside(seed, corners):
    xy, outline = points(seed, 300), polygon(seed, corners)
    finite = np.isfinite(xy).all(axis=1)
    expected = np.flatnonzero(inside_by_counting(np.where(finite[:, None], xy, 1e9), outline) & finite)
    np.testing.assert_array_equal(GridIndex(xy).inside_polygon(outline), expected)


def test_a_lasso_of_a_simple_outline_takes_what_matplotlib_takes():
    xy = points(1, 20_000)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    outline = (9 + 4 * np.sin(5 * angle))[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    expected = np.flatnonzero(matplotlib.path.Path(outline).contains_points(np.nan_to_num(xy, nan=1e9)))
    found = GridIndex(xy).inside_polygon(outline)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int64


def test_a_lasso_before_the_kernels_are_there_takes_the_same(monkeypatch):
    xy, outline, visible = points(2), polygon(2, 25), np.random.default_rng(0).random(3000) < 0.6
    compiled = GridIndex(xy).inside_polygon(outline, visible)
    monkeypatch.setattr(painting, "_kernels", None)
    np.testing.assert_array_equal(GridIndex(xy).inside_polygon(outline, visible), compiled)
    assert visible[compiled].all()


def test_outlines_side_by_side_share_no_point_and_miss_none():
    xy = np.stack(np.meshgrid(np.arange(9), np.arange(9)), -1).reshape(-1, 2).astype(np.float32)
    grid = GridIndex(xy)
    left = grid.inside_polygon([(0, 0), (4, 0), (4, 8), (0, 8)])
    right = grid.inside_polygon([(4, 0), (8, 0), (8, 8), (4, 8)])
    assert not set(left) & set(right)
    assert sorted([*left, *right]) == [i for i, (x, y) in enumerate(xy) if x < 8 and y < 8]


@pytest.mark.parametrize("corners", [[], [(0, 0)], [(0, 0), (5, 5)], [(0, 0), (np.nan, 5), (5, 0)]])
def test_an_outline_without_an_area_takes_nothing(corners):
    assert len(GridIndex(points(0)).inside_polygon(corners)) == 0


@pytest.mark.parametrize("xy", [np.full((500, 2), 7.0), np.array([[1e8, 1e8], [1e8 + 8, 1e8]] * 50)])
def test_a_lasso_around_points_in_one_place_takes_all_of_them(xy):
    (x, y), grid = xy[0], GridIndex(xy.astype(np.float32))
    around = [(x - 20, y - 20), (x + 20, y - 20), (x + 20, y + 20), (x - 20, y + 20)]
    assert len(grid.inside_polygon(around)) == len(xy)
    assert len(grid.inside_polygon(np.array(around) + 100)) == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_box_takes_the_points_between_its_sides_and_on_them(seed):
    xy, rng = points(seed, 500), np.random.default_rng(seed)
    x, y = np.sort(rng.normal(size=(2, 2)) * 12, axis=1)
    x[0], y[1] = xy[9, 0], xy[10, 1]
    expected = (xy[:, 0] >= x[0]) & (xy[:, 0] <= x[1]) & (xy[:, 1] >= y[0]) & (xy[:, 1] <= y[1])
    np.testing.assert_array_equal(GridIndex(xy).inside_box(*x, *y), np.flatnonzero(expected))


def test_the_index_is_the_same_with_and_without_compiled_loops(monkeypatch):
    xy = points(4, 5000)
    compiled = GridIndex(xy)
    monkeypatch.setattr(painting, "_kernels", None)
    plain = GridIndex(xy)
    np.testing.assert_array_equal(compiled.order, plain.order)
    np.testing.assert_array_equal(compiled.cells.start, plain.cells.start)
    np.testing.assert_array_equal(compiled.xy, plain.xy)
    assert compiled.order.dtype == plain.order.dtype == np.int32


def test_the_index_takes_a_read_only_layout():
    xy = points(4, 100)
    xy.flags.writeable = False
    assert len(GridIndex(xy).order) == 98


def test_the_nearest_of_points_in_one_cell_is_found():
    xy = np.full((50_000, 2), 5.0, np.float32)
    xy[17], xy[0], xy[1] = (5.25, 5.0), (1e4, 0), (-1e4, 0)
    grid = GridIndex(xy)
    assert grid.nearest(5.2, 5.0, 0.1) == 17
    assert grid.nearest(5.2, 5.0, 0.01) is None
    visible = np.ones(50_000, bool)
    visible[17] = False
    assert grid.nearest(5.2, 5.0, 0.1, visible) is None


def test_the_count_of_shown_points_in_each_cell_adds_up():
    xy, shown = points(8), np.random.default_rng(1).random(2998) < 0.3
    grid = GridIndex(xy)
    assert grid.cells.counts().sum() == 2998
    assert grid.cells.counts(shown).sum() == shown.sum()


# points that move


def drawn(cloud, size=3.0):
    camera = Camera(0, 0, 4, 120, 90)
    return painting.draw(cloud.layers(COLOURS, size, 1.0), transform(camera, 1.0), (90, 120), WHITE)


@pytest.fixture
def cloud():
    made = Cloud(points(5))
    made.set_colours(np.arange(3000) % 10, palette.categorical(10))
    return made


def test_moved_points_keep_their_colours_masks_and_marks(cloud):
    cloud.set_visible(np.arange(3000) % 3 > 0)
    cloud.selected = cloud.marked([11])
    xy = cloud.xy[::-1].copy()
    expected = Cloud(xy)
    expected.set_colours(cloud.codes, cloud.table)
    expected.set_visible(cloud.visible)
    expected.selected = cloud.selected
    order = np.arange(3000, dtype=np.int32)
    np.testing.assert_array_equal(drawn(cloud.moved(xy, order)), drawn(expected.moved(xy, order)))


def test_moved_points_are_picked_where_they_are(cloud):
    moved = cloud.moved(cloud.xy + np.float32(2.5))
    camera = Camera(0, 0, 4, 120, 90)
    x, y = camera.to_screen(*map(float, moved.xy[100]))
    assert moved.nearest(camera, x, y, 1) == 100
    assert cloud.nearest(camera, *camera.to_screen(*map(float, cloud.xy[100])), 1) == 100


def test_points_that_had_no_place_are_drawn_when_they_get_one():
    before = Cloud([(np.nan, np.nan), (0, 0)])
    before.set_colours([0, 1], rgba_table(["#ff0000", "#0000ff"]))
    shown = drawn(before.moved([(5, 5), (0, 0)]))
    assert (shown == 0xFFFF0000).any()
    assert before.hidden_count == 1
    assert before.moved([(5, 5), (0, 0)]).hidden_count == 0


def test_shades_fade_points_into_the_background():
    cloud = Cloud([(-5, 0), (5, 0)])
    cloud.set_colours([0, 0], rgba_table(["#ff0000"]))
    shown = drawn(cloud.moved(cloud.xy, shade=np.array([0, 7], np.uint8)))
    assert (shown[:, :60] == WHITE).all()
    assert (shown[:, 60:] == 0xFFFF0000).sum() == 9


def test_other_points_cannot_be_moved_in(cloud):
    with pytest.raises(ValueError, match="2 places do not fit 3000 points"):
        cloud.moved([(0, 0), (1, 1)])


@pytest.mark.parametrize("compiled", [True, False])
def test_gliding_begins_and_ends_at_the_layouts_and_fades_what_only_one_has(compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(painting, "_kernels", None)
    one = np.array([(0, 0), (np.nan, 0), (4, 4), (np.nan, 1)], np.float32)
    two = np.array([(8, 2), (6, 6), (np.inf, 0), (np.nan, 1)], np.float32)
    middle, shade = glide(one, two, 0.5)
    np.testing.assert_allclose(middle[:3], [(4, 1), (6, 6), (4, 4)])
    assert np.isnan(middle[3]).all()
    assert shade.tolist() == [7, 4, 4, 0]
    start, end = glide(one, two, 0.0), glide(one, two, 1.0)
    np.testing.assert_array_equal(start[0][[0, 2]], one[[0, 2]])
    np.testing.assert_array_equal(end[0][:2], two[:2])
    assert np.isnan(start[0][1]).all()
    assert np.isnan(end[0][2]).all()
    assert (start[1].tolist(), end[1].tolist()) == ([7, 0, 7, 0], [7, 7, 0, 0])


def test_gliding_is_slow_at_both_ends():
    way = np.array([ease(t) for t in np.linspace(0, 1, 11)])
    assert way[0] == 0
    assert way[-1] == 1
    assert np.diff(way).argmax() in (4, 5)
    assert np.diff(way)[[0, -1]] == pytest.approx(0.028)
