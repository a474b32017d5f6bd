"""The Operations panel: every operation on one sample, read about and added with a click."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from workbench.gui.pages.views.page import ViewsPage

LAB_MS = 120_000


@pytest.fixture
def sheet(desk, qtbot):
    desk.app.editor.choose("data", "fashion-mnist-10k")
    desk.app.editor.use_views_preset("simclr-small-grey")
    made = ViewsPage(desk)
    made.resize(1180, 620)
    made.open_section("operations")
    made.show()
    qtbot.wait(30)
    qtbot.waitUntil(made.settled, timeout=LAB_MS)
    yield made.panels["operations"]
    for widget in (made, made.inspector()):
        widget.close()
        widget.deleteLater()


def test_every_operation_of_the_catalogue_has_five_pictures(sheet):
    rows = sheet.table.rows()
    assert {row.id for row in rows} == set(sheet.app.catalogue.ids("operation"))
    assert {len(row.pictures) for row in rows} == {5}


def test_a_scaled_operation_changes_more_with_strength(sheet):
    blur = next(row for row in sheet.table.rows() if row.id == "gaussian_blur")
    edges = [np.abs(np.diff(picture.astype(float), axis=0)).mean() for picture in blur.pictures]
    assert edges == sorted(edges, reverse=True)
    assert edges[-1] < 0.7 * edges[0]


def test_rows_lie_within_the_sheet_and_apart(sheet):
    places = [sheet.table.place(number) for number in range(len(sheet.table.rows()))]
    assert all(sheet.table.rect().contains(place) for place in places)
    assert not any(a.intersects(b) for a in places for b in places if a is not b)


def test_a_clicked_operation_is_told_about_and_added_to_the_pipeline(qtbot, sheet):
    number = next(n for n, row in enumerate(sheet.table.rows()) if row.id == "gaussian_blur")
    qtbot.mouseClick(sheet.table, Qt.MouseButton.LeftButton, pos=sheet.table.place(number).center())
    facts = sheet.inspector()
    assert facts.title.text() == "Gaussian blur"
    assert "standard deviation of the blur" in facts.settings.text()
    before = [op["id"] for op in sheet.app.editor.value("views.branches.0.ops")]
    facts.add.click()
    after = [op["id"] for op in sheet.app.editor.value("views.branches.0.ops")]
    assert sorted(after) == sorted([*before, "gaussian_blur"])
    sheet.app.editor.undo()


def test_another_sample_changes_every_picture(qtbot, sheet):
    before = [row.pictures.copy() for row in sheet.table.rows()]
    qtbot.mouseClick(sheet.shuffle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(sheet.settled, timeout=LAB_MS)
    assert not any(np.array_equal(old, row.pictures) for old, row in zip(before, sheet.table.rows(), strict=True))
