"""The raster in the real widget: what is on the screen, and that the saved picture is the same."""

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtTest import QTest

from workbench.gui.explorer import export, palette
from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.legend_paint import LegendContent
from workbench.gui.explorer.map_view import MapView
from workbench.gui.explorer.raster import painting
from workbench.gui.explorer.raster.cloud import transform
from workbench.gui.explorer.raster.lines import LineLayer

COLOURS = PlotColours("#ffffff", "#1c1f26", "#d9dce3", "#656c7a", "#2f6fed", palette.CATEGORICAL_10)


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    painting.warm_up()


@pytest.fixture
def view(qtbot):
    widget = MapView(COLOURS)
    qtbot.addWidget(widget)
    widget.resize(400, 300)
    rng = np.random.default_rng(0)
    widget.set_points(rng.normal(size=(60_000, 2)))
    widget.set_colours(rng.integers(0, 10, 60_000), palette.categorical(10))
    widget.show()
    qtbot.waitExposed(widget)
    QTest.mouseMove(widget, widget.rect().bottomRight())
    return widget


def pixels(image):
    picture = image.convertToFormat(image.Format.Format_RGB32)
    return np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), -1).copy() & 0xFFFFFF


@pytest.mark.parametrize("mode", ["points", "outlined", "density", "auto"])
def test_the_saved_map_is_the_map_on_the_screen(view, mode):
    line = np.array([[-2, -2, 2, 2]], np.float32)
    view.set_underlay([LineLayer(line, np.zeros(1, np.uint16), np.array([0xFF000000], np.uint32), 3.0)])
    view.set_mode(mode)
    view.clearFocus()
    screen = pixels(view.grab().toImage())
    saved = pixels(export.render(view, LegendContent(), QSize(400 + 32, 300 + 32)))[16:-16, 16:-16]
    np.testing.assert_array_equal(saved[:, :380], screen[:, :380])


def test_a_dragged_map_shows_what_drawing_all_of_it_shows(view):
    view.grab()
    view.pan_by(37, -21)
    panned = pixels(view.grab().toImage())
    layers = view.cloud.layers(COLOURS, view.point_size_px(), 1.0)
    anew = painting.draw(layers, transform(view.camera, 1.0), (300, 400), 0xFFFFFFFF) & 0xFFFFFF
    np.testing.assert_array_equal(panned[8:-8, 8:380], anew[8:-8, 8:380])


def test_the_mode_follows_the_zoom_when_it_is_automatic(view):
    view.set_mode("auto")
    view.set_point_size(6)
    view.grab()
    assert view.mode == "density"
    view.zoom_at(300, view.rect().center().toPointF())
    view.grab()
    assert view.mode in ("points", "outlined")


def test_gliding_points_keep_the_selection_and_are_drawn_where_they_are(view):
    view.set_selection([17])
    view.place_points(view.cloud.xy + np.float32(0.5))
    at = view.position_of(17)
    ring = pixels(view.grab().toImage()) == 0x1C1F26
    near = np.argwhere(ring) - [at.y(), at.x()]
    assert view.cloud.selected.tolist() == [17]
    assert (np.hypot(*near.T) < 12).sum() > 8
