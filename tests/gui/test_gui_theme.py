"""Colours that can be read by everyone, one style sheet, icons that follow the theme."""

from __future__ import annotations

import gc
import subprocess
import sys
from dataclasses import fields

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPalette
from PySide6.QtWidgets import QLabel, QPushButton

from workbench.core.errors import WorkbenchError
from workbench.gui.theme import apply, current_theme, icon, icon_names, load_theme
from workbench.gui.theme.apply import make_stylesheet
from workbench.gui.theme.tokens import TEXT_PAIRS, THEMES

THEME_NAMES = sorted(THEMES)


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    """WCAG 2.1 contrast ratio."""
    levels = sorted(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (one, other))
    return (levels[1] + 0.05) / (levels[0] + 0.05)


def oklab(rgb: list[float]) -> list[float]:
    to_cone = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    cones = [max(sum(w * c for w, c in zip(row, rgb, strict=True)), 0.0) ** (1 / 3) for row in to_cone]
    return [sum(w * c for w, c in zip(row, cones, strict=True)) for row in to_lab]


# Machado, Oliveira and Fernandes 2009, table of full dichromacies, on linear RGB.
VISIONS = {
    "typical": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


@pytest.fixture
def themed(qapp):
    yield lambda name: apply(qapp, load_theme(name))
    apply(qapp, load_theme("light"))
    qapp.setStyleSheet("")


@pytest.mark.parametrize("name", THEME_NAMES)
def test_every_text_and_background_pair_has_a_contrast_of_at_least_4_5(name):
    theme = load_theme(name)
    low = {
        pair: round(contrast(getattr(theme, pair[0]), getattr(theme, pair[1])), 2)
        for pair in TEXT_PAIRS
        if contrast(getattr(theme, pair[0]), getattr(theme, pair[1])) < 4.5
    }
    assert low == {}


@pytest.mark.parametrize("name", THEME_NAMES)
@pytest.mark.parametrize("token", ["outline", "focus", "accent"])
def test_what_marks_a_control_stands_out_from_its_surface_by_three_to_one(name, token):
    theme = load_theme(name)
    assert min(contrast(getattr(theme, token), getattr(theme, s)) for s in ("surface", "background")) >= 3.0


@pytest.mark.parametrize("vision", sorted(VISIONS))
def test_any_two_palette_colours_stay_apart_for_every_kind_of_colour_vision(vision):
    def seen(colour: str) -> list[float]:
        rgb = linear(colour)
        mixed = [sum(w * c for w, c in zip(row, rgb, strict=True)) for row in VISIONS[vision]]
        return oklab([min(max(part, 0.0), 1.0) for part in mixed])

    points = [seen(colour) for colour in load_theme("light").palette]
    gaps = [
        sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
        for index, one in enumerate(points)
        for other in points[:index]
    ]
    assert len(points) == 10
    assert min(gaps) >= 0.06


def test_an_unknown_theme_is_refused_with_the_nearest_name():
    with pytest.raises(WorkbenchError, match="Did you mean 'dark'"):
        load_theme("darkk")


@pytest.mark.parametrize("name", THEME_NAMES)
def test_the_style_sheet_leaves_no_token_open_and_qt_parses_it(name, themed, qtbot, capfd):
    assert "$" not in make_stylesheet(load_theme(name))
    themed(name)
    button = QPushButton("Train")
    qtbot.addWidget(button)
    button.show()
    assert "Could not parse" not in capfd.readouterr().err


@pytest.mark.parametrize("name", THEME_NAMES)
def test_applying_a_theme_reaches_palette_and_current_theme(name, themed, qapp):
    themed(name)
    assert current_theme() is load_theme(name)
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == load_theme(name).background


def test_open_widgets_take_the_new_colours_when_the_theme_changes(themed, qtbot):
    themed("light")
    label = QLabel("words")
    label.setProperty("tone", "muted")
    qtbot.addWidget(label)
    label.show()
    seen = []
    for name in ("light", "dark"):
        themed(name)
        seen.append(label.palette().color(QPalette.ColorRole.WindowText).name())
    assert seen == [load_theme("light").muted, load_theme("dark").muted]


def inked(image: QImage) -> list[QColor]:
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return [colour for colour in pixels if colour.alpha() == 255]


@pytest.mark.parametrize("name", icon_names())
def test_an_icon_draws_strokes_inside_its_square_at_twice_the_density(name, themed):
    themed("dark")
    image = icon(name).pixmap(QSize(24, 24), 2.0).toImage()
    assert image.width() == 48
    assert inked(image)
    edges = [image.pixelColor(x, y).alpha() for x in range(48) for y in (0, 47)]
    assert max(edges) < 128


def test_one_icon_changes_colour_with_the_theme(themed):
    made = icon("play", "danger")
    colours = []
    for name in ("light", "dark"):
        themed(name)
        colours.append({colour.name() for colour in inked(made.pixmap(64, 64).toImage())})
    assert load_theme("light").danger in colours[0]
    assert load_theme("dark").danger in colours[1]


def test_a_disabled_icon_is_drawn_in_the_outline_colour(themed):
    themed("light")
    image = icon("play").pixmap(QSize(64, 64), QIcon.Mode.Disabled).toImage()
    assert load_theme("light").outline in {colour.name() for colour in inked(image)}


def test_icons_outlive_their_python_names(themed, qtbot):
    themed("light")
    buttons = [QPushButton() for _ in range(30)]
    for button in buttons:
        qtbot.addWidget(button)
        button.setIcon(icon("gear"))
        button.setIcon(QIcon(button.icon()))
    gc.collect()
    assert all(inked(button.icon().pixmap(32, 32).toImage()) for button in buttons)


def test_an_unknown_icon_is_refused_with_the_nearest_name():
    with pytest.raises(WorkbenchError, match="Did you mean 'folder'"):
        icon("foldr")


def test_every_colour_token_is_a_full_hex_colour():
    for theme in THEMES.values():
        others = ("name", "dark", "palette")
        colours = [getattr(theme, field.name) for field in fields(theme) if field.name not in others]
        assert all(len(colour) == 7 and QColor(colour).isValid() for colour in [*colours, *theme.palette])


def test_importing_the_building_blocks_brings_neither_numpy_nor_torch():
    script = (
        "import sys, pkgutil, importlib\n"
        "for area in ('theme', 'forms', 'widgets', 'palette'):\n"
        "    package = importlib.import_module(f'workbench.gui.{area}')\n"
        "    for module in pkgutil.iter_modules(package.__path__):\n"
        "        importlib.import_module(f'{package.__name__}.{module.name}')\n"
        "print([name for name in ('numpy', 'torch', 'matplotlib', 'pyqtgraph', 'pydantic') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
