"""Analogies, sums, pairs, meaning axes and benchmarks on the Explore page, with the real lab."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from explore_pages import explore_pages, settle
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from workbench.runs.embedding_meta import LayoutInfo, SetMeta
from workbench.runs.embedding_set import add_layout, write_embedding_set

WAIT_MS = 60_000
COUNT, WIDTH = 2_000, 60
KEY = Qt.Key
PEOPLE = {"man": (0, 1), "woman": (0, 2), "king": (0, 1, 3), "queen": (0, 2, 3), "boy": (0, 1, 4), "girl": (0, 2, 4)}
PLACES = ["china", "beijing", "japan", "tokyo", "france", "paris", "germany", "berlin"]


def word_vectors() -> tuple[list[str], np.ndarray]:
    """Words made of meanings: a dimension each for person, male, female, royal, young, country and capital."""
    words = [*PEOPLE, *PLACES]
    words += [f"word{number:04d}" for number in range(COUNT - len(words))]
    vectors = np.random.default_rng(0).normal(0, 0.01, (COUNT, WIDTH))
    vectors[len(PEOPLE) + len(PLACES) :, 20:] += np.random.default_rng(1).normal(
        0, 1, (COUNT - len(PEOPLE) - len(PLACES), WIDTH - 20)
    )
    for row, meanings in enumerate(PEOPLE.values()):
        vectors[row, list(meanings)] += 1
    for at in range(len(PLACES)):
        vectors[len(PEOPLE) + at, [5 + at % 2, 10 + at // 2]] += 1
    return words, vectors.astype(np.float32)


WORDS, VECTORS = word_vectors()
UNIT = VECTORS.astype(np.float64) / np.linalg.norm(VECTORS.astype(np.float64), axis=1, keepdims=True)


def write_words(folder: Path) -> None:
    write_embedding_set(folder, VECTORS, pa.table({"id": WORDS}), None, SetMeta(title="words"))
    add_layout(folder, "pca", VECTORS[:, :2], np.ones(COUNT, np.float32), LayoutInfo(method="pca", trust_mean=1.0))


def write_pictures(folder: Path) -> None:
    """Samples on a circle; the picture tells the row."""
    angle = 2 * np.pi * np.arange(60) / 60
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    pictures = np.tile(np.arange(60, dtype=np.uint8)[:, None, None, None], (1, 4, 4, 3))
    table = pa.table({"id": [f"p{row}" for row in range(60)], "label": ["cat", "dog"] * 30})
    write_embedding_set(folder, vectors, table, pictures, SetMeta(title="circle"))
    add_layout(folder, "pca", vectors, np.ones(60, np.float32), LayoutInfo(method="pca", trust_mean=1.0))


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    home = tmp_path_factory.mktemp("sets")
    write_words(home / "words")
    write_pictures(home / "pictures")
    return home


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk):
    """The application's one worker thread lives as long as the application, which all tests here share."""
    desk.app.list_runs()


@pytest.fixture
def open_panel(desk, qtbot, sets):
    """Opens a set on a page of its own with the panel up; returns both."""
    with explore_pages(desk, qtbot, inspector=False) as opened:

        def with_panel(name: str):
            page = opened(sets / name, 760)
            page.drawer.open_panel("arithmetic")
            settle(qtbot, page)
            return page, page.drawer.panel

        yield with_panel
    desk.app.select(sets / "words", None)


def type_into(qtbot, page, line, text: str) -> None:
    line.setFocus()
    line.setText("")
    qtbot.keyClicks(line, text)
    line.close_list()
    qtbot.keyClick(line, KEY.Key_Return)
    settle(qtbot, page)


def solve(qtbot, page, panel, *words: str) -> None:
    for field, word in zip(panel.analogy.fields.values(), words, strict=True):
        type_into(qtbot, page, field.line, word)


def listed(answers) -> list[str]:
    return [entry.name for entry in answers.list.entries]


def scores(answers) -> list[float]:
    return [float(entry.value.replace("\N{MINUS SIGN}", "-")) for entry in answers.list.entries]


def best(values: np.ndarray, without: list[int], count: int = 10) -> list[int]:
    order = np.argsort(-values, kind="stable")
    return [int(row) for row in order if row not in without][:count]


class Face:
    """Answers for the user's dialogs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ask_save(self, title, name, patterns):
        return self.path

    def ask_file(self, title, patterns):
        return self.path


@pytest.fixture
def answering(desk):
    """The window's dialogs answer with this path."""
    before = desk.face

    def with_path(path: Path) -> None:
        desk.face = Face(path)

    yield with_path
    desk.face = before


def test_man_is_to_king_as_woman_is_to_queen_with_the_scores_of_a_float64_loop(open_panel, qtbot):
    page, panel = open_panel("words")
    solve(qtbot, page, panel, "man", "king", "woman")
    a, b, c = 0, 2, 1
    target = UNIT[b] - UNIT[a] + UNIT[c]
    cosines = UNIT @ target / np.linalg.norm(target)
    wanted = best(cosines, [a, b, c])
    assert panel.analogy.answers.words.text() == "man is to king as woman is to: queen."
    assert listed(panel.analogy.answers) == [WORDS[row] for row in wanted]
    assert scores(panel.analogy.answers) == pytest.approx(cosines[wanted], abs=6e-5)


def test_another_method_solves_the_same_analogy_again_by_products(open_panel, qtbot):
    page, panel = open_panel("words")
    solve(qtbot, page, panel, "man", "king", "woman")
    panel.analogy.methods.setFocus()
    qtbot.keyClick(panel.analogy.methods, KEY.Key_Down)
    settle(qtbot, page)
    to_a, to_b, to_c = ((UNIT @ UNIT[row] + 1) / 2 for row in (0, 2, 1))
    product = to_b * to_c / (to_a + 0.001)
    wanted = best(product, [0, 2, 1])
    assert listed(panel.analogy.answers) == [WORDS[row] for row in wanted]
    assert scores(panel.analogy.answers) == pytest.approx(product[wanted], abs=6e-5)


def test_a_click_on_a_candidate_looks_at_it(open_panel, qtbot):
    page, panel = open_panel("words")
    solve(qtbot, page, panel, "man", "king", "woman")
    names = panel.analogy.answers.list.names
    item = names.topLevelItem(0)
    qtbot.mouseClick(names.viewport(), Qt.MouseButton.LeftButton, pos=names.visualItemRect(item).center())
    settle(qtbot, page)
    assert page.desk.explorer.focus == WORDS.index("queen")


def test_words_that_begin_as_typed_are_offered_and_tab_takes_one(open_panel, qtbot):
    page, panel = open_panel("words")
    line = panel.sum.line
    panel.show_tool(1)
    page.activateWindow()
    line.setFocus()
    qtbot.keyClicks(line, "king - wom")
    qtbot.waitUntil(lambda: line.listed == ["woman"], timeout=WAIT_MS)
    qtbot.keyClick(line, KEY.Key_Tab)
    assert line.text() == "king - woman"
    assert line.listed == []


def test_a_typed_sum_lists_what_is_nearest_by_the_chosen_metric(open_panel, qtbot):
    page, panel = open_panel("words")
    panel.show_tool(1)
    type_into(qtbot, page, panel.sum.line, "king - man + woman")
    assert listed(panel.sum.answers)[0] == "queen"
    panel.sum.metrics.setCurrentIndex(1)
    settle(qtbot, page)
    vectors = VECTORS.astype(np.float64)
    away = np.linalg.norm(vectors - (vectors[2] - vectors[0] + vectors[1]), axis=1)
    wanted = best(-away, [0, 1, 2])
    assert listed(panel.sum.answers) == [WORDS[row] for row in wanted]
    assert scores(panel.sum.answers) == pytest.approx(away[wanted], abs=6e-5)


@pytest.mark.parametrize(("text", "told"), [("king - kning", "Try 'king'"), ("king -", "behind each sign")])
def test_a_sum_that_cannot_be_had_says_why_and_lists_nothing(open_panel, qtbot, text, told):
    page, panel = open_panel("words")
    panel.show_tool(1)
    type_into(qtbot, page, panel.sum.line, text)
    assert told in panel.sum.answers.words.text()
    assert listed(panel.sum.answers) == []


def test_pictures_are_taken_from_the_map_and_out_of_the_sum_by_a_click(open_panel, qtbot):
    page, panel = open_panel("pictures")
    panel.show_tool(1)
    for row, button in ((10, panel.sum.plus_button), (20, panel.sum.plus_button), (50, panel.sum.minus_button)):
        page.desk.look_at(row)
        settle(qtbot, page)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        settle(qtbot, page)
    assert panel.sum.line.text() == "#10 + #20 - #50"
    chips = panel.sum.chips
    assert [int(chip.pixels[0, 0, 0]) for chip in chips._pictures] == [10, 20, 50]
    qtbot.mouseClick(chips, Qt.MouseButton.LeftButton, pos=chips.cell(2).center())
    settle(qtbot, page)
    assert panel.sum.line.text() == "#10 + #20"
    found = panel.sum.answers.list.entries
    assert found[0].row == 15
    assert [int(entry.picture[0, 0, 0]) for entry in found] == [entry.row for entry in found]


def test_an_analogy_of_pictures_turns_by_the_same_angle(open_panel, qtbot):
    page, panel = open_panel("pictures")
    for field, row in zip(panel.analogy.fields.values(), (0, 5, 15), strict=True):
        page.desk.look_at(row)
        settle(qtbot, page)
        qtbot.mouseClick(field.take_button, Qt.MouseButton.LeftButton)
    settle(qtbot, page)
    angle = 2 * np.pi * np.arange(60) / 60
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    target = unit[5] - unit[0] + unit[15]
    assert panel.analogy.answers.list.entries[0].row == best(unit @ target, [0, 5, 15])[0]


def test_a_list_of_pairs_is_drawn_with_those_that_the_set_has_as_parallel_arrows(open_panel, qtbot):
    page, panel = open_panel("words")
    panel.show_tool(2)
    panel.pairs.choose("Countries and capitals")
    settle(qtbot, page)
    lines = panel.pairs.text.toPlainText().splitlines()
    assert lines == ["china beijing", "japan tokyo", "france paris", "germany berlin"]
    assert "4 pairs" in panel.pairs.plane.words.text()
    agreement = float(panel.pairs.plane.words.text().split("arrows: ")[1].split(";")[0])
    offsets = np.stack([UNIT[6 + 2 * at + 1] - UNIT[6 + 2 * at] for at in range(4)])
    offsets /= np.linalg.norm(offsets, axis=1, keepdims=True)
    cosines = [offsets[i] @ offsets[j] for i in range(4) for j in range(4) if i != j]
    assert agreement == pytest.approx(np.mean(cosines), abs=0.006)


def test_a_figure_of_pairs_is_saved_as_a_picture_and_as_vectors(open_panel, qtbot, tmp_path, answering):
    page, panel = open_panel("words")
    panel.show_tool(2)
    panel.pairs.text.setPlainText("man woman\nking queen")
    panel.pairs.draw()
    settle(qtbot, page)
    for name in ("pairs.png", "pairs.svg"):
        answering(tmp_path / name)
        qtbot.mouseClick(panel.pairs.plane.save_button, Qt.MouseButton.LeftButton)
    assert QImage(str(tmp_path / "pairs.png")).width() == 2_000
    assert (tmp_path / "pairs.svg").read_text().count("<path") > 4


def test_a_figure_can_have_a_window_of_its_own_and_comes_back_when_that_is_closed(open_panel, qtbot):
    page, panel = open_panel("words")
    panel.show_tool(2)
    plane = panel.pairs.plane
    panel.pairs.choose("Man and woman")
    settle(qtbot, page)
    small = plane.map.height()
    qtbot.mouseClick(plane.large_button, Qt.MouseButton.LeftButton)
    window = plane.map.window()
    assert window is not page.window()
    qtbot.waitUntil(lambda: plane.map.height() > 2 * small)
    qtbot.keyClick(window, KEY.Key_Escape)
    qtbot.waitUntil(lambda: plane.map.window() is page.window())
    assert plane.map.isVisible()


def test_a_line_that_is_no_pair_is_named(open_panel, qtbot):
    _page, panel = open_panel("words")
    panel.pairs.text.setPlainText("man woman\nking")
    panel.pairs.draw()
    assert panel.pairs.plane.words.text().startswith("Line 2 names 1 points: 'king'.")


def test_words_lie_between_the_poles_of_two_axes(open_panel, qtbot):
    page, panel = open_panel("words")
    panel.show_tool(3)
    axes = panel.axes
    for pole, word in zip(axes.poles.values(), ("man", "woman", "boy", "king"), strict=True):
        pole.set_text(word)
    axes.text.setPlainText("man woman boy king queen girl")
    axes.place()
    settle(qtbot, page)
    rows = np.array([WORDS.index(word) for word in ("man", "woman", "king", "queen", "boy", "girl")])
    places = dict(zip(axes.plane._rows.tolist(), axes.plane.map.cloud.xy.tolist(), strict=True))
    assert sorted(places) == sorted(rows.tolist())
    assert places[WORDS.index("man")][0] == pytest.approx(-1, abs=1e-5)
    assert places[WORDS.index("woman")][0] == pytest.approx(1, abs=1e-5)
    assert places[WORDS.index("boy")][1] == pytest.approx(-1, abs=1e-5)
    assert places[WORDS.index("king")][1] == pytest.approx(1, abs=1e-5)
    assert axes.plane.axes.names == ("man → woman", "boy → king")


def test_a_benchmark_tells_each_section_with_its_coverage_and_is_saved(open_panel, qtbot, tmp_path, answering):
    page, panel = open_panel("words")
    panel.show_tool(4)
    path = tmp_path / "questions.txt"
    path.write_text(
        ": family\nman king woman queen\nman boy woman girl\nman uncle woman aunt\n"
        ": capital\nchina beijing japan tokyo\n"
    )
    answering(path)
    qtbot.mouseClick(panel.benchmarks.analogies_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.benchmarks.scores is not None, timeout=WAIT_MS)
    lines = {line[0]: line[1:] for line in panel.benchmarks.scores.lines}
    assert lines["family"] == (2, 2, 1, 1.0, pytest.approx(2 / 3))
    assert lines["capital"] == (1, 1, 0, 1.0, 1.0)
    assert panel.benchmarks.table.topLevelItem(0).text(5) == "66.7%"
    answering(tmp_path / "scores.csv")
    qtbot.mouseClick(panel.benchmarks.csv_button, Qt.MouseButton.LeftButton)
    settle(qtbot, page)
    with open(tmp_path / "scores.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["Section"], row["Correct"]) for row in rows[:2]] == [("family", "2"), ("capital", "1")]


def test_judged_pairs_tell_both_correlations(open_panel, qtbot, tmp_path):
    _page, panel = open_panel("words")
    path = tmp_path / "judged.tsv"
    path.write_text("man\tking\t8\nman\twoman\t5\nman\tchina\t1\nman\tunicorn\t1\n")
    panel.benchmarks.run_pairs(path)
    qtbot.waitUntil(lambda: panel.benchmarks.scores is not None, timeout=WAIT_MS)
    spearman, pearson = panel.benchmarks.scores.lines
    judged = [8, 5, 1]
    cosines = [UNIT[0] @ UNIT[WORDS.index(word)] for word in ("king", "woman", "china")]
    assert spearman[1] == pytest.approx(1.0)
    assert pearson[1] == pytest.approx(np.corrcoef(judged, cosines)[0, 1])
    assert spearman[3:] == (3, 1, 0.75)


def test_a_set_of_pictures_is_told_what_can_be_done_instead_of_benchmarks(open_panel):
    _page, panel = open_panel("pictures")
    panel.show_tool(4)
    assert panel.benchmarks.wordless.isVisible()
    assert not panel.pairs.presets.isVisibleTo(panel.pairs)
    assert "#42" in panel.analogy.answers.words.text()
