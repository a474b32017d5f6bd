"""Every page in both themes at 1280x800: written to a folder to be looked at, and free of cut-off text.

The folder is that of `WORKBENCH_SCREENSHOTS`, else a temporary one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QTextDocumentFragment
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QTabBar,
    QWidget,
)

from workbench.app.application import App
from workbench.gui.screenshot import wait_until_settled
from workbench.gui.widgets.basics import ElidedLabel
from workbench.gui.window import Window
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import load
from workbench.runs.state import RunState

LAB_MS = 120_000
LIMIT_S = 120.0
SLACK_PX = 1
THEMES = ("light", "dark")
"""A new theme takes the window a second, so that all is looked at in one and then in the other."""
PAGES = ("data", "views", "objective", "train", "explore")
SECTIONS = (
    ("views", "operations"),
    ("objective", "backbone"),
    ("objective", "training"),
    ("objective", "at-work"),
    ("train", "at-work"),
)
"""Those that a page does not show at first, beside what takes longer to be made."""
WORDY = ("dino", "bigan", "jigsaw")
"""Objectives with long names of settings, several alarms, or long formulas."""
SHORT = ["budget.unit=steps", "budget.amount=12", "evaluation.bank=400", "evaluation.test=200", "hardware.device=cpu"]


def cut_off(window: QWidget) -> list[str]:
    """What of the visible text does not fit, in words."""
    shown = [widget for widget in window.findChildren(QWidget) if widget.isVisible() and text_of(widget)]
    wrong = [f"{text_of(w)!r} of {w.metaObject().className()} {missing}" for w in shown if (missing := missing_of(w))]
    return [*wrong, *(f"tab {text!r} is too narrow" for text in narrow_tabs(window))]


def text_of(widget: QWidget) -> str:
    if widget.maximumWidth() == 0:  # put away by whoever laid it out
        return ""
    if isinstance(widget, ElidedLabel):
        return widget.full_text()
    if isinstance(widget, QLabel | QAbstractButton):
        return widget.text().replace("&&", "&")
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QLineEdit):
        return widget.text() or widget.placeholderText()
    return ""


def missing_of(widget: QWidget) -> str:
    """Why a widget's text is not whole; "" where it is, or where the tooltip holds it."""
    if (outside := clipped_by(widget)) is not None:
        return f"is clipped by {outside}"
    needed, there = room(widget)
    if needed <= there + SLACK_PX:
        return ""
    tip = widget.toolTip()
    plain = QTextDocumentFragment.fromHtml(tip).toPlainText() if tip.startswith("<") else tip
    return "" if text_of(widget) in plain else f"needs {needed} px and has {there}"


def room(widget: QWidget) -> tuple[int, int]:
    """Pixels that the text needs and those it has: of height for wrapped text, else of width."""
    metrics, text = widget.fontMetrics(), text_of(widget)
    if isinstance(widget, QLabel):
        if widget.wordWrap():
            return widget.heightForWidth(widget.width()), widget.height()
        return max(map(metrics.horizontalAdvance, text.splitlines())), widget.contentsRect().width()
    if isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        field = widget.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, widget
        )
        icon = 0 if widget.itemIcon(widget.currentIndex()).isNull() else widget.iconSize().width() + 4
        return metrics.horizontalAdvance(text) + icon, field.width()
    if isinstance(widget, QLineEdit):
        margins = widget.textMargins()
        return metrics.horizontalAdvance(text), widget.contentsRect().width() - margins.left() - margins.right()
    if isinstance(widget, QPushButton):
        option = QStyleOptionButton()
        widget.initStyleOption(option)
        inside = widget.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, widget)
        icon = 0 if widget.icon().isNull() else widget.iconSize().width() + 4
        return metrics.horizontalAdvance(text) + icon, inside.width()
    return metrics.horizontalAdvance(text), widget.width()


def clipped_by(widget: QWidget) -> str | None:
    """The first parent that does not show the whole widget; what can be scrolled to is not clipped."""
    parent = widget.parentWidget()
    while parent is not None and not widget.isWindow():
        if isinstance(parent.parentWidget(), QAbstractScrollArea):
            return None
        area = QRect(widget.mapTo(parent, widget.rect().topLeft()), widget.size())
        if not parent.rect().adjusted(-SLACK_PX, -SLACK_PX, SLACK_PX, SLACK_PX).contains(area):
            return f"{parent.metaObject().className()} {parent.objectName()}"
        if parent.isWindow():
            return None
        parent = parent.parentWidget()
    return None


def narrow_tabs(window: QWidget) -> Iterator[str]:
    for bar in window.findChildren(QTabBar):
        for at in range(bar.count() if bar.isVisible() else 0):
            if bar.fontMetrics().horizontalAdvance(bar.tabText(at)) > bar.tabRect(at).width():
                yield bar.tabText(at)


def colours_of(path: Path) -> int:
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB32)
    assert (image.width(), image.height()) == (1280, 800)
    return len(np.unique(np.frombuffer(image.constBits(), np.uint32)))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    chosen = os.environ.get("WORKBENCH_SCREENSHOTS")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A workspace with a run that trained for a few real steps."""
    home = tmp_path_factory.mktemp("shown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(home))
        app = App(home)
        recipe = load("demo", app.catalogue)
        app.editor.replace(override_recipe(recipe.document(), SHORT, app.catalogue), "make it small")
        handle = app.train()
        assert handle.child is not None
        while not handle.state.ended:
            app.poll()
            time.sleep(0.05)
        app.close()
        assert handle.state is RunState.COMPLETED, handle.reason
    return home


@pytest.fixture(scope="module")
def only_window(qapp, home) -> Iterator[Window]:
    """One window for all tests, as a user has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(home))
        made = Window(App(home))
        made.resize(1280, 800)
        made.show()
        made.start()
        assert wait_until_settled(made, LIMIT_S)
        made.app.current = made.app.supervisor.attach(made.app.run_rows[0].folder)
        yield made
        made.close()
        made.deleteLater()


@pytest.fixture(scope="module")
def wrong_pages(only_window, pictures) -> list[str]:
    """What is wrong with the pages in both themes; the window has made all it keeps once they were looked at."""
    return [words for theme in THEMES for page in PAGES for words in wrong_with(only_window, pictures, page, theme)]


def wrong_with(window: Window, pictures: Path, page: str, theme: str, section: str = "") -> list[str]:
    """Go to a page, keep a picture of it, and tell what of it is cut off or blank."""
    name = "-".join(part for part in (page, section, theme) if part)
    if theme != window.app.settings.theme:
        window.app.remember(theme=theme)
    window.show_page(page)
    if section:
        window.pages[page].open_section(section)
    assert wait_until_settled(window, LIMIT_S), f"{name} did not settle"
    if page == "explore" and window.app.selection.row is None:
        map_ = window.pages["explore"].map
        QTest.mouseClick(map_, Qt.MouseButton.LeftButton, pos=map_.position_of(3).toPoint())
        assert wait_until_settled(window, LIMIT_S)
    path = pictures / f"{name}.png"
    assert window.grab().save(str(path))
    blank = [] if colours_of(path) > 100 else [f"{path} is blank"]
    return [*blank, *(f"{name}: {words}" for words in cut_off(window))]


@pytest.fixture
def window(qtbot, home, only_window, wrong_pages, monkeypatch) -> Window:
    """The window in its workspace, with every page seen before and its lab awake."""
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    qtbot.waitUntil(lambda: only_window.app.quick_lab.ready, timeout=LAB_MS)
    return only_window


@pytest.mark.slow
def test_every_page_in_both_themes_is_drawn_and_has_no_text_cut_off(wrong_pages):
    assert not wrong_pages, "\n".join(wrong_pages)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "section"), SECTIONS)
@pytest.mark.parametrize("theme", THEMES)
def test_a_section_is_drawn_and_has_no_text_cut_off(window, pictures, page, section, theme):
    wrong = wrong_with(window, pictures, page, theme, section)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("objective", WORDY)
def test_an_objective_of_many_words_has_no_text_cut_off(qtbot, window, pictures, objective):
    window.show_page("objective")
    window.app.editor.choose("objective", objective)
    assert wait_until_settled(window, LIMIT_S)
    assert window.grab().save(str(pictures / f"objective-{objective}.png"))
    assert cut_off(window) == []


def test_the_check_itself_finds_a_label_a_button_and_a_list_that_are_too_narrow(qtbot):
    host = QWidget()
    qtbot.addWidget(host)
    label, button, combo = QLabel("a long sentence", host), QPushButton("a long sentence", host), QComboBox(host)
    combo.addItem("a long sentence")
    for at, part in enumerate((label, button, combo)):
        part.setGeometry(0, 40 * at, 60, 30)
    far = QLabel("outside", host)
    far.setGeometry(180, 0, 80, 30)
    host.resize(200, 150)
    host.show()
    found = cut_off(host)
    assert len(found) == 4
    assert sum("a long sentence" in words for words in found) == 3
    assert "is clipped by" in next(words for words in found if "outside" in words)
    label.setToolTip("a long sentence")
    assert len(cut_off(host)) == 3
