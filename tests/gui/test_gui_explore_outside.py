"""A picture from outside as a query on the Explore page, with the real lab."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import timm
import torch
from explore_pages import explore_pages, settle
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from safetensors.torch import save_file

from workbench.data.base import no_progress
from workbench.data.probe import guess_source
from workbench.engine.embed_own import embed_pictures
from workbench.models.pretrained import PretrainedFile
from workbench.runs.embedding_meta import EncoderSource, LayoutInfo, SetMeta
from workbench.runs.embedding_set import EmbeddingSet, add_layout, write_embedding_set

WAIT_MS = 60_000
COUNT = 30
LEFT = Qt.MouseButton.LeftButton
MODEL = "test_efficientnet"


@pytest.fixture(scope="module")
def sets(desk, tmp_path_factory):
    """A set through an encoder beside its pictures, and one of imported vectors."""
    home = tmp_path_factory.mktemp("outside")
    torch.manual_seed(0)
    weights = home / f"{MODEL}.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in timm.create_model(MODEL).state_dict().items()}, weights)
    (home / "pictures").mkdir()
    rng = np.random.default_rng(0)
    for row in range(COUNT):
        small = Image.fromarray(rng.integers(0, 256, (6, 6, 3)).astype(np.uint8))
        small.resize((48, 48)).save(home / "pictures" / f"{row:02}.png")
    data = guess_source(home / "pictures")
    embed_pictures(home / "set", PretrainedFile(MODEL, weights), data, None, torch.device("cpu"), no_progress)
    imported = np.tile(np.arange(COUNT, dtype=np.uint8)[:, None, None, None], (1, 4, 4, 3))
    table, meta = pa.table({"id": [str(row) for row in range(COUNT)]}), SetMeta(title="cloud", source="cloud.csv")
    write_embedding_set(home / "imported", rng.normal(size=(COUNT, 8)).astype(np.float32), table, imported, meta)
    reads = EncoderSource(kind="text", name="tiny", path=str(home / "gone"))
    meta = SetMeta(title="texts", encoder=reads)
    write_embedding_set(home / "texts", rng.normal(size=(COUNT, 8)).astype(np.float32), table, None, meta)
    for name in ("set", "imported", "texts"):
        places = rng.normal(size=(COUNT, 2)).astype(np.float32)
        add_layout(home / name, "pca", places, np.ones(COUNT, np.float32), LayoutInfo(method="pca", trust_mean=1.0))
    desk.app.list_runs()
    return home


@pytest.fixture
def open_page(desk, qtbot, sets):
    with explore_pages(desk, qtbot) as opened:
        yield lambda name="set": opened(sets / name)


def drag_over(page, path: Path, modifiers=Qt.KeyboardModifier.NoModifier) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, data, LEFT, modifiers)
    QApplication.sendEvent(page, event)
    return data


def drop(qtbot, page, path: Path) -> None:
    data = drag_over(page, path)
    event = QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(page, event)
    settle(qtbot, page)


def rows(page) -> list[int]:
    return [entry.row for entry in page.details.neighbours.list.entries]


def row_of(sets: Path, name: str) -> int:
    return EmbeddingSet.open(sets / "set").samples["id"].to_pylist().index(name)


def test_a_dropped_picture_is_shown_with_its_neighbours_which_the_map_marks(open_page, qtbot, sets):
    page = open_page()
    page.desk.look_at(3)
    settle(qtbot, page)
    drop(qtbot, page, sets / "pictures" / "07.png")
    view, stored = page.details.neighbours, EmbeddingSet.open(sets / "set")
    units = stored.vectors / np.linalg.norm(stored.vectors, axis=1, keepdims=True)
    row = row_of(sets, "07.png")
    wanted = np.argsort(-(units.astype(np.float64) @ units[row].astype(np.float64)), kind="stable")[:12]
    assert view.asks_for == "picture"
    assert rows(page) == wanted.tolist()
    assert float(view.list.entries[0].value) == 0
    assert view.outside.name.full_text() == "07.png"
    assert view.outside.picture.isVisible()
    assert view.summary.text() == f"12 nearest to 07.png of {COUNT}, exact."
    assert sorted(page.map.cloud.highlighted.tolist()) == sorted(wanted.tolist())
    assert page.desk.explorer.focus is None


def test_the_veil_says_that_a_picture_is_compared_and_a_folder_opened(open_page, sets):
    page = open_page()
    drag_over(page, sets / "pictures" / "07.png")
    assert page._files.veil.words() == "Drop to find what is nearest to 07.png"
    drag_over(page, sets / "imported")
    assert page._files.veil.words() == "Drop to open imported"


def test_a_dropped_set_is_opened_though_a_set_with_pictures_is_open(open_page, qtbot, sets):
    page = open_page()
    drop(qtbot, page, sets / "imported")
    qtbot.waitUntil(lambda: page.desk.opened.folder == sets / "imported", timeout=WAIT_MS)
    settle(qtbot, page)


class Face:
    def __init__(self, path: Path) -> None:
        self.path = path

    def ask_file(self, title, patterns):
        return self.path


def test_a_picture_can_be_chosen_and_number_and_metric_changed(open_page, qtbot, sets, monkeypatch):
    page = open_page()
    view = page.details.neighbours
    monkeypatch.setattr(page.bridge, "face", Face(sets / "pictures" / "11.png"))
    view.query.setCurrentIndex(view.query.findData("picture"))
    assert view.summary.text().startswith("Choose a picture, or drop one on the page")
    view.outside.choose_button.click()
    settle(qtbot, page)
    assert rows(page)[0] == row_of(sets, "11.png")
    page.desk.explorer.apply("ask for others", k=5, metric="euclidean")
    settle(qtbot, page)
    assert len(rows(page)) == 5
    assert view.note.text().startswith("Euclidean distance")


def test_a_file_that_is_cut_off_is_told_and_nothing_is_listed_or_marked(open_page, qtbot, sets, tmp_path):
    page = open_page()
    whole = (sets / "pictures" / "07.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    drop(qtbot, page, sets / "pictures" / "07.png")
    assert len(page.map.cloud.highlighted) == 12
    drop(qtbot, page, tmp_path / "cut.png")
    assert page.details.neighbours.summary.text().startswith("cut.png is cut off.")
    assert rows(page) == []
    assert len(page.map.cloud.highlighted) == 0


def test_a_set_without_an_encoder_says_what_would_help(open_page, qtbot, sets):
    page = open_page("imported")
    drop(qtbot, page, sets / "pictures" / "07.png")
    told = page.details.neighbours.summary.text()
    assert told.startswith("This set was made of cloud.csv, and does not say by which encoder. Embed your pictures")


def test_a_question_that_takes_long_says_so_and_can_be_cancelled(open_page, qtbot, sets):
    page = open_page()
    view = page.details.neighbours
    view._wait("Loading the encoder of this set")
    assert not view.cancel_button.isVisible()
    qtbot.waitUntil(view.cancel_button.isVisible, timeout=WAIT_MS)
    assert view.summary.text() == "Loading the encoder of this set…"
    view.ask_about(sets / "pictures" / "07.png")
    view._show_waiting()
    qtbot.mouseClick(view.cancel_button, LEFT)
    settle(qtbot, page)
    assert (view.summary.text(), rows(page)) == ("Cancelled.", [])
    assert not view.cancel_button.isVisible()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("a good film", {"text": "a good film"}),
        ('"well - made"', {"text": "well - made"}),
        ("film - actor", {"terms": [{"text": "film", "sign": 1}, {"text": "actor", "sign": -1}]}),
        ("#3", {"row": 3}),
        ('a 6" disc', {"text": 'a 6" disc'}),
        ("", None),
    ],
)
def test_a_line_is_a_text_where_the_sets_encoder_reads_texts_unless_it_has_signs(open_page, qtbot, line, wanted):
    page = open_page("texts")
    view = page.details.neighbours
    view.query.setCurrentIndex(view.query.findData("text"))
    view.line.setText(line)
    assert view._query(page.desk.explorer) == wanted
    assert view.line.placeholderText() == "Any text"
    settle(qtbot, page)
