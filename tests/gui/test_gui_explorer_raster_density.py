"""The map as density: counts, colours, contours, and when it is chosen."""

import math

import numpy as np
import pytest

from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours, rgba_table
from workbench.gui.explorer.raster import contours, density, modes, painting
from workbench.gui.explorer.raster.camera import Camera
from workbench.gui.explorer.raster.cloud import Cloud, transform

COLOURS = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)
WHITE = 0xFFFFFFFF
SHAPE = (160, 200)


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    painting.warm_up()


@pytest.fixture(scope="module")
def cloud():
    rng = np.random.default_rng(0)
    made = Cloud(np.concatenate([rng.normal(size=(40_000, 2)), rng.normal(size=(300, 2)) + 8]))
    made.set_colours(np.repeat([0, 1], [40_000, 300]), rgba_table(["#ff0000", "#0000ff"]))
    return made


def layer(cloud):
    return cloud.layers(COLOURS, 2.0, 1.0, "density")[0]


def picture(cloud, camera):
    return painting.draw(cloud.layers(COLOURS, 2.0, 1.0, "density"), transform(camera, 1.0), SHAPE, WHITE)


def channels(pixels):
    return np.stack([(pixels >> shift) & 255 for shift in (16, 8, 0)], -1).astype(int)


def test_counts_and_colours_of_a_cell_are_those_of_its_points(cloud):
    dense = layer(cloud)
    scale, columns, rows = 2.5, 30, 20
    grid = dense._counted(np.array([scale, 10, -scale, 9]), (rows, columns))
    at = np.floor(cloud.xy.astype(np.float64) * [scale, -scale]) + np.array([10, 9])
    expected = np.zeros((rows, columns, 4))
    for (x, y), code in zip(at.astype(int), cloud.codes, strict=True):
        if 0 <= x < columns and 0 <= y < rows:
            expected[y, x] += [255 * (code == 0), 0, 255 * (code == 1), 1]
    np.testing.assert_allclose(grid, expected, rtol=1e-6)


def test_smoothing_is_a_gaussian_and_keeps_the_number_of_points():
    grid = np.zeros((41, 41, 4), np.float32)
    grid[20, 20] = 1
    smoothed = density.smooth(grid)[:, :, 3]
    rows, columns = np.indices(smoothed.shape) - 20
    gaussian = np.exp(-(rows**2 + columns**2) / (2 * 1.5**2)) / (2 * math.pi * 1.5**2)
    assert smoothed.sum() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(smoothed[17:24, 17:24], gaussian[17:24, 17:24], rtol=0.01)


def test_the_density_before_the_kernels_are_there_is_the_same_picture(cloud, monkeypatch):
    camera = Camera(0.3, 0.1, 14, 200, 160)
    target = painting.Target(np.full(SHAPE, WHITE, np.uint32), np.array([14.0, 97, -14, 83]), (0, 160, 0, 200))
    bare = density.DensityLayer(**{**vars(layer(cloud)), "line": 0})
    bare.draw(target)
    monkeypatch.setattr(painting, "_kernels", None)
    plain = painting.Target(np.full(SHAPE, WHITE, np.uint32), target.transform, target.clip)
    bare.draw(plain)
    assert np.abs(channels(target.picture) - channels(plain.picture)).max() <= 1
    assert len(np.unique(picture(cloud, camera))) > 50


def test_denser_places_are_stronger_and_single_points_are_still_seen(cloud):
    shown = channels(picture(cloud, Camera(4, 4, 10, 200, 160)))
    middle, outside = shown[120, 60], shown[40, 140]
    assert middle[0] > 240
    assert middle[1] < 60
    assert outside[2] > outside[0] + 20
    assert (shown[5, 5] == 255).all()
    alone = Cloud([(0, 0)])
    alone.set_colours([0], rgba_table(["#ff0000"]))
    assert 200 < channels(picture(alone, Camera(0, 0, 10, 200, 160)))[80, 100, 1] < 235


def test_panning_moves_the_density_and_changes_nothing_else(cloud):
    camera = Camera(1, 1, 12, 200, 160)
    before, after = picture(cloud, camera), picture(cloud, camera.panned(13, 7))
    moved = np.abs(channels(after)[7:, 13:] - channels(before)[:-7, :-13])
    assert moved.max() <= 1 or (moved > 1).mean() < 2e-3


def test_the_mixture_of_colours_is_weighted_by_count():
    xy = np.repeat([[0.0, 0.0]], 400, axis=0)
    cloud = Cloud(xy)
    cloud.set_colours(np.repeat([0, 1], [300, 100]), rgba_table(["#ff0000", "#0000ff"]))
    bare = density.DensityLayer(**{**vars(layer(cloud)), "line": 0})
    target = painting.Target(np.full(SHAPE, 0, np.uint32), np.array([10.0, 100, -10, 80]), (0, 160, 0, 200))
    bare.draw(target)
    red, _, blue = channels(target.picture)[80, 100]
    assert red / blue == pytest.approx(3, rel=0.03)


def test_hidden_points_do_not_count(cloud):
    masked = Cloud(cloud.xy, grid=cloud.grid)
    masked.set_colours(cloud.codes, cloud.table)
    masked.set_visible(cloud.codes == 1)
    shown = channels(picture(masked, Camera(4, 4, 10, 200, 160)))
    assert (shown[120, 60] == 255).all()
    assert (shown[40, 140] != 255).any()


@pytest.mark.parametrize("xy", [np.zeros((500, 2)), np.c_[np.zeros(500), np.arange(500)], [[3, 4]]])
def test_points_on_one_place_or_line_are_seen_as_density(xy):
    cloud = Cloud(xy)
    shown = picture(cloud, Camera(width=200, height=160).fitted(cloud.bounds))
    assert channels(shown).min() < 235


def test_contours_of_a_cone_are_circles_at_their_levels():
    rows, columns = np.indices((61, 61)) + 0.5
    cone = (30 - np.hypot(rows - 30.5, columns - 30.5)).astype(np.float32)
    for level in (5.0, 15.0):
        lines = contours.segments(cone, np.array([level]))
        radius = np.hypot(lines[:, 0::2] - 30.5, lines[:, 1::2] - 30.5)
        np.testing.assert_allclose(radius, 30 - level, atol=0.05)
        length = np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]).sum()
        assert length == pytest.approx(2 * math.pi * (30 - level), rel=0.01)


def test_levels_are_equally_far_apart_in_their_logarithm():
    found = contours.levels(1, 256)
    assert len(found) == 7
    np.testing.assert_allclose(np.diff(np.log(found)), math.log(256) / 8)
    assert len(contours.levels(5, 5)) == len(contours.levels(0, 5)) == 0


# which mode


def test_the_expected_hidden_share_is_that_of_points_thrown_at_random():
    rng = np.random.default_rng(0)
    count, size, side = 4000, 3, 120
    cover = np.full((side, side), -1)
    for index, (row, column) in enumerate(rng.integers(0, side, (count, 2))):
        rows, columns = np.arange(row, row + size) % side, np.arange(column, column + size) % side
        cover[np.ix_(rows, columns)] = index
    seen = (cover >= 0).sum() / (count * size**2)
    expected = modes.hidden_share(np.array([[count]]), (side, side), size)
    assert expected == pytest.approx(1 - seen, abs=0.01)


def test_points_that_lie_alone_hide_nothing():
    counts = np.zeros((256, 256), int)
    counts[::16, ::16] = 1
    assert modes.hidden_share(counts, (4.0, 4.0), 8.0) == pytest.approx(0, abs=1e-9)


def test_the_hidden_share_does_not_depend_on_how_finely_the_view_is_cut():
    whole = modes.hidden_share(np.full((1, 1), 16_384), (512.0, 256.0), 8.0)
    for cells in (2, 16, 128):
        cut = np.full((cells, cells), 16_384 // cells**2)
        assert modes.hidden_share(cut, (512 / cells, 256 / cells), 8.0) == pytest.approx(whole, abs=0.01)
    assert modes.hidden_share(np.full((256, 256), 10), (1e-20, 1e-20), 8.0) > 0.99


@pytest.mark.parametrize(
    ("count", "size", "before", "mode"),
    [
        (100, 8.0, None, "outlined"),
        (100, 4.0, None, "points"),
        (5_000, 8.0, None, "points"),
        (300_000, 3.0, None, "density"),
        (43_000, 3.0, None, "points"),
        (43_000, 3.0, "density", "density"),
        (0, 8.0, None, "outlined"),
    ],
)
def test_the_mode_goes_by_number_size_and_what_is_hidden(count, size, before, mode):
    assert modes.choose_mode(np.array([[count]]), (300, 320), size, before) == mode


def test_zooming_in_leads_from_density_to_points(cloud):
    far, near = Camera(0, 0, 10, 200, 160), Camera(0, 0, 4000, 200, 160)
    assert cloud.mode_for(far, 2.0) == "density"
    assert cloud.mode_for(near, 2.0) == "points"
    assert cloud.mode_for(near, 12.0) == "outlined"


def test_moved_points_are_drawn_as_points_and_can_be_asked_for_as_density(cloud):
    moved = cloud.moved(cloud.xy)
    assert moved.mode_for(Camera(0, 0, 10, 200, 160), 2.0) == "points"
    assert len(np.unique(picture(moved, Camera(0, 0, 10, 200, 160)))) > 50
