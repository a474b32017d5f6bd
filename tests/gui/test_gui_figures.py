"""Figures as they are painted: sharp, readable under the mouse and the keys, and saved as they are seen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from workbench.app.figure_names import named_by_class
from workbench.gui.explorer.palette import oklab, ramp
from workbench.gui.figures.browser import FigureBrowser
from workbench.gui.figures.view import FigureView, drawing_of
from workbench.gui.theme import apply, current_theme, load_theme
from workbench.plugins.catalogue import builtin_catalogue
from workbench.plugins.specs import FigureSpec

AREA = QRectF(0, 0, 600, 300)


def spec(kind: str, name: str = "figure", **more: object) -> FigureSpec:
    return FigureSpec(name=name, title=name.capitalize(), kind=kind, description="what it says", **more)


ARRAYS = {
    "matrix": np.linspace(-1, 1, 12).reshape(3, 4),
    "pictures": np.random.default_rng(0).integers(0, 255, (3, 2, 8, 8, 3), np.uint8),
    "bars": np.array([0.2, -0.1, 0.4]),
    "lines": np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 0.5]]),
}


@pytest.fixture(params=["light", "dark"])
def view(request, qtbot):
    apply(QApplication.instance(), load_theme(request.param))
    made = FigureView()
    qtbot.addWidget(made)
    made.resize(600, 300)
    made.show()
    return made


def middle(view: FigureView, row: int, column: int) -> QPoint:
    return view.place_of(row, column).center().toPoint()


def colour(image: QImage, at: QPoint) -> tuple[int, int, int]:
    return image.pixelColor(at).getRgb()[:3]


@pytest.mark.parametrize("kind", ARRAYS)
def test_every_kind_is_painted_and_says_each_value_under_the_mouse(qtbot, view, kind):
    view.show_figure(spec(kind), ARRAYS[kind])
    pixels = view.grab().toImage()
    assert len({colour(pixels, QPoint(x, y)) for x in range(0, 600, 5) for y in range(0, 300, 5)}) > 2
    rows, columns = view.drawing.shape
    for row, column in ((0, 0), (rows - 1, columns - 1)):
        qtbot.mouseMove(view, middle(view, row, column))
        qtbot.waitUntil(lambda row=row, column=column: view.hot == (row, column))
        assert view.accessibleDescription() == view.drawing.words(row, column)
        view.grab()


def test_a_matrix_below_zero_has_its_own_colour_for_each_sign_and_the_ground_between(view):
    view.show_figure(spec("matrix"), np.array([[-1.0, 0.0, 1.0]]))
    pixels = view.grab().toImage()
    corner = QPoint(3, 3)
    low, zero, high = (colour(pixels, view.place_of(0, column).topLeft().toPoint() + corner) for column in range(3))
    assert low[2] > low[0]
    assert high[0] > high[2]
    assert max(zero) - min(zero) < 12


def test_a_matrix_of_shares_is_sequential_from_zero(view):
    view.show_figure(spec("matrix"), np.array([[0.0, 0.9]]))
    assert view.drawing.between == (0.0, 1.0)
    pixels = view.grab().toImage()
    assert colour(pixels, view.place_of(0, 0).topLeft().toPoint() + QPoint(3, 3)) == tuple(ramp("viridis")[0, :3])


@pytest.mark.parametrize(("positives", "columns"), [("diagonal", [0, 1, 2, 3]), ("partners", [2, 3, 0, 1])])
def test_positive_pairs_are_framed_and_no_other_cells(view, positives, columns):
    danger = QColor(current_theme().danger).getRgb()[:3]
    view.show_figure(spec("matrix", positives=positives), np.full((4, 4), 0.5))
    pixels = view.grab().toImage()
    for row in range(4):
        for column in range(4):
            rim = view.place_of(row, column).toRect()
            framed = colour(pixels, QPoint(rim.left(), rim.center().y())) == danger
            assert framed is (columns[row] == column)


def test_cells_are_square_and_those_of_a_long_matrix_are_seen():
    square = drawing_of(spec("matrix"), np.eye(40)).rect(AREA, 0, 0)
    assert square.width() == square.height()
    assert square.width() * 40 > 250
    long = drawing_of(spec("matrix"), np.ones((20, 2000))).rect(AREA, 0, 0)
    assert long.height() >= 8
    assert long.width() * 2000 > 450


def test_headings_name_the_cell_that_is_pointed_at():
    turns = ("0°", "90°")
    drawing = drawing_of(spec("matrix", rows=turns, columns=turns), np.array([[1.0, 0.0], [0.25, 0.75]]))
    assert drawing.words(1, 0) == "90°, 0°: 0.25"


def test_small_pictures_are_enlarged_by_whole_factors_without_smoothing(view):
    pictures = np.zeros((1, 1, 2, 2, 3), np.uint8)
    pictures[0, 0, 0, 1] = pictures[0, 0, 1, 0] = 255
    view.show_figure(spec("pictures"), pictures)
    place, pixels = view.place_of(0, 0).toRect(), view.grab().toImage()
    assert place.width() % 2 == 0
    assert place.width() > 250
    inside = {colour(pixels, QPoint(x, y)) for x in range(place.left(), place.right()) for y in (place.top() + 5,)}
    assert inside == {(0, 0, 0), (255, 255, 255)}


def test_samples_stand_beside_each_other_where_named_pictures_become_larger_so():
    pictures = np.zeros((8, 4, 32, 32, 3), np.uint8)
    named = drawing_of(spec("pictures", columns=("a", "b", "c", "d")), pictures)
    unnamed = drawing_of(spec("pictures"), pictures)
    assert named.rect(AREA, 0, 0).width() == 64
    assert named.rect(AREA, 1, 0).left() > named.rect(AREA, 0, 0).right()
    assert unnamed.rect(AREA, 1, 0).top() > unnamed.rect(AREA, 0, 0).bottom()


def test_a_picture_is_enlarged_under_the_mouse_within_the_place():
    drawing = drawing_of(spec("pictures"), np.zeros((4, 6, 16, 16, 3), np.uint8))
    small, large = drawing.rect(AREA, 0, 5), drawing.hot_rect(AREA, 0, 5)
    assert large.width() == 3 * small.width()
    assert AREA.contains(large)


def test_arrow_keys_walk_the_cells_and_escape_leaves_them(qtbot, view):
    view.show_figure(spec("matrix"), ARRAYS["matrix"])
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Left):
        qtbot.keyClick(view, key)
    assert view.hot == (1, 0)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert view.hot is None
    assert "3 rows, 4 columns" in view.accessibleDescription()


def test_a_figure_with_values_that_are_no_numbers_is_painted(view):
    view.show_figure(spec("matrix"), np.array([[np.nan, 1.0]]))
    view.grab()
    view.show_figure(spec("bars"), np.full(3, np.nan))
    view.grab()
    view.show_figure(spec("lines"), np.full((2, 3), np.nan))
    assert view.grab().width() == 600


def test_a_figure_is_copied_and_saved_with_its_title(view, tmp_path):
    view.show_figure(spec("bars"), ARRAYS["bars"])
    menu = view.menu()
    next(action for action in menu.actions() if action.text() == "Copy picture").trigger()
    menu.deleteLater()
    assert QApplication.clipboard().image().width() == 1800
    view.save(tmp_path / "bars.png")
    assert QImage(str(tmp_path / "bars.png")).size().toTuple() == (1800, 1280)


def test_the_colours_about_zero_get_steadily_lighter_away_from_a_dark_middle():
    lightness = oklab(ramp("diverging-dark")[:, :3])[:, 0]
    assert int(lightness.argmin()) in range(120, 136)
    assert (np.diff(lightness[:120]) < 0.01).all()
    assert (np.diff(lightness[136:]) > -0.01).all()


def test_a_browser_keeps_the_chosen_figure_while_it_is_there(qtbot, tmp_path):
    browser = FigureBrowser(None, "stem")
    qtbot.addWidget(browser)
    specs = [spec("matrix", "one"), spec("bars", "two"), spec("lines", "three")]
    arrays = {"one": ARRAYS["matrix"], "two": ARRAYS["bars"], "three": np.ones(3)}
    browser.show_figures(specs, arrays)
    assert list(browser.buttons) == ["one", "two"]
    browser.buttons["two"].click()
    browser.show_figures(specs, arrays)
    assert browser.view.drawing.spec.name == "two"
    browser.show_figures(specs, {"one": ARRAYS["matrix"]})
    assert browser.chosen == "one"
    browser.show_figures((), {})
    assert browser.view.drawing is None


def test_many_figures_are_chosen_in_a_list(qtbot):
    browser = FigureBrowser(None, "stem")
    qtbot.addWidget(browser)
    names = [f"number-{n}" for n in range(6)]
    browser.show_figures([spec("bars", name) for name in names], dict.fromkeys(names, ARRAYS["bars"]))
    assert browser.choice.currentWidget() is browser.list
    browser.list.setCurrentIndex(3)
    browser.list.activated.emit(3)
    assert browser.chosen == "number-3"


def test_figures_of_long_names_do_not_push_the_rest_of_the_page_aside(qtbot):
    browser = FigureBrowser(None, "stem")
    qtbot.addWidget(browser)
    names = [f"a title of more than twenty letters {n}" for n in range(4)]
    browser.show_figures([spec("bars", name) for name in names], dict.fromkeys(names, ARRAYS["bars"]))
    browser.show()
    qtbot.waitUntil(lambda: browser.buttons[names[0]].parentWidget() is not None)
    assert browser.minimumSizeHint().width() < 480


def test_a_confusion_has_the_names_of_the_classes_only_where_there_is_one_for_each():
    arrays = {"confusion": np.eye(3)}
    (named,) = named_by_class([spec("matrix", "confusion")], arrays, ["a", "b", "c"])
    assert named.rows == ("a", "b", "c")
    assert named_by_class([spec("matrix", "confusion")], arrays, ["a", "b"])[0].rows == ()


def test_a_bar_for_each_class_has_its_name():
    (named,) = named_by_class([spec("bars", "balance")], {"balance": np.ones(3)}, ["a", "b", "c"])
    assert (named.rows, named.columns) == ((), ("a", "b", "c"))


# -- axes ----------------------------------------------------------------------------------------------------------


def test_every_plot_of_every_objective_says_what_runs_along_its_axes():
    untold = [
        f"{entry.id}: {figure.name}"
        for entry in builtin_catalogue().objectives
        for figure in entry.spec.figures
        if figure.kind != "pictures" and not (figure.x and figure.y and (figure.value or figure.kind != "matrix"))
    ]
    assert not untold, ", ".join(untold)


@pytest.mark.parametrize("kind", ["matrix", "bars", "lines"])
def test_the_titles_of_axes_are_painted_within_the_figure(view, kind):
    titles = {"x": "entry", "y": "height", **({"value": "cosine"} if kind == "matrix" else {})}
    view.show_figure(spec(kind), ARRAYS[kind])
    bare = view.place_of(0, 0)
    view.show_figure(spec(kind, **titles), ARRAYS[kind])
    assert view.place_of(view.drawing.shape[0] - 1, 0).bottom() <= view.height() - 12
    assert view.place_of(0, 0).left() >= 12
    assert view.place_of(0, 0) != bare


def test_a_spanned_line_is_read_in_the_units_of_its_axis(view):
    drawing = drawing_of(spec("lines", x="energy", span=(0.5, 2.5)), ARRAYS["lines"])
    assert drawing.words(0, 2) == "energy 2.5: 1 2, 2 0.5"
    axis = drawing._across()
    assert (axis.low, axis.high) == (0.0, 3.0)
