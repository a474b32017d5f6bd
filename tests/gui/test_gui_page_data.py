"""The Data page by mouse and keyboard, with the real application, its real labs and real pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QPushButton

from workbench.gui.pages.data.facts import shape_words
from workbench.gui.pages.data.labels import ROW_HEIGHT
from workbench.gui.pages.data.page import DataPage
from workbench.gui.pages.data.state import Stage
from workbench.gui.pages.views.page import ViewsPage

LAB_MS = 60_000


@pytest.fixture
def page(desk, qtbot):
    """The page with the bundled grey pictures chosen."""
    if desk.app.editor.value("data.id") != "fashion-mnist-10k":
        desk.app.editor.choose("data", "fashion-mnist-10k")
    made = DataPage(desk)
    made.resize(924, 577)
    made.show()
    yield made
    settle(qtbot, made)
    for widget in (made, made.inspector()):
        widget.close()
        widget.deleteLater()


def settle(qtbot, page) -> None:
    qtbot.wait(30)  # a change is told one turn of the event loop later
    qtbot.waitUntil(page.settled, timeout=LAB_MS)


def stage(page) -> Stage:
    return page._state().stage


def click_set(qtbot, page, id_: str) -> None:
    index = page.list.row_of(id_)
    page.list.scrollTo(index)
    centre = page.list.visualRect(index).center()
    qtbot.mouseClick(page.list.viewport(), Qt.MouseButton.LeftButton, pos=centre)


def button(page, text: str) -> QPushButton:
    return next(b for b in page.findChildren(QPushButton) if b.text() == text and b.isVisible())


def click(qtbot, widget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drag_over(page, data: QMimeData) -> QDragEnterEvent:
    event = QDragEnterEvent(
        QPoint(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(page, event)
    return event


def drop(page, data: QMimeData) -> None:
    drag_over(page, data)
    event = QDropEvent(
        QPointF(300, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        QEvent.Type.Drop,
    )
    QApplication.sendEvent(page, event)


def captions(page) -> list[str]:
    return [picture.caption for picture in page.panel.samples.pictures.values()]


def test_opening_can_be_cancelled_and_taken_up_again(qtbot, page):
    qtbot.waitUntil(lambda: stage(page) is Stage.OPENING and page.panel.opening.isVisible(), timeout=LAB_MS)
    click(qtbot, page.panel.opening.cancel)
    qtbot.waitUntil(lambda: stage(page) is Stage.CLOSED, timeout=LAB_MS)
    assert page.app.data_facts is None
    settle(qtbot, page)
    click(qtbot, button(page, "Read the files"))
    settle(qtbot, page)
    assert stage(page) is Stage.OPEN


def test_an_open_set_shows_its_facts_labels_and_a_page_of_samples(qtbot, page):
    settle(qtbot, page)
    rows = dict(page.panel.facts_card.rows())
    assert rows["Trains on"] == "train, 8,000 samples"
    assert rows["Pictures"] == "28 × 28 px, grey"
    assert rows["Licence"] == "MIT"
    count = page.panel.samples.grid.capacity()
    assert len(captions(page)) == count >= 14
    assert page.panel.samples.range.text() == f"1 to {count} of 8,000"
    assert set(captions(page)) <= set(page.app.data_facts["splits"]["train"]["classes"])


def test_a_click_on_a_bar_shows_that_class_alone_and_a_second_click_all(qtbot, page):
    settle(qtbot, page)
    bars, row = page.panel.labels_card.bars, QPoint(150, 3 * ROW_HEIGHT + 8)
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=row)
    settle(qtbot, page)
    assert set(captions(page)) == {"Dress"}
    assert page.panel.samples.range.text().endswith("of 800")
    assert page.panel.samples.classes.currentText() == "Dress"
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=row)
    settle(qtbot, page)
    assert len(set(captions(page))) > 1


def test_the_arrows_page_through_the_split(qtbot, page):
    settle(qtbot, page)
    samples = page.panel.samples
    first = list(samples.pictures)
    assert not samples.back.isEnabled()
    click(qtbot, samples.forth)
    settle(qtbot, page)
    assert min(samples.pictures) == max(first) + 1
    click(qtbot, samples.back)
    settle(qtbot, page)
    assert list(samples.pictures) == first


def test_another_split_is_chosen_by_keyboard(qtbot, page):
    settle(qtbot, page)
    samples = page.panel.samples
    samples.split.setFocus()
    qtbot.keyClick(samples.split, Qt.Key.Key_Down)
    settle(qtbot, page)
    assert samples.range.text().endswith("of 2,000")
    assert page.panel.labels_card.bars.accessibleDescription().startswith("T-shirt/top 200")
    qtbot.keyClick(samples.split, Qt.Key.Key_Up)
    settle(qtbot, page)


def test_a_clicked_sample_is_shown_large_in_the_inspector(qtbot, page):
    settle(qtbot, page)
    grid = page.panel.samples.grid.thumbnails
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(2).center())
    assert page.inspector().place.text() == "row 2 of train"
    assert page.inspector().name.text() == captions(page)[2]


def test_typing_in_the_search_narrows_the_list(qtbot, page):
    page.search.setFocus()
    qtbot.keyClicks(page.search, "flowers photo")
    qtbot.keyClick(page.search, Qt.Key.Key_Return)
    assert page.list.shown() == ["flowers102"]
    qtbot.keyClick(page.search, Qt.Key.Key_Escape)
    assert page.list.shown()[0] == "fashion-mnist-10k"


def test_a_click_on_a_bundled_set_chooses_and_opens_it_and_undo_goes_back(qtbot, page):
    settle(qtbot, page)
    click_set(qtbot, page, "noto-emoji")
    settle(qtbot, page)
    assert page.app.editor.value("data.id") == "noto-emoji"
    assert dict(page.panel.facts_card.rows())["Pictures"] == "64 × 64 px, colour"
    assert not page.panel.settings_button.isVisible()
    page.app.editor.undo()
    settle(qtbot, page)
    assert page.app.data_facts["data"]["id"] == "fashion-mnist-10k"


def test_enter_on_the_current_row_chooses_it(qtbot, page):
    settle(qtbot, page)
    page.list.setFocus()
    qtbot.keyClick(page.list, Qt.Key.Key_Down)
    assert page.app.editor.value("data.id") == "fashion-mnist-10k"
    qtbot.keyClick(page.list, Qt.Key.Key_Return)
    assert page.app.editor.value("data.id") == "noto-emoji"
    settle(qtbot, page)


def test_a_set_to_download_waits_for_its_button_and_a_failed_download_says_what_to_do(qtbot, page, tmp_path):
    click_set(qtbot, page, "cifar10")
    settle(qtbot, page)
    assert stage(page) is Stage.DOWNLOAD
    assert "Open CIFAR-10" not in [job.title for job in page.app.jobs.visible()]
    assert "170 MB" in page.panel._empty.sentence.text()
    assert dict(page.panel.facts_card.rows())["Licence"] == "not stated; for research"
    page.app.editor.set("data.mirror", tmp_path.as_uri())
    settle(qtbot, page)
    click(qtbot, button(page, "Download"))
    settle(qtbot, page)
    assert stage(page) is Stage.FAILED
    assert "CIFAR-10 could not be fetched" in page.panel.notice.message.text()
    assert "cifar-10-python.tar.gz" in page.panel.notice.hint.text()
    assert button(page, "Try again").isEnabled()


def test_the_views_page_does_not_download_what_the_user_did_not_ask_for(qtbot, page):
    page.app.editor.choose("data", "mnist")
    views = ViewsPage(page.bridge)
    qtbot.addWidget(views)
    qtbot.addWidget(views.inspector())
    views.show()
    settle(qtbot, views)
    assert views.preview.empty.isVisible()
    assert not (page.app.home / "data" / "mnist").exists()
    views.close()


def test_an_importer_without_a_path_marks_the_field_and_says_what_to_do(qtbot, page):
    click_set(qtbot, page, "image-folder")
    settle(qtbot, page)
    assert stage(page) is Stage.INVALID
    assert page.panel.form.row("path").problem.isVisible()
    assert button(page, "Choose a folder…").isEnabled()


def make_pictures(folder: Path, names: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(folder / name)
    return folder


def test_a_dropped_flat_folder_opens_without_labels_and_lists_what_was_skipped(qtbot, page, tmp_path):
    folder = make_pictures(tmp_path / "holiday", [f"{number}.png" for number in range(12)])
    (folder / "broken.png").write_bytes(b"no picture at all")
    assert drag_over(page, files(folder)).isAccepted()
    assert page.veil.isVisible()
    assert page.veil.words() == "Drop to import holiday"
    drop(page, files(folder))
    assert not page.veil.isVisible()
    qtbot.waitUntil(lambda: page.app.editor.value("data.path") == str(folder), timeout=LAB_MS)
    settle(qtbot, page)
    assert page.panel.title.full_text() == "holiday"
    assert "no labels" in page.panel.labels_card.words.text()
    assert page.panel.facts_card.skipped.head.text() == "1 file was skipped"
    assert "broken.png: " in page.panel.facts_card.listing.toPlainText()
    assert not page.panel.samples.classes.isVisible()


def test_a_changed_setting_closes_the_set_until_it_is_read_again(qtbot, page, tmp_path):
    folder = make_pictures(tmp_path / "two", [f"{kind}/{n}.png" for kind in ("cats", "dogs") for n in range(6)])
    page.app.import_data(folder)
    qtbot.waitUntil(lambda: page.app.editor.value("data.path") == str(folder), timeout=LAB_MS)
    settle(qtbot, page)
    assert dict(page.panel.facts_card.rows())["Classes"] == "2"
    click(qtbot, page.panel.settings_button)
    box = page.panel.form.row("image_size").editor.box
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "16")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    settle(qtbot, page)
    assert page.app.editor.value("data.image_size") == 16
    assert stage(page) is Stage.CLOSED
    click(qtbot, button(page, "Read the files"))
    settle(qtbot, page)
    assert dict(page.panel.facts_card.rows())["Pictures"] == "16 × 16 px, colour"


def test_dropping_two_things_imports_neither_and_says_so(qtbot, page, tmp_path):
    before = page.app.editor.document
    drop(page, files(tmp_path / "one", tmp_path / "two"))
    assert page.app.editor.document == before
    assert page.app.notice.hint == "Drop one folder or one file."


def test_a_drag_that_leaves_lifts_the_veil_and_text_is_not_taken(page):
    drag_over(page, files(Path("/somewhere")))
    QApplication.sendEvent(page, QDragLeaveEvent())
    assert not page.veil.isVisible()
    words = QMimeData()
    words.setText("hello")
    drag_over(page, words)
    assert not page.veil.isVisible()


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 28, 28), "28 × 28 px, grey"),
        ((3, 32, 48), "48 × 32 px, colour"),
        ((3, -1, -1), "of several sizes, colour"),
    ],
)
def test_a_shape_is_told_as_width_by_height_and_colours(shape, words):
    assert shape_words(shape) == words
