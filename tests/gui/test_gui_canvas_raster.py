"""The map's parts without a widget: raster, camera, grid, cloud, palettes."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours, mixed, rgba_table
from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.camera import Bounds, Camera
from workbench.gui.explorer.raster.cloud import Cloud, device_shape, transform
from workbench.gui.explorer.raster.grid import GridIndex

COLOURS = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
BLACK, WHITE = 0xFF000000, 0xFFFFFFFF
IDENTITY = (1.0, 0.0, 1.0, 0.0)


@pytest.fixture
def plain(monkeypatch):
    """Draw with numpy, as before the kernels are there."""
    monkeypatch.setattr(painting, "_kernels", None)


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    painting.warm_up()


def layer(points, size, colours=("#ff0000",), codes=None, visible=None):
    xy = np.asarray(points, np.float32).reshape(-1, 2)
    codes = np.zeros(len(xy), np.uint16) if codes is None else np.asarray(codes, np.uint16)
    table = painting.pack_colours(rgba_table(list(colours)))
    sizes = np.atleast_1d(np.asarray(size, np.uint8))
    return painting.Layer(xy, codes, table, sizes, painting.ALL_VISIBLE if visible is None else np.asarray(visible))


def drawn(*layers, shape=(20, 20), background=BLACK):
    return painting.draw(layers, IDENTITY, shape, background)


def reference(points, size, colours, codes, shape):
    """The squares one pixel at a time, in Python."""
    picture = np.full(shape, BLACK, np.uint32)
    table = painting.pack_colours(rgba_table(colours))
    for (x, y), code in zip(points, codes, strict=True):
        if not np.isfinite([x, y]).all():
            continue
        left, top = int(np.floor(x - (size - 1) / 2)), int(np.floor(y - (size - 1) / 2))
        for row in range(max(top, 0), min(top + size, shape[0])):
            for column in range(max(left, 0), min(left + size, shape[1])):
                picture[row, column] = table[code]
    return picture


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_compiled_and_plain_squares_equal_a_pixel_by_pixel_reference(seed, size):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-6, 30, (60, 2)).astype(np.float32)
    points[rng.integers(0, 60, 4), rng.integers(0, 2, 4)] = [np.nan, np.inf, -np.inf, 1e30]
    codes, colours = rng.integers(0, 3, 60), ["#ff0000", "#00ff00", "#0000ff"]
    expected = reference(points, size, colours, codes, (20, 24))
    squares = layer(points, size, colours, codes)
    np.testing.assert_array_equal(drawn(squares, shape=(20, 24)), expected)
    kernels, painting._kernels = painting._kernels, None
    try:
        np.testing.assert_array_equal(drawn(squares, shape=(20, 24)), expected)
    finally:
        painting._kernels = kernels


def test_bands_of_many_points_keep_the_drawing_order():
    rng = np.random.default_rng(5)
    points = rng.uniform(0, 64, (50_000, 2)).astype(np.float32)
    codes, colours = rng.integers(0, 3, 50_000), ["#ff0000", "#00ff00", "#0000ff"]
    picture = drawn(layer(points, 3, colours, codes), shape=(64, 64))
    np.testing.assert_array_equal(picture, reference(points, 3, colours, codes, (64, 64)))


def test_a_disc_has_a_soft_rim_a_full_centre_and_empty_corners():
    red = (drawn(layer([(10, 10)], 9)) >> 16) & 255
    assert red[10, 10] == 255
    assert red[6, 6] == 0
    assert ((red > 0) & (red < 255)).sum() >= 8
    assert red.sum() / 255 == pytest.approx(np.pi * 4.5**2, rel=0.06)


def test_the_plain_disc_covers_the_compiled_one_but_for_its_rim(plain):
    covered = drawn(layer([(10, 10)], 9)) != BLACK
    soft = painting.stamps()[9, :9, :9]
    np.testing.assert_array_equal(covered[6:15, 6:15], soft >= 128)


def test_until_the_kernels_are_there_a_part_of_very_many_points_is_drawn(plain):
    points = np.stack(np.meshgrid(np.arange(100), np.arange(80), np.arange(100)), -1).reshape(-1, 3)[:, :2] * 10
    shown = drawn(layer(points, 1), shape=(800, 1000)) != BLACK
    assert shown[::10, ::10].all()
    assert shown.sum() == 8000


def test_a_translucent_point_mixes_with_what_lies_below():
    half = painting.Layer(
        np.array([[5, 5]], np.float32), np.zeros(1, np.uint16),
        painting.pack_colours(np.array([[255, 0, 0, 128]], np.uint8)), np.array([1], np.uint8),
    )  # fmt: skip
    pixel = int(drawn(half, background=WHITE)[5, 5])
    assert [(pixel >> shift) & 255 for shift in (24, 16, 8, 0)] == pytest.approx([255, 255, 127, 127], abs=1)


def test_masked_points_leave_no_pixel():
    shown = drawn(layer([(3, 3), (9, 9)], 3, visible=[True, False]))
    assert (shown != BLACK).sum() == 9
    assert shown[9, 9] == BLACK


def test_sizes_of_single_points_are_kept():
    shown = drawn(layer([(3, 3), (12, 12)], [1, 3]))
    assert (shown[:8, :8] != BLACK).sum() == 1
    assert (shown[8:, 8:] != BLACK).sum() == 9


def test_importing_the_window_imports_neither_numba_nor_pyqtgraph():
    modules = "workbench.gui.explorer.map_view, workbench.gui.explorer.legend, workbench.gui.curves.panel"
    code = f"import sys, {modules}; print([m for m in ('numba', 'pyqtgraph', 'torch') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "[]"


@given(
    st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(0.05, 20), st.floats(0, 640), st.floats(0, 480)
)  # fmt: skip
def test_zoom_keeps_the_data_under_the_cursor(x, y, factor, px, py):
    home = Camera(x, y, 3.0, 640, 480)
    zoomed = home.zoomed_at(factor, px, py, home)
    assert zoomed.to_data(px, py) == pytest.approx(home.to_data(px, py), rel=1e-6, abs=1e-6)


def test_zoom_stops_at_both_ends():
    home = Camera(0, 0, 2.0, 100, 100)
    assert home.zoomed_at(1e9, 50, 50, home).scale <= 2.0 * 1e5
    assert home.zoomed_at(1e-9, 50, 50, home).scale >= 2.0 * 0.05


@pytest.mark.parametrize("points", [[(3, 4)], [(7, -2)] * 5, [(1e8, 1e8), (1e8 + 8, 1e8)], [(0, 0), (0, 5)]])
def test_fit_shows_every_point_in_the_middle_of_the_view(points):
    camera = Camera(width=400, height=300).fitted(Bounds.around(np.array(points, np.float32)))
    for x, y in np.array(points, np.float32):
        px, py = camera.to_screen(float(x), float(y))
        assert 0 <= px <= 400
        assert 0 <= py <= 300
    assert np.isfinite(camera.scale)
    assert camera.scale > 0


def test_both_axes_have_one_scale():
    camera = Camera(width=900, height=300).fitted(Bounds.around(np.array([(0, 0), (10, 1)], np.float32)))
    a, _, c, _ = transform(camera, 1.0)
    assert a == -c


def test_device_picture_covers_the_view_at_fractional_scales():
    assert device_shape(Camera(width=333, height=251), 1.5) == (377, 500)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.001, 50))
def test_nearest_equals_a_search_through_all_points(seed, radius):
    rng = np.random.default_rng(seed)
    xy = rng.normal(size=(400, 2)).astype(np.float32) * 10
    xy[0], xy[1], xy[2, 0] = (1e6, 1e6), (-1e5, 3), np.nan
    visible = rng.random(400) < 0.7
    x, y = (float(value) for value in rng.normal(size=2) * 12)
    distance = np.hypot(xy[:, 0] - x, xy[:, 1] - y)
    distance[~visible | ~np.isfinite(distance)] = np.inf
    found = GridIndex(xy).nearest(x, y, radius, visible)
    if distance.min() > radius * (1 + 1e-5):
        assert found is None
    elif found is not None:
        assert distance[found] == pytest.approx(distance.min(), rel=1e-4)
    else:
        assert distance.min() == pytest.approx(radius, rel=1e-4)


def test_the_drawing_order_holds_every_finite_point_once():
    xy = np.random.default_rng(0).normal(size=(1003, 2)).astype(np.float32)
    xy[[4, 77]] = np.nan
    assert sorted(GridIndex(xy).order) == [index for index in range(1003) if index not in (4, 77)]


def test_no_class_lies_on_top_because_it_comes_last_in_the_file():
    xy = np.random.default_rng(1).uniform(size=(4000, 2)).astype(np.float32) * 0.001
    cloud = Cloud(xy, sizes=np.full(4000, 3))
    cloud.set_colours(np.repeat([0, 1], 2000), rgba_table(["#ff0000", "#0000ff"]))
    camera = Camera(width=120, height=120).fitted(cloud.bounds)
    picture = painting.draw(cloud.layers(COLOURS, 3, 1.0), transform(camera, 1.0), (120, 120), WHITE)
    red, blue = (picture == 0xFFFF0000).sum(), (picture == 0xFF0000FF).sum()
    assert 0.8 < red / blue < 1.25


def test_a_selection_that_dims_the_rest_keeps_its_own_colour():
    cloud = Cloud([(0, 0), (10, 0)])
    cloud.set_colours([0, 0], rgba_table(["#ff0000"]))
    cloud.selected, cloud.dims_others = cloud.marked([1]), True
    camera = Camera(5, 0, 10, 200, 60)
    picture = painting.draw(cloud.layers(COLOURS, 8, 1.0), transform(camera, 1.0), (60, 200), WHITE)
    assert picture[30, 150] == 0xFFFF0000
    faded = int(painting.pack_colours(mixed(rgba_table(["#ff0000"]), "#ffffff", 0.22))[0])
    assert picture[30, 50] == faded


def test_a_cloud_refuses_what_does_not_fit():
    cloud = Cloud(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="2 colour codes do not fit 3 points"):
        cloud.set_colours([0, 0], rgba_table(["#ff0000"]))
    with pytest.raises(ValueError, match="code 4 is not in a table of 1"):
        cloud.set_colours([0, 4, 0], rgba_table(["#ff0000"]))
    with pytest.raises(ValueError, match="mask of 2"):
        cloud.set_visible([True, False])
    with pytest.raises(IndexError, match="map's 3 points"):
        cloud.marked([0, 3])


def test_categories_stay_apart_for_every_colour_vision():
    assert palette.smallest_distance(palette.categorical(10)[:, :3]) > 0.1
    assert palette.smallest_distance(palette.categorical(20)[:, :3]) > 0.06


def test_more_categories_begin_with_the_same_colours():
    np.testing.assert_array_equal(palette.categorical(1000)[:10], rgba_table(list(palette.CATEGORICAL_10)))
    np.testing.assert_array_equal(palette.categorical(40)[:20], palette.categorical(20))


def test_the_categories_can_be_seen_on_white_and_on_near_black():
    def luminance(rgb):
        value = np.asarray(rgb) / 255
        linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    for colour in palette.categorical(10)[:, :3]:
        assert 1.05 / (luminance(colour) + 0.05) > 1.7
        assert (luminance(colour) + 0.05) / (luminance([0x16, 0x18, 0x1D]) + 0.05) > 2.5


@pytest.mark.parametrize("name", ["viridis", "cividis"])
def test_sequential_ramps_grow_lighter_all_the_way(name):
    lightness = palette.oklab(palette.ramp(name)[:, :3])[:, 0]
    assert (np.diff(lightness) > -0.004).all()
    assert lightness[-1] - lightness[0] > 0.5
