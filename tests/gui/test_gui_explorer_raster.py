"""How the map's picture is made: cells out of view, panning by strips, rims, many marked points, lines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours, rgba_table
from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.camera import Bounds, Camera
from workbench.gui.explorer.raster.cloud import Cloud, transform
from workbench.gui.explorer.raster.cloud_layers import MANY_MARKED
from workbench.gui.explorer.raster.lines import LineLayer, trail_segments

COLOURS = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
WHITE = 0xFFFFFFFF
SHAPE = (90, 120)


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    painting.warm_up()


@pytest.fixture(scope="module")
def cloud():
    rng = np.random.default_rng(3)
    xy = np.concatenate([rng.normal(size=(30_000, 2)), rng.normal(size=(50, 2)) * 400]).astype(np.float32)
    xy[7] = np.nan
    made = Cloud(xy)
    made.set_colours(rng.integers(0, 10, len(xy)), palette.categorical(10))
    made.set_visible(rng.random(len(xy)) < 0.9)
    made.selected = made.marked([5, 60, 30_010])
    return made


def picture(cloud, camera, size=3.0, mode="points", shape=SHAPE):
    return painting.draw(cloud.layers(COLOURS, size, 1.0, mode), transform(camera, 1.0), shape, WHITE)


def without_cells(layers):
    return [painting.Layer(x.xy, x.codes, x.table, x.sizes, x.visible, None, x.rims) for x in layers]


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-1, 4), st.sampled_from([1.0, 3.0, 9.0]))
def test_cells_that_are_skipped_held_no_point_of_the_picture(cloud, x, y, zoom, size):
    camera = Camera(x, y, 10.0**zoom, 120, 90)
    layers = cloud.layers(COLOURS, size, 1.0)
    whole = painting.draw(without_cells(layers), transform(camera, 1.0), SHAPE, WHITE)
    np.testing.assert_array_equal(painting.draw(layers, transform(camera, 1.0), SHAPE, WHITE), whole)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-70, 70), st.integers(-70, 70)), min_size=1, max_size=4), st.floats(0, 2.5))
def test_a_pan_by_strips_makes_the_picture_that_drawing_all_of_it_makes(cloud, moves, zoom):
    camera, canvas = Camera(0.1, 0.2, 10.0**zoom, 120, 90), painting.Canvas()
    layers = cloud.layers(COLOURS, 7.0, 1.0, "outlined")
    canvas.draw(layers, transform(camera, 1.0), SHAPE, WHITE)
    for right, down in moves:
        camera = camera.panned(right, down)
        panned = canvas.draw(layers, transform(camera, 1.0), SHAPE, WHITE)
        np.testing.assert_array_equal(panned, painting.draw(layers, transform(camera, 1.0), SHAPE, WHITE))


def test_lines_pan_by_strips_as_well():
    rng = np.random.default_rng(0)
    lines = [LineLayer(rng.normal(size=(40, 4)).astype(np.float32) * 50, np.zeros(1, np.uint16), half_black(), 2.5)]
    camera, canvas = Camera(0, 0, 1.3, 120, 90), painting.Canvas()
    for _ in range(4):
        panned = canvas.draw(lines, transform(camera, 1.0), SHAPE, WHITE)
        np.testing.assert_array_equal(panned, painting.draw(lines, transform(camera, 1.0), SHAPE, WHITE))
        camera = camera.panned(-17, 11)


def test_a_canvas_draws_anew_after_a_change_of_colours(cloud):
    canvas, camera = painting.Canvas(), Camera(0, 0, 30, 120, 90)
    before = canvas.draw(cloud.layers(COLOURS, 3.0, 1.0), transform(camera, 1.0), SHAPE, WHITE)
    other = Cloud(cloud.xy, grid=cloud.grid)
    other.set_colours(np.zeros(len(cloud.xy)), rgba_table(["#ff0000"]))
    after = canvas.draw(other.layers(COLOURS, 3.0, 1.0), transform(camera, 1.0), SHAPE, WHITE)
    assert (before != after).any()
    np.testing.assert_array_equal(after, picture(other, camera))


def test_layers_are_the_same_object_until_something_but_the_view_changes(cloud):
    first = cloud.layers(COLOURS, 3.0, 1.0)
    assert cloud.layers(COLOURS, 3.0, 1.0) is first
    assert cloud.layers(COLOURS, 4.0, 1.0) is not first
    other = Cloud(cloud.xy, grid=cloud.grid)
    changes = [
        lambda: other.set_visible(np.ones(len(cloud.xy), bool)),
        lambda: other.set_colours(np.zeros(len(cloud.xy)), rgba_table(["#ff0000"])),
        lambda: setattr(other, "selected", other.marked([1])),
        lambda: setattr(other, "highlighted", other.marked([2])),
        lambda: setattr(other, "dims_others", True),
    ]
    for change in changes:
        before = other.layers(COLOURS, 3.0, 1.0)
        change()
        assert other.layers(COLOURS, 3.0, 1.0) is not before


def test_an_outlined_disc_has_a_rim_darker_than_its_middle_and_lets_the_next_one_cover_it():
    cloud = Cloud([(-4, 0), (4, 0)])
    cloud.set_colours([0, 0], rgba_table(["#ff0000"]))
    shown = (picture(cloud, Camera(0, 0, 1, 60, 40), 15.0, "outlined", (40, 60)) >> 16) & 255
    middle, rim = shown[20, 26], shown[13:15, 26].min()
    assert middle == 255
    assert 120 < rim < 200
    # The point that is drawn last has its whole rim, also where it lies over the other.
    last = int(cloud.order[-1])
    inner_edge = 33 - 7 if last == 1 else 26 + 7
    assert shown[20, inner_edge - 2 : inner_edge + 3].min() < 200


@pytest.mark.parametrize("dims", [False, True])
def test_many_selected_points_are_drawn_once_above_the_others(dims):
    rng = np.random.default_rng(1)
    xy = rng.uniform(-10, 10, (3 * MANY_MARKED, 2)).astype(np.float32)
    cloud = Cloud(xy)
    cloud.set_colours(np.zeros(len(xy)), rgba_table(["#ff0000"]))
    chosen = np.flatnonzero(xy[:, 0] > 0)
    cloud.selected, cloud.dims_others = cloud.marked(chosen), dims
    layers = cloud.layers(COLOURS, 3.0, 1.0)
    shown = picture(cloud, Camera(0, 0, 4, 120, 90))
    assert len(chosen) > MANY_MARKED
    assert len(layers) == 2
    colour = 0xFFFF0000 if dims else 0xFF1C1F26
    assert (shown[20:70, 70:95] == colour).mean() > 0.9
    assert not (shown[:, :58] == colour).any()


def test_marked_points_that_are_hidden_by_the_mask_are_not_drawn():
    cloud = Cloud(np.random.default_rng(1).uniform(-10, 10, (2 * MANY_MARKED, 2)))
    cloud.set_visible(cloud.xy[:, 0] < 0)
    cloud.selected = cloud.marked(np.ones(len(cloud.xy), bool))
    shown = picture(cloud, Camera(0, 0, 4, 120, 90))
    assert (shown[:, 63:] == WHITE).all()
    assert (shown[:, :57] == 0xFF1C1F26).any()


def test_a_mask_and_its_rows_mark_the_same_points(cloud):
    mask = np.zeros(len(cloud.xy), bool)
    mask[[3, 99]] = True
    np.testing.assert_array_equal(cloud.marked(mask), [3, 99])


# lines


def half_black():
    return np.array([0x80000000], np.uint32)


def drawn_lines(segments, width, colour=0xFF000000, shape=(40, 60)):
    layer = LineLayer(np.array(segments, np.float32), np.zeros(1, np.uint16), np.array([colour], np.uint32), width)
    return 255 - (painting.draw([layer], (1.0, 0.0, 1.0, 0.0), shape, WHITE) & 255).astype(int)


@pytest.mark.parametrize("width", [1.0, 2.0, 3.5])
@pytest.mark.parametrize("ends", [(5, 20, 50, 20), (20, 4, 20, 36), (5, 5, 45, 33), (50, 8, 8, 31), (30, 2, 33, 38)])
def test_a_line_has_the_area_of_its_length_times_its_width(ends, width):
    covered = drawn_lines([ends], width).sum() / 255
    assert covered == pytest.approx(np.hypot(ends[2] - ends[0], ends[3] - ends[1]) * width, rel=0.06)


def test_a_line_covers_the_pixels_within_half_its_width_and_no_others():
    covered = drawn_lines([(10, 8, 50, 30)], 3.0)
    rows, columns = np.indices(covered.shape) + 0.5
    along = np.array([40, 22]) / np.hypot(40, 22)
    u, v = columns - 10, rows - 8
    beside, position = abs(u * along[1] - v * along[0]), u * along[0] + v * along[1]
    between = (position > 1) & (position < np.hypot(40, 22) - 1)
    assert (covered[between & (beside < 1.0)] == 255).all()
    assert (covered[beside > 2.0] == 0).all()


def test_pieces_of_one_line_join_without_beads():
    x = np.linspace(5, 55, 14)
    pieces = np.stack([x[:-1], np.full(13, 20), x[1:], np.full(13, 20)], axis=1)
    inside = drawn_lines(pieces, 2.0, 0x80000000)[19:21, 8:52]
    assert np.ptp(inside) < 0.16 * inside.max()


def test_lines_without_a_finite_place_or_beyond_the_picture_leave_no_pixel():
    nowhere = [(np.nan, 1, 5, 5), (1, 1, np.inf, 5), (-50, -9, -10, -9), (3, 3, 3, 3), (1e30, 0, -1e30, 5)]
    assert not drawn_lines(nowhere, 2.0).any()


def test_trails_lead_through_every_step_of_every_point():
    steps = [np.full((4, 2), step, np.float32) + np.arange(4)[:, None] for step in (0, 10, 20)]
    trail = trail_segments(steps, np.array([3, 1]))
    assert trail.tolist() == [[3, 3, 13, 13], [1, 1, 11, 11], [13, 13, 23, 23], [11, 11, 21, 21]]


@pytest.mark.parametrize("xy", [np.zeros((0, 2)), np.full((3, 2), np.nan), [[3.0, 4.0]], [[1.5, 2.5]] * 40])
def test_bounds_by_the_compiled_loop_are_those_by_numpy(xy, monkeypatch):
    places = np.array(xy, np.float32).reshape(-1, 2)
    compiled = Bounds.around(places)
    monkeypatch.setattr(painting, "_kernels", None)
    assert Bounds.around(places) == compiled


def test_a_colour_over_another_is_rounded_channel_by_channel():
    from workbench.gui.explorer.raster.kernels import over

    rng = np.random.default_rng(0)
    for _ in range(5000):
        alpha, below_alpha, coverage = (int(value) for value in rng.choice([0, 1, 127, 254, 255, rng.integers(256)], 3))
        top = [alpha, *(int(value) for value in rng.integers(0, alpha + 1, 3))]
        below = [below_alpha, *(int(value) for value in rng.integers(0, below_alpha + 1, 3))]
        keep = 255 - (alpha * coverage + 127) // 255
        expected = [min((s * coverage + b * keep + 127) // 255, 255) for s, b in zip(top, below, strict=True)]
        words = [np.uint32(int.from_bytes(bytes(colour), "big")) for colour in (top, below)]
        assert list(int(over(*words, np.uint32(coverage))).to_bytes(4, "big")) == expected
