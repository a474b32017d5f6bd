"""The Open and Export menus of the Explore page: files of vectors, the user's own pictures, and other formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QMenu

from workbench.cli.exporting import FORMATS as CLI_FORMATS
from workbench.gui.pages.explore.embed_dialog import EmbedDialog
from workbench.gui.pages.explore.exporting import FORMATS
from workbench.gui.pages.explore.import_dialog import ImportDialog
from workbench.gui.pages.explore.opening import GLOVE
from workbench.gui.pages.explore.page import ExplorePage
from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import EmbeddingSet, add_layout, write_embedding_set

LAB_MS = 60_000
COUNT = 40
LEFT = Qt.MouseButton.LeftButton


class Answers:
    """Stands for the user in front of a file dialog."""

    def __init__(self, path: Path) -> None:
        self.path, self.asked = path, ""

    def ask_save(self, title: str, name: str, patterns: str) -> Path:
        self.asked = name
        return self.path

    def ask_file(self, title: str, patterns: str) -> Path:
        self.asked = title
        return self.path

    def ask_folder(self, title: str) -> Path:
        self.asked = title
        return self.path


def write_set(folder: Path) -> None:
    vectors = np.random.default_rng(1).normal(size=(COUNT, 6)).astype(np.float32)
    table = {"id": [f"p{row}" for row in range(COUNT)], "label": [("even", "odd")[row % 2] for row in range(COUNT)]}
    write_embedding_set(folder, vectors, pa.table(table), None, SetMeta(title="Forty points"))
    add_layout(folder, "pca", vectors[:, :2], np.ones(COUNT, np.float32), LayoutInfo(method="pca", trust_mean=1.0))


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk):
    """The application's one worker thread lives as long as the application, which all tests here share."""
    desk.app.list_runs()


@pytest.fixture
def page(desk, qtbot, tmp_path):
    write_set(tmp_path / "forty")
    desk.app.select(tmp_path / "forty", None)
    made = ExplorePage(desk)
    made.resize(960, 600)
    made.show()
    wait_for(qtbot, made, tmp_path / "forty")
    yield made
    settle(qtbot, made)
    desk.face = None
    for widget in (made, made.details):
        widget.close()
        widget.deleteLater()


def settle(qtbot, page) -> None:
    qtbot.wait(40)
    qtbot.waitUntil(page.settled, timeout=LAB_MS)
    qtbot.wait(40)


def wait_for(qtbot, page, folder: Path) -> None:
    qtbot.waitUntil(lambda: page.desk.opened is not None and page.desk.opened.folder == folder, timeout=LAB_MS)
    settle(qtbot, page)


def import_dialog(qtbot, page) -> ImportDialog:
    qtbot.waitUntil(lambda: any(one.isVisible() for one in page.findChildren(ImportDialog)), timeout=LAB_MS)
    settle(qtbot, page)
    return next(one for one in page.findChildren(ImportDialog) if one.isVisible())


def entries(menu: QMenu) -> dict:
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions() if action.text()}


def notice_words(page) -> str:
    notice = page.app.notice
    return "" if notice is None else f"{notice.message} {notice.hint}"


def export(qtbot, page, group: str, format_: str, out: Path) -> Answers:
    """Choose a format in a group of the Export menu, and wait until it is written."""
    answers = page.bridge.face = Answers(out)
    page.app.notice = None
    menu = next(action.menu() for words, action in entries(page.bar.export_button.menu()).items() if group in words)
    next(action for words, action in entries(menu).items() if words.startswith(format_)).trigger()
    qtbot.waitUntil(lambda: page.app.notice is not None, timeout=LAB_MS)
    return answers


def test_a_dropped_table_says_what_it_would_be_read_as_and_becomes_a_set_with_the_chosen_labels(page, qtbot, tmp_path):
    table = tmp_path / "cities.csv"
    table.write_text(
        "name,land,river,x1,x2\n" + "".join(f"c{i},l{i % 3},r{i % 2},{i},{i * i + 1}\n" for i in range(20))
    )
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(table))])
    for kind, at in ((QDragEnterEvent, QPoint(300, 300)), (QDropEvent, QPointF(300, 300))):
        event = kind(at, Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(page, event)
    dialog = import_dialog(qtbot, page)
    assert dialog.heading.full_text() == "cities.csv"
    assert "20 vectors of 2 numbers" in dialog.summary.text()
    assert dialog.columns.text() == "Columns: name, land, river"
    label = dialog.form.row("label").editor.targets()[0]
    label.setFocus()
    qtbot.keyClicks(label, "river")
    assert dialog.wishes == {"label": "river"}
    dialog.add.click()
    wait_for(qtbot, page, page.app.home / "embeddings" / "cities")
    opened = page.desk.opened.stored
    assert opened.samples["id"].to_pylist()[:2] == ["c0", "c1"]
    assert opened.samples["label"].to_pylist()[:3] == ["r0", "r1", "r0"]
    assert opened.vectors[3].tolist() == [3.0, 10.0]


def test_an_archive_of_several_arrays_is_asked_which_one_holds_the_vectors(page, qtbot, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "two.npz", first=rng.normal(size=(9, 4)), second=rng.normal(size=(7, 3)))
    page.bridge.face = Answers(tmp_path / "two.npz")
    entries(page.bar.open_button.menu())["File of vectors…"].trigger()
    dialog = import_dialog(qtbot, page)
    assert "9 vectors of 4 numbers" in dialog.summary.text()
    choice = dialog.form.row("vector").editor.targets()[0]
    choice.setFocus()
    qtbot.keyClicks(choice, "second")
    settle(qtbot, page)
    assert "7 vectors of 3 numbers" in dialog.summary.text()
    dialog.add.click()
    wait_for(qtbot, page, page.app.home / "embeddings" / "two")
    assert page.desk.opened.stored.vectors.shape == (7, 3)


def test_a_file_that_holds_no_vectors_is_named_and_nothing_is_asked(page, qtbot, tmp_path):
    broken = tmp_path / "broken.npy"
    broken.write_bytes(b"\x93NUMPY\x01\x00")
    page.app.notice = None
    page.open_path(broken)
    qtbot.waitUntil(lambda: page.app.notice is not None, timeout=LAB_MS)
    assert "broken.npy" in notice_words(page)
    assert not page.findChildren(ImportDialog)


def test_sets_that_were_opened_are_offered_again_and_those_that_are_gone_are_not(page, qtbot, tmp_path):
    write_set(tmp_path / "other")
    page.open_path(tmp_path / "other")
    wait_for(qtbot, page, tmp_path / "other")
    page.app.settings = page.app.settings.replace(recent_sets=(*page.app.settings.recent_sets, str(tmp_path / "gone")))
    known = [path for path in page.app.settings.recent_sets if not path.endswith("forty")]
    page.app.settings = page.app.settings.replace(recent_sets=(*known, str(tmp_path / "forty")))
    menu = page.bar.open_button.menu()
    listed = [words for words in entries(menu) if words in ("other", "forty", "gone")]
    assert listed == ["other", "forty"]
    entries(menu)["forty"].trigger()
    wait_for(qtbot, page, tmp_path / "forty")


def test_the_word_space_is_offered_or_says_how_to_install_it(page):
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution(GLOVE)
        installed = True
    except PackageNotFoundError:
        installed = False
    action = next(one for words, one in entries(page.bar.open_button.menu()).items() if words.startswith("GloVe"))
    assert action.isEnabled() == installed
    assert installed or "ssl-workbench[glove]" in action.text()


def test_the_window_offers_every_format_of_the_command_line():
    assert tuple(format_.id for format_ in FORMATS) == CLI_FORMATS


def test_the_selected_points_are_exported_with_their_vectors_and_the_notice_names_the_file(page, qtbot, tmp_path):
    page.desk.select([3, 5, 39])
    answers = export(qtbot, page, "3 selected", "NumPy", tmp_path / "some.npz")
    assert answers.asked == "forty-points.npz"
    with np.load(tmp_path / "some.npz") as written:
        assert np.array_equal(written["vectors"], page.desk.opened.stored.vectors[[3, 5, 39]])
    assert f"3 points are in {tmp_path / 'some.npz'}" in notice_words(page)


def test_a_file_that_the_user_agreed_to_replace_is_replaced_as_a_whole(page, qtbot, tmp_path):
    out = tmp_path / "words.txt"
    out.write_text("old")
    export(qtbot, page, "All 40", "word2vec, text", out)
    assert out.read_text().splitlines()[0] == "40 6"
    assert [path.name for path in tmp_path.iterdir() if "words" in path.name] == ["words.txt"]


def test_a_page_with_the_map_holds_the_layout_that_is_shown(page, qtbot, tmp_path):
    add_layout(
        page.desk.opened.folder, "other", np.zeros((COUNT, 2), np.float32), np.ones(COUNT, np.float32),
        LayoutInfo(method="umap"),
    )  # fmt: skip
    export(qtbot, page, "All 40", "Page", tmp_path / "map.html")
    assert "40 points are in" in notice_words(page)
    assert "pca" in (tmp_path / "map.html").read_text(encoding="utf-8").lower()


def test_the_shown_points_are_offered_where_a_filter_hides_others(page, qtbot):
    page.desk.explorer.apply("filter", filter="label = odd")
    settle(qtbot, page)
    assert any(words.startswith("20 shown") for words in entries(page.bar.export_button.menu()))


def test_without_an_encoder_the_dialog_says_where_weights_are_looked_for(page, qtbot, tmp_path):
    dialog = page.opener.ask_embedding()
    (tmp_path / "lines.txt").write_text("one\ntwo\n")
    dialog.take_path(tmp_path / "lines.txt")
    settle(qtbot, page)
    if dialog.encoder.count() == 0:
        assert dialog.words.text().splitlines()[1].endswith("weights")
    assert dialog.embed.isEnabled() == (dialog.encoder.count() > 0)
    assert not dialog.column.isVisible()
    dialog.reject()


@pytest.fixture
def encoder(page, qtbot):
    """A small network with random weights where the lab looks for pretrained ones."""
    timm = pytest.importorskip("timm")
    from safetensors.torch import save_file

    asked: list[Path] = []
    page.app.quick_lab.ask("list_pretrained", {}, done=lambda found, _: asked.append(Path(found["folders"][0])))
    qtbot.waitUntil(lambda: bool(asked), timeout=LAB_MS)
    weights = asked[0] / "test_efficientnet.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    values = timm.create_model(weights.stem).state_dict()
    save_file({name: value.contiguous() for name, value in values.items()}, weights)
    yield weights.stem
    weights.unlink()


def test_the_users_own_pictures_become_a_set_through_a_pretrained_encoder(page, qtbot, tmp_path, encoder):
    for row in range(5):
        path = tmp_path / "mine" / ("cat", "dog")[row % 2] / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = QImage(24, 24, QImage.Format.Format_RGB32)
        image.fill(row * 40)
        image.save(str(path))
    page.bridge.face = Answers(tmp_path / "mine")
    entries(page.bar.open_button.menu())["Embed pictures or texts…"].trigger()
    dialog = next(one for one in page.findChildren(EmbedDialog) if one.isVisible())
    dialog.pictures.click()
    qtbot.waitUntil(dialog.embed.isEnabled, timeout=LAB_MS)
    assert dialog.encoder.currentText() == encoder
    dialog.embed.click()
    wait_for(qtbot, page, page.app.home / "embeddings" / "mine")
    opened = EmbeddingSet.open(page.desk.opened.folder)
    assert len(opened) == 5
    assert sorted(opened.samples["label"].to_pylist()) == ["cat", "cat", "cat", "dog", "dog"]
