"""Forms by mouse and keyboard: what is committed, when, and what is shown."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QFrame, QScrollArea

from workbench.core.model import Model, setting
from workbench.gui.forms import SchemaForm

Unit = Annotated[float, Field(ge=0, le=1)]


class Config(Model):
    temperature: float = setting(0.2, "Temperature", "softness of the softmax", gt=0, le=10, log=True)
    epochs: int = setting(10, "Epochs", "passes over the data", unit="epochs", ge=1)
    probability: float = setting(0.8, "Probability", "how often", ge=0, le=1)
    scale: tuple[Unit, Unit] = setting((0.2, 1.0), "Scale", "area of the crop", widget="range")
    nesterov: bool = setting(True, "Nesterov", "whether")
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "Device", "where")
    name: str = setting("", "Name", "what the run is called")
    root: str = setting("", "Folder", "where the files are", widget="folder")
    sizes: tuple[int, ...] = setting((64, 128), "Layers", "sizes")
    limit: int | None = setting(None, "Limit", "at most")
    decay: float = setting(1e-6, "Weight decay", "L2", gt=0, le=1, log=True, advanced=True)


DEFAULTS = Config().model_dump(mode="json")


@pytest.fixture
def form(qtbot):
    made = SchemaForm()
    made.set_schema(Config.model_json_schema())
    made.resize(480, 700)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def edits(form):
    heard: list[tuple[str, object]] = []
    form.edited.connect(heard.append)
    return heard


def wheel(widget) -> None:
    """One notch up over a widget, as the window system sends it."""
    window = widget.window()
    place = QPointF(widget.mapTo(window, widget.rect().center()))
    QTest.wheelEvent(window.windowHandle(), place, QPoint(0, 120))
    QApplication.processEvents()


def type_into(qtbot, widget, text: str) -> None:
    widget.setFocus()
    widget.selectAll()
    qtbot.keyClicks(widget, text)


def test_a_new_form_shows_every_default(form):
    assert form.values() == DEFAULTS


def test_set_values_shows_them_without_any_signal(form, edits):
    changed = {
        "temperature": 0.07,
        "scale": [0.3, 0.9],
        "nesterov": False,
        "device": "cpu",
        "name": "run",
        "root": "/data",
        "sizes": [1, 2, 3],
        "limit": 5,
        "decay": 0.5,
        "epochs": 3,
        "probability": 0.0,
    }
    form.set_values(changed)
    assert form.values() == changed
    assert edits == []


def test_values_out_of_bounds_are_shown_as_they_are(form):
    form.set_values({"temperature": -0.1, "device": "tpu", "epochs": 0})
    values = form.values()
    assert (values["temperature"], values["device"], values["epochs"]) == (-0.1, "tpu", 0)


def test_unknown_names_in_values_are_ignored(form):
    form.set_values({"nonsense": 1})
    assert form.values() == DEFAULTS


def test_a_typed_number_is_committed_once_on_enter(form, edits, qtbot):
    box = form.row("temperature").editor.box
    type_into(qtbot, box, "5e-2")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert edits == [("temperature", 0.05)]
    qtbot.wait(300)
    assert len(edits) == 1


def test_typing_that_rests_is_committed_without_enter(form, edits, qtbot):
    type_into(qtbot, form.row("name").editor.edit, "abc")
    assert edits == []
    qtbot.waitUntil(lambda: edits == [("name", "abc")], timeout=2000)


def test_letters_cannot_be_typed_into_a_number_and_half_a_number_is_not_committed(form, edits, qtbot):
    box = form.row("temperature").editor.box
    type_into(qtbot, box, "1e-x")
    assert box.text() == "1e-"
    form.row("name").editor.edit.setFocus()
    assert edits == []
    assert box.text() == "0.2"


def test_an_out_of_bounds_number_can_be_typed_so_that_the_check_can_explain_it(form, edits, qtbot):
    box = form.row("temperature").editor.box
    type_into(qtbot, box, "-3")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert edits == [("temperature", -3)]


def test_arrow_keys_step_a_number_within_its_bounds(form, edits, qtbot):
    box = form.row("probability").editor.box
    box.setFocus()
    for _ in range(40):
        qtbot.keyClick(box, Qt.Key.Key_Up)
    assert edits[0] == ("probability", 0.81)
    assert form.values()["probability"] == 1


def test_the_small_buttons_of_a_number_step_it(form, edits, qtbot):
    box = form.row("epochs").editor.box
    stepper = box.findChildren(type(box._stepper))[0]
    qtbot.mouseClick(stepper, Qt.MouseButton.LeftButton, pos=QPoint(8, 4))
    qtbot.mouseClick(stepper, Qt.MouseButton.LeftButton, pos=QPoint(8, stepper.height() - 4))
    assert edits == [("epochs", 11), ("epochs", 10)]


def test_an_emptied_optional_number_becomes_none_and_a_required_one_goes_back(form, edits, qtbot):
    form.set_values({"limit": 7})
    for name in ("limit", "epochs"):
        box = form.row(name).editor.box
        box.setFocus()
        box.selectAll()
        qtbot.keyClick(box, Qt.Key.Key_Delete)
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert edits == [("limit", None)]
    assert form.row("epochs").editor.box.text() == "10"


def test_dragging_a_slider_commits_at_once_and_moves_its_number(form, edits, qtbot):
    editor = form.row("probability").editor
    middle = editor.slider.rect().center()
    qtbot.mouseClick(editor.slider, Qt.MouseButton.LeftButton, pos=middle)
    assert len(edits) >= 1
    name, value = edits[-1]
    assert name == "probability"
    assert value == pytest.approx(0.5, abs=0.05)
    assert editor.box.value() == value


def test_a_range_keeps_low_under_high_when_dragged(form, edits, qtbot):
    slider = form.row("scale").editor.slider
    y = slider.height() // 2
    start = QPoint(round(slider._x(0.2)), y)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(slider, QPoint(slider.width() - 1, y))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 1, y))
    low, high = edits[-1][1]
    assert low <= high == 1.0
    assert form.row("scale").editor.low.value() == low


def test_a_range_slider_moves_by_keys_and_space_changes_the_handle(form, edits, qtbot):
    slider = form.row("scale").editor.slider
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    qtbot.keyClick(slider, Qt.Key.Key_Space)
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert [value for _name, value in edits] == [[0.21, 1.0], [0.21, 0.99]]


def test_a_range_typed_upside_down_is_committed_for_the_check_to_explain(form, edits, qtbot):
    low = form.row("scale").editor.low
    type_into(qtbot, low, "2")
    qtbot.keyClick(low, Qt.Key.Key_Return)
    assert edits == [("scale", [2, 1.0])]


def test_switch_and_combo_commit_at_once(form, edits, qtbot):
    qtbot.mouseClick(form.row("nesterov").editor.switch, Qt.MouseButton.LeftButton)
    combo = form.row("device").editor.combo
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_Down)
    assert edits == [("nesterov", False), ("device", "cpu")]


def test_lists_of_numbers_are_typed_with_commas(form, edits, qtbot):
    edit = form.row("sizes").editor.edit
    type_into(qtbot, edit, "32, 64,128")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert edits == [("sizes", [32, 64, 128])]


def test_browsing_for_a_folder_commits_it(form, edits, qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(tmp_path))
    qtbot.mouseClick(form.row("root").editor.browse, Qt.MouseButton.LeftButton)
    assert edits == [("root", str(tmp_path))]


def test_reset_shows_only_when_changed_and_goes_back_to_the_default(form, edits, qtbot):
    row = form.row("epochs")
    assert not row.reset.isVisible()
    form.set_values({"epochs": 99})
    assert row.reset.isVisible()
    qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    assert edits == [("epochs", 10)]
    assert not row.reset.isVisible()


def test_a_problem_is_written_under_its_field_and_told_to_screen_readers(form):
    form.set_problems({"epochs": "0 is too small: it must be at least 1."})
    row = form.row("epochs")
    assert row.problem.isVisible()
    assert row.editor.box.accessibleDescription() == "0 is too small: it must be at least 1."
    assert row.editor.box.property("problem") is True
    form.set_problems({})
    assert not row.problem.isVisible()
    assert row.editor.box.property("problem") is False
    assert row.editor.box.accessibleDescription() == "passes over the data"


def test_advanced_settings_are_behind_more_and_a_problem_there_opens_it(form, qtbot):
    row = form.row("decay")
    assert not row.isVisible()
    form.set_problems({"decay": "2 is too large."})
    assert row.isVisible()


@pytest.mark.parametrize(
    ("name", "part"),
    [("temperature", "box"), ("temperature", "slider"), ("device", "combo"), ("scale", "slider"), ("scale", "low")],
)
def test_the_wheel_over_an_unfocused_field_scrolls_the_page_and_changes_nothing(qtbot, name, part):
    form = SchemaForm()
    form.set_schema(Config.model_json_schema())
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(form)
    area.resize(480, 160)
    qtbot.addWidget(area)
    area.show()
    qtbot.waitExposed(area)
    editor = form.row(name).editor
    area.ensureWidgetVisible(editor, 0, 0)
    bar = area.verticalScrollBar()
    bar.setValue(max(bar.value(), 10))
    before = bar.value()
    form.row("name").editor.edit.setFocus()
    wheel(getattr(editor, part))
    assert bar.value() < before
    assert form.values() == DEFAULTS


def test_the_wheel_over_a_focused_number_steps_it(form, edits):
    box = form.row("epochs").editor.box
    box.setFocus()
    wheel(box)
    assert edits == [("epochs", 11)]


def test_text_being_typed_survives_the_same_value_coming_back(form, edits, qtbot):
    box = form.row("temperature").editor.box
    type_into(qtbot, box, "0.50")
    qtbot.waitUntil(lambda: edits == [("temperature", 0.5)], timeout=2000)
    form.set_values({"temperature": 0.5})
    assert box.text() == "0.50"
    form.set_values({"temperature": 0.2})
    assert box.text() == "0.2"


def test_tab_reaches_every_visible_editor(form, qtbot):
    first = form.row("temperature").editor.slider
    first.setFocus()
    reached = set()
    for _ in range(40):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.add(QApplication.focusWidget())
    wanted = {part for name in DEFAULTS if name != "decay" for part in form.row(name).editor.targets()}
    assert wanted <= reached


def test_every_label_is_the_buddy_of_a_named_field_with_help(form):
    for name in DEFAULTS:
        row = form.row(name)
        assert row.label.buddy() is row.editor.targets()[0]
        assert row.editor.targets()[0].accessibleName() == row.spec.title
        assert row.spec.description in row.label.toolTip()


def test_the_same_schema_again_keeps_values_and_fields(form):
    row = form.row("epochs")
    form.set_values({"epochs": 33})
    form.set_schema(Config.model_json_schema())
    assert form.row("epochs") is row
    assert form.values()["epochs"] == 33


def test_another_schema_replaces_every_field(form):
    form.set_schema({"properties": {"k": {"type": "integer", "title": "k", "default": 5}}})
    assert form.values() == {"k": 5}


@pytest.mark.parametrize("width", [256, 300, 392, 480])
def test_no_editor_is_cut_off_at_any_width(qtbot, width):
    form = SchemaForm()
    form.set_schema(Config.model_json_schema())
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(form)
    qtbot.addWidget(area)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.resize(width, 900)
    area.show()
    qtbot.waitExposed(area)
    assert form.width() == width
    for name in DEFAULTS:
        row = form.row(name)
        if row.isVisible():
            right = max(part.mapTo(form, part.rect().topRight()).x() for part in row.editor.targets())
            assert right < width, name


def test_focus_field_opens_more_for_an_advanced_setting(form):
    form.focus_field("decay")
    assert form.row("decay").editor.box.hasFocus()
