"""The Objective page as a user meets it: looking, choosing, mending, typing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from workbench.app.application import App
from workbench.gui.bridge import Bridge
from workbench.gui.pages.objective.needs import needs_of
from workbench.gui.pages.objective.page import ObjectivePage
from workbench.gui.theme import apply, load_theme


@pytest.fixture
def page(qtbot: QtBot, tmp_path: Path) -> Iterator[ObjectivePage]:
    apply(QApplication.instance(), load_theme("light"))
    app = App(tmp_path)
    bridge = Bridge(app)
    page = ObjectivePage(bridge)
    qtbot.addWidget(page)
    qtbot.addWidget(page.inspector())
    page.resize(920, 560)
    page.show()
    page.open_section("objective")
    yield page
    bridge.stop()
    app.close()


def shown_names(widget: QWidget) -> list[str]:
    return [label.accessibleName() for label in widget.findChildren(QLabel) if label.isVisible()]


def click_row(qtbot: QtBot, page: ObjectivePage, section: str, id_: str) -> None:
    rows = page.panels[section].list.rows
    place = rows.visualItemRect(page.panels[section].list.item(id_)).center()
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))


def test_objective_page_looks_at_another_objective_without_changing_the_recipe(qtbot, page):
    before = page.app.editor.document
    click_row(qtbot, page, "objective", "rotation")
    panel = page.panels["objective"]
    assert panel.about.title.full_text() == "Rotation prediction"
    assert "1.386" in panel.about.chance.text()
    assert panel.notice.isVisible()
    assert page.app.editor.document == before


def test_objective_page_uses_an_objective_with_the_views_it_needs_and_undo_takes_both_back(qtbot, page):
    before = page.app.editor.document
    click_row(qtbot, page, "objective", "rotation")
    panel = page.panels["objective"]
    qtbot.mouseClick(panel.notice.action, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.notice.isVisible())
    assert page.app.editor.value("objective.id") == "rotation"
    assert page.app.editor.problems == ()
    page.app.editor.undo()
    assert page.app.editor.document == before
    qtbot.waitUntil(lambda: panel.list.current() == "simclr")


def test_objective_page_enter_in_the_list_uses_the_objective(qtbot, page):
    rows = page.panels["objective"].list.rows
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Down)
    chosen = page.panels["objective"].list.current()
    assert chosen != "simclr"
    qtbot.keyClick(rows, Qt.Key.Key_Return)
    assert page.app.editor.value("objective.id") == chosen


def test_objective_page_says_what_is_wrong_at_the_field(qtbot, page):
    box = page.panels["objective"].settings.form.row("temperature").editor.targets()[0]
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "0")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    problem = page.panels["objective"].settings.form.row("temperature").problem
    qtbot.waitUntil(lambda: problem.isVisible())
    assert problem.text() == page.app.editor.problems_under("objective")["temperature"]
    assert "greater than 0" in problem.text()


def test_objective_page_shows_settings_that_do_not_exist(qtbot, page):
    page.app.editor.set("objective.temprature", 0.5)
    stray = page.panels["objective"].settings.stray
    qtbot.waitUntil(lambda: stray.isVisible())
    assert "temprature" in stray.text()
    assert "temperature" in stray.text().split("mean", 1)[1]


def test_objective_page_mends_views_that_do_not_suit(qtbot, page):
    panel = page.panels["objective"]
    page.app.editor.set("views.branches.0.count", 1)
    qtbot.waitUntil(lambda: panel.needs.mend.isVisible())
    qtbot.waitUntil(lambda: any("2 views" in words and "missing" in words for words in shown_names(panel.needs)))
    panel.cards.ensureWidgetVisible(panel.needs.mend)
    qtbot.mouseClick(panel.needs.mend, Qt.MouseButton.LeftButton)
    assert page.app.editor.problems == ()
    qtbot.waitUntil(lambda: not panel.needs.mend.isVisible())


def test_objective_page_chance_follows_the_batch_size(qtbot, page):
    page.app.editor.set("training.batch_size", 512)
    qtbot.waitUntil(lambda: "6.930" in page.panels["objective"].about.chance.text())


def test_objective_page_search_leaves_what_matches(qtbot, page):
    found = page.panels["objective"].list
    qtbot.keyClicks(found.search, "turned")
    qtbot.waitUntil(lambda: found.item("simclr") is None)
    assert found.item("rotation") is not None
    found.search.setText("zzz")
    qtbot.waitUntil(lambda: found.nothing.isVisible())


@pytest.mark.parametrize(
    ("words", "found"), [("2014", "exemplar"), ("kornblith", "simclr"), ("masked autoencoders", "mae")]
)
def test_objective_page_search_knows_year_authors_and_paper(qtbot, page, words, found):
    choices = page.panels["objective"].list
    everything = choices.count.text()
    qtbot.keyClicks(choices.search, words)
    qtbot.waitUntil(lambda: choices.count.text() != everything)
    assert choices.item(found) is not None
    assert choices.count.text().endswith(f" of {len(page.app.catalogue.objectives)}")


def test_objective_page_down_leads_from_the_search_into_the_list_and_up_back(qtbot, page):
    choices = page.panels["objective"].list
    choices.search.setFocus()
    qtbot.keyClicks(choices.search, "kornblith")
    qtbot.keyClick(choices.search, Qt.Key.Key_Down)
    assert choices.rows.hasFocus()
    assert choices.current() == "simclr"
    qtbot.keyClick(choices.rows, Qt.Key.Key_Up)
    assert choices.search.hasFocus()


def test_objective_page_tells_what_can_go_wrong_and_what_to_change_then(qtbot, page):
    click_row(qtbot, page, "objective", "moco")
    panel = page.panels["objective"]
    alarm = page.app.catalogue.objective("moco").spec.alarms[0]
    advice = "\n".join(f"{one.setting}: {one.change}" for one in alarm.advice)
    told = [alarm.title, f"{alarm.seen} {alarm.means}", advice]
    qtbot.waitUntil(
        lambda: [one.text() for one in panel.dangers.findChildren(QLabel) if not one.isHidden()][:3] == told
    )


def test_objective_page_copies_the_link_of_the_paper(qtbot, page):
    panel = page.panels["objective"]
    inspector = page.inspector()
    inspector.show()
    qtbot.mouseClick(panel.paper.copy, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == "https://arxiv.org/abs/2002.05709"


def test_objective_page_takes_a_timm_model_by_name(qtbot, page):
    page.open_section("backbone")
    click_row(qtbot, page, "backbone", "timm")
    panel = page.panels["backbone"]
    qtbot.mouseClick(panel.notice.action, Qt.MouseButton.LeftButton)
    line = panel.settings.form.row("name").editor.targets()[0]
    qtbot.waitUntil(lambda: line.isEnabled())
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "convnext_atto")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert page.app.editor.value("backbone.name") == "convnext_atto"


def test_objective_page_chooses_an_optimiser_and_shows_its_settings(qtbot, page):
    page.open_section("training")
    panel = page.panels["training"]
    other = "lars" if page.app.editor.value("optimiser.id") != "lars" else "sgd"
    panel.optimiser.setFocus()
    panel.optimiser.setCurrentIndex(panel.optimiser.findData(other))
    panel.optimiser.activated.emit(panel.optimiser.currentIndex())
    assert page.app.editor.value("optimiser.id") == other
    qtbot.waitUntil(lambda: "momentum" in panel.forms["optimiser"].form.values())


def test_objective_page_training_problem_stands_at_its_field(qtbot, page):
    page.open_section("training")
    page.app.editor.set("training.batch_size", 1)
    row = page.panels["training"].forms["training"].form.row("batch_size")
    qtbot.waitUntil(lambda: row.problem.isVisible())
    assert "at least 2" in row.problem.text()


def test_objective_page_needs_of_unread_imported_data_are_not_known(page):
    document = {**page.app.editor.document, "data": {"id": "image-folder", "path": "/somewhere"}}
    ids = page.app.catalogue.ids("dataset")
    folder = next(id_ for id_ in ids if page.app.catalogue.get("dataset", id_).spec.origin == "import")
    document["data"]["id"] = folder
    spec = page.app.catalogue.objective("supervised").spec
    labels = {known: needs_of(spec, document, page.app.catalogue, known)[1].met for known in (None, True, False)}
    assert labels == {None: None, True: True, False: False}


@pytest.mark.parametrize(
    ("objective", "words", "remark"),
    [
        ("mae", "A backbone from which patches can be hidden", "Tiny CNN takes whole pictures"),
        ("colourisation", "Colours", "the data are grey"),
        ("pixel_gpt", "A backbone that sees earlier patches alone", "Tiny CNN sees all of a picture"),
        ("pixel_gpt", "Colours as they are", "remove the normalisation"),
    ],
)
def test_objective_page_says_what_the_recipe_lacks_for_an_objective(page, objective, words, remark):
    app = page.app
    spec = app.catalogue.objective(objective).spec
    (need,) = [need for need in needs_of(spec, app.editor.document, app.catalogue, None) if need.words == words]
    assert (need.met, need.remark) == (False, remark)


def test_objective_page_is_content_with_what_an_objective_was_given(page):
    app = page.app
    app.editor.choose("backbone", "small_vit")
    spec = app.catalogue.objective("mae").spec
    needs = needs_of(spec, app.editor.document, app.catalogue, None)
    assert all(need.met for need in needs if "backbone" in need.words)
