"""The Composition panel by mouse and keyboard: a real study in a real process, and results as runs leave them."""

from __future__ import annotations

import csv
import json
import os
import signal
from dataclasses import asdict

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer

from workbench.app.studies.composition.plan import make_plan
from workbench.app.studies.composition.table import Table
from workbench.app.studies.estimate import Estimate
from workbench.app.studies.folder import create_study
from workbench.app.studies.plan import Cell
from workbench.app.studies.results import CellState
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.views.panel import Data
from workbench.gui.pages.views.study import export
from workbench.gui.pages.views.study.paint import frame, shade
from workbench.gui.pages.views.study.panel import StudyPanel
from workbench.recipes.models import Budget
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter
from workbench.runs.lock import holder
from workbench.runs.state import this_process

PATIENCE_MS = 300_000
SMALL = [
    "training.batch_size=32",
    "training.samples=200",
    "evaluation.bank=100",
    "evaluation.test=50",
    "hardware.device=cpu",
    "hardware.threads=1",
]


@pytest.fixture(scope="module", autouse=True)
def _background_awake(desk):
    """The application's own thread starts with its first work, and lives as long as the application."""
    desk.app.background.run(lambda: None, lambda _none: None, desk.app.fail)


@pytest.fixture
def panel(desk, qtbot, tmp_path):
    """The panel on a small recipe, at the size it has in a small window; its studies have a place of their own."""
    home, desk.app.home = desk.app.home, tmp_path
    document = find_document("simclr-fashion-mnist")
    desk.app.editor.replace(override_recipe(document, SMALL, desk.app.catalogue), "make it small")
    made = StudyPanel(desk)
    made.resize(436, 540)
    made.show()
    made.refresh(Data.READY)
    settle(qtbot, made)
    yield made
    close(qtbot, made)
    desk.app.home = home
    for lock in tmp_path.glob("**/engine.lock"):
        process = holder(RunFolder(lock.parent))
        if process is not None and process.alive:
            os.kill(process.pid, signal.SIGKILL)


def close(qtbot, panel) -> None:
    settle(qtbot, panel)
    for widget in (panel, panel.inspector()):
        widget.close()
        widget.deleteLater()


def settle(qtbot, panel) -> None:
    qtbot.waitUntil(panel.settled, timeout=PATIENCE_MS)


def click(qtbot, widget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def point(panel, row: int, column: int):
    return panel.watch.map.rect_of(row, column).center().toPoint()


@pytest.fixture
def study(panel, qtbot):
    """Three operations: the first row done, one run of the second failed, the others waiting."""
    app = panel.app
    plan = make_plan(["crop", "color", "blur"], Budget(unit="steps", amount=20), app.catalogue)
    made = create_study(app.home / "studies" / "three", plan, app.editor.recipe, app.catalogue)
    for second, accuracy in (("crop", 0.5), ("color", 0.8), ("blur", 0.65)):
        write_run(made, "crop", second, accuracy)
    write_run(made, "color", "crop", None)
    panel.open_folder(made.path)
    settle(qtbot, panel)
    qtbot.waitUntil(lambda: panel.snapshot is not None, timeout=PATIENCE_MS)
    return made


def write_run(study, first: str, second: str, accuracy: float | None) -> None:
    """A run folder as an engine leaves it behind; one without accuracy has failed."""
    folder = RunFolder.create(study.runs_dir, Cell((first, second), 0).folder, write_toml(study.base))
    with JournalWriter(folder.events) as journal:
        journal.emit("starting", 0, **asdict(this_process()), version="", schema=1)
        state, reason = ("failed", "Out of memory.") if accuracy is None else ("completed", "")
        journal.emit("ended", 20, state=state, reason=reason, hint="")
    folder.evaluation.mkdir()
    if accuracy is not None:
        (folder.evaluation / "probe_step_00000020.json").write_text(json.dumps({"probe": accuracy, "took_s": 1}))


# -- a new study ---------------------------------------------------------------------------------------------------


def test_the_seven_operations_of_the_paper_make_49_runs_and_an_empty_panel_says_what_a_study_is(panel):
    assert list(panel.start.setup.checks) == ["crop", "cutout", "color", "sobel", "noise", "blur", "rotate"]
    assert panel.start.words.text().startswith("49 runs of 2 epochs. Time a run")
    assert panel.start.empty.isVisible()
    assert panel.start.empty.sentence.text().count(".") == 2
    assert not panel.start.start_button.isEnabled()
    assert not panel.export_button.isEnabled()


def test_the_fields_change_how_many_runs_there_are(qtbot, panel):
    setup = panel.start.setup
    for name in ("cutout", "sobel", "noise", "rotate"):
        qtbot.keyClick(setup.checks[name], Qt.Key.Key_Space)
    setup.seeds.step_by(1)
    assert panel.start.words.text().startswith("18 runs")
    setup.symmetric.setChecked(True)
    assert panel.start.words.text().startswith("12 runs")
    for check in setup.checks.values():
        check.setChecked(False)
    assert panel.start.words.text() == "Choose at least one operation."
    assert not panel.start.time_button.isEnabled()


def test_an_objective_that_does_not_compare_two_views_is_told_at_the_fields(panel):
    document = find_document("supervised-fashion-mnist")
    panel.app.editor.replace(document, "learn from labels")
    panel.refresh(Data.READY)
    assert "learns from labels" in panel.start.words.text()
    assert not panel.start.time_button.isEnabled()


@pytest.mark.slow
def test_timing_a_run_tells_the_time_of_the_study_and_a_longer_budget_needs_no_new_timing(qtbot, panel):
    click(qtbot, panel.start.time_button)
    assert "Timing" in panel.start.words.text()
    settle(qtbot, panel)
    assert "in all" in panel.start.words.text()
    assert panel.start.start_button.isEnabled()
    panel.start.setup.amount.step_by(1)
    assert panel.start.start_button.isEnabled()
    panel.app.editor.set("training.batch_size", 16)
    panel.refresh(Data.READY)
    assert not panel.start.start_button.isEnabled()


# -- a study that is there -----------------------------------------------------------------------------------------


def test_an_earlier_study_shows_its_cells_its_best_and_what_is_missing(panel, study):
    watch = panel.watch
    assert panel.stack.currentWidget() is watch
    assert panel.studies.currentText() == "three"
    assert (watch.state.text(), watch.facts.full_text()) == ("Stopped", "4 of 9 runs, 1 failed")
    assert watch.best.full_text() == "Best so far: Crop, then Colour, 80.0%"
    assert watch.map.words_of(0, 1) == "Crop, then Colour: 80.0%"
    assert watch.map.words_of(0, 0) == "Crop: 50.0%"
    assert watch.map.words_of(1, 0) == "Colour, then Crop: failed. Out of memory."
    assert watch.map.words_of(2, 2) == "Blur: waiting"
    assert watch.stop_button.text() == "Go on"
    assert panel.export_button.isEnabled()


def test_the_inspector_follows_the_pointer_and_the_arrow_keys(qtbot, panel, study):
    qtbot.mouseMove(panel.watch.map, point(panel, 0, 1))
    inspector = panel.inspector()
    assert inspector.title.text() == "Crop, then Colour"
    assert "80.00%" in inspector.words.text()
    qtbot.keyClick(panel.watch.map, Qt.Key.Key_Down)
    qtbot.keyClick(panel.watch.map, Qt.Key.Key_Left)
    assert inspector.title.text() == "Colour, then Crop"
    assert "Out of memory" in inspector.words.text()
    assert panel.watch.map.accessibleDescription().startswith("Colour, then Crop: failed")


def test_a_click_and_enter_open_the_run_of_a_cell_and_a_run_that_has_not_begun_says_so(qtbot, panel, study):
    qtbot.mouseClick(panel.watch.map, Qt.MouseButton.LeftButton, pos=point(panel, 0, 2))
    assert panel.app.current.folder.path == study.run_of(Cell(("crop", "blur"), 0)).path
    qtbot.keyClick(panel.watch.map, Qt.Key.Key_Left)
    qtbot.keyClick(panel.watch.map, Qt.Key.Key_Return)
    assert panel.app.current.folder.path == study.run_of(Cell(("crop", "color"), 0)).path
    qtbot.mouseClick(panel.watch.map, Qt.MouseButton.LeftButton, pos=point(panel, 2, 2))
    assert panel.app.notice.message == "That run has not begun."
    panel.app.supervisor.detach(panel.app.current)
    panel.app.current = None


def test_a_new_study_is_one_choice_away_and_the_earlier_one_stays_listed(qtbot, panel, study):
    panel.studies.setCurrentIndex(0)
    panel.studies.activated.emit(0)
    assert panel.stack.currentWidget() is panel.start
    assert panel.studies.findText("three") > 0
    assert not panel.export_button.isEnabled()


def test_the_heat_map_is_saved_as_picture_and_table_and_another_kind_is_refused(panel, study, tmp_path):
    for suffix in ("png", "svg", "csv"):
        panel.save(tmp_path / f"map.{suffix}")
    assert not QImage(str(tmp_path / "map.png")).isNull()
    assert QSvgRenderer(str(tmp_path / "map.svg")).isValid()
    words = (tmp_path / "map.svg").read_text()
    assert all(word in words for word in ("Average", "80.0", "failed", "Linear probe accuracy (%)", "80.0%"))
    with open(tmp_path / "map.csv") as file:
        assert len(list(csv.DictReader(file))) == 9 + 3
    with pytest.raises(WorkbenchError, match=r"\.png, \.svg or \.csv"):
        export.save(
            tmp_path / "map.gif", Table.of(panel.snapshot.study, panel.snapshot.results), panel.watch.map.headings, ""
        )


@pytest.mark.parametrize("size", [(300, 220), (412, 380), (560, 380), (1400, 700), (700, 1400)])
def test_no_part_of_the_map_leaves_its_area_or_covers_another(qtbot, size):
    area = QRectF(0, 0, *size)
    parts = frame(area, ["Crop", "Cutout", "Colour", "Sobel", "Noise", "Blur", "Rotate"])
    blocks = [parts.cells, parts.average, parts.legend]
    assert all(area.contains(block) for block in blocks)
    assert not any(a.intersects(b) for i, a in enumerate(blocks) for b in blocks[i + 1 :])


def test_words_on_every_shade_have_a_contrast_of_four_and_a_half():
    def luminance(colour) -> float:
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for step in range(256):
        colour, light = shade(step / 255, 0, 1)
        own = luminance(colour)
        assert ((own + 0.05) / 0.05 if light else 1.05 / (own + 0.05)) >= 4.5


@pytest.mark.slow
def test_a_study_starts_is_found_by_another_panel_pauses_and_stops_without_losing_what_it_did(qtbot, panel):
    setup = panel.start.setup
    for name, check in setup.checks.items():
        check.setChecked(name == "crop")
    setup.unit.setCurrentText("steps")
    setup.amount.set_value(100_000)
    setup.amount.committed.emit(100_000)
    panel.keep_estimate(Estimate(start_s=4, data_s=0.1, step_s=0.02, measure_s=1, train_samples=8000))
    click(qtbot, panel.start.start_button)
    watch = panel.watch
    qtbot.waitUntil(
        lambda: panel.snapshot is not None and panel.snapshot.results.runs[0].share > 0, timeout=PATIENCE_MS
    )
    assert watch.state.text() == "Working"
    assert "left" in watch.facts.full_text()

    other = StudyPanel(panel.bridge)
    other.show()
    other.refresh(Data.READY)
    qtbot.waitUntil(lambda: other.snapshot is not None and other.watch.state.text() == "Working", timeout=PATIENCE_MS)
    close(qtbot, other)

    click(qtbot, watch.pause_button)
    qtbot.waitUntil(lambda: panel.snapshot.results.runs[0].state is CellState.PAUSED, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: watch.state.text() == "Paused", timeout=PATIENCE_MS)
    click(qtbot, watch.pause_button)
    qtbot.waitUntil(lambda: panel.snapshot.results.runs[0].state is CellState.RUNNING, timeout=PATIENCE_MS)
    click(qtbot, watch.stop_button)
    qtbot.waitUntil(lambda: watch.state.text() == "Stopped", timeout=PATIENCE_MS)
    assert panel.snapshot.study.run_of(Cell(("crop", "crop"), 0)).whole_checkpoints()
    assert watch.stop_button.text() == "Go on"
    assert not panel._timer.isActive()
