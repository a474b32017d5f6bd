"""Layouts in space: projection, order by depth, picking."""

import math

import numpy as np
import pytest

from workbench.gui.explorer import palette
from workbench.gui.explorer.colours import PlotColours, rgba_table
from workbench.gui.explorer.raster import orbit, painting
from workbench.gui.explorer.raster.camera import Camera
from workbench.gui.explorer.raster.cloud import Cloud, transform

COLOURS = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    painting.warm_up()


@pytest.fixture(params=["compiled", "plain"])
def _either(request, monkeypatch):
    if request.param == "plain":
        monkeypatch.setattr(painting, "_kernels", None)


def ball(count=4000):
    xyz = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    xyz[3, 2] = np.nan
    return xyz


@pytest.mark.usefixtures("_either")
def test_at_rest_x_is_right_z_is_up_and_y_is_away():
    xy, depth = orbit.project(np.eye(3, dtype=np.float32), orbit.Orbit(perspective=False))
    np.testing.assert_allclose(xy, [(1, 0), (0, 0), (0, 1)], atol=1e-7)
    np.testing.assert_allclose(depth, [0, 1, 0], atol=1e-7)


@pytest.mark.usefixtures("_either")
def test_a_projection_is_turn_then_tilt_then_division_by_distance():
    xyz, view = ball(), orbit.Orbit(0.7, 0.4, 3.0, True, (0.1, -0.2, 0.3), 2.0)
    xy, depth = orbit.project(xyz, view)
    for row in range(0, 400, 7):
        x, y, z = xyz[row].astype(float) - [0.1, -0.2, 0.3]
        right, away = x * math.cos(0.7) - y * math.sin(0.7), x * math.sin(0.7) + y * math.cos(0.7)
        up = z * math.cos(0.4) + away * math.sin(0.4)
        towards = z * math.sin(0.4) - away * math.cos(0.4)
        grown = 6.0 / (6.0 - towards)
        np.testing.assert_allclose([*xy[row], depth[row]], [right * grown, up * grown, -towards], atol=1e-5)
    assert not np.isfinite(xy[3]).all()


@pytest.mark.parametrize(("yaw", "pitch"), [(0.0, 0.0), (2.0, -1.1), (5.5, math.pi / 2)])
def test_the_axes_are_a_rotation(yaw, pitch):
    axes = orbit.Orbit(yaw, pitch).axes
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)


@pytest.mark.usefixtures("_either")
def test_what_lies_behind_the_eye_is_not_seen():
    xy, _ = orbit.project(np.array([[0, -5, 0], [0, 5, 0]], np.float32), orbit.Orbit(distance=3.0))
    assert np.isnan(xy[0]).all()
    assert np.isfinite(xy[1]).all()


@pytest.mark.usefixtures("_either")
def test_the_order_by_depth_is_from_far_to_near_and_holds_every_row_once():
    view = orbit.around(ball())
    depth = orbit.project(ball(), view)[1]
    order, shade = orbit.depth_order(depth, view.radius)
    assert sorted(order) == list(range(4000))
    drawn = depth[order][np.isfinite(depth[order])]
    assert (np.diff(drawn) <= 2 * view.radius / 1023 + 1e-6).all()
    assert shade[depth.argsort()[0]] == 7
    assert shade[np.nanargmax(depth)] == orbit.FARTHEST_SHADE


def test_both_ways_to_the_order_agree(monkeypatch):
    depth = orbit.project(ball(), orbit.around(ball()))[1]
    order, shade = orbit.depth_order(depth, 4.0)
    monkeypatch.setattr(painting, "_kernels", None)
    plain_order, plain_shade = orbit.depth_order(depth, 4.0)
    np.testing.assert_array_equal(order, plain_order)
    np.testing.assert_array_equal(shade, plain_shade)


def test_a_nearer_point_covers_a_farther_one_and_is_the_brighter_of_two():
    xyz = np.array([[0, -1, 0], [0, 1, 0], [2, -1, 0], [-2, 1, 0]], np.float32)
    view = orbit.Orbit(radius=2.5, perspective=False)
    xy, depth = orbit.project(xyz, view)
    cloud = Cloud(np.zeros((4, 2)))
    cloud.set_colours([0, 1, 0, 0], rgba_table(["#ff0000", "#0000ff"]))
    moved = cloud.moved(xy, *orbit.depth_order(depth, view.radius))
    camera = Camera(0, 0, 20, 120, 60)
    shown = painting.draw(moved.layers(COLOURS, 9.0, 1.0), transform(camera, 1.0), (60, 120), 0xFFFFFFFF)
    green = (shown >> 8) & 255
    assert (shown[30, 60] >> 16) & 255 > shown[30, 60] & 255
    assert green[30, 100] < green[30, 20]
    assert (shown[:, 80:] != 0xFFFFFFFF).sum() > (shown[:, :40] != 0xFFFFFFFF).sum()


def test_points_are_picked_where_they_are_projected():
    xyz = ball(200)
    xy, depth = orbit.project(xyz, orbit.around(xyz).turned(1.0, 0.3))
    moved = Cloud(xy).moved(xy, *orbit.depth_order(depth, 4.0))
    camera = Camera(0, 0, 80, 600, 600)
    assert moved.nearest(camera, *camera.to_screen(*map(float, xy[42])), 1) == 42


def test_the_pitch_stops_above_and_below_and_the_eye_stays_outside():
    assert orbit.Orbit().turned(7.0, 9.0).pitch == math.pi / 2
    assert orbit.Orbit().turned(7.0, -9.0).pitch == -math.pi / 2
    assert orbit.Orbit().moved_away(0.01).distance == 1.2


def test_an_orbit_about_nothing_or_one_place_has_a_radius():
    assert orbit.around(np.full((2, 3), np.nan, np.float32)).radius == 1.0
    assert orbit.around(np.full((2, 3), 4, np.float32)).radius == 1.0
