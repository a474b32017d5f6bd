"""The recipe being edited: problems, undo, and choices that bring what they need."""

from __future__ import annotations

import pytest

from workbench.app.editor import RecipeEditor
from workbench.core.errors import RecipeError
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.presets import load


@pytest.fixture
def editor():
    catalogue = builtin_catalogue()
    changes = []
    made = RecipeEditor(catalogue, load("simclr-fashion-mnist", catalogue).document(), lambda: changes.append(1))
    made.changes = changes
    return made


def test_a_wrong_value_is_kept_with_its_problem_and_the_recipe_cannot_be_built(editor):
    editor.set("objective.temperature", -1)
    assert editor.value("objective.temperature") == -1
    assert "must be greater than 0" in editor.problems_under("objective")["temperature"]
    with pytest.raises(RecipeError, match=r"objective\.temperature"):
        editor.build()


def test_mending_the_value_makes_the_recipe_whole_again(editor):
    editor.set("objective.temperature", -1)
    editor.set("objective.temperature", 0.3)
    assert editor.problems == ()
    assert editor.build().objective.params["temperature"] == 0.3


def test_undo_and_redo_go_through_every_change(editor):
    first = editor.document
    editor.set("seed", 7, "set the seed")
    second = editor.document
    editor.choose("backbone", "small_resnet")
    assert editor.undo_words == "choose " + editor.catalogue.get("backbone", "small_resnet").title
    editor.undo()
    assert editor.document == second
    editor.undo()
    assert editor.document == first
    editor.redo()
    assert editor.document == second
    assert editor.redo_words.startswith("choose")


def test_a_quick_run_of_changes_to_one_key_is_one_step(editor):
    before = editor.document
    for value in (0.2, 0.25, 0.3):
        editor.set("objective.temperature", value)
    editor.undo()
    assert editor.document == before


def test_a_change_after_undo_forgets_what_was_undone(editor):
    editor.set("seed", 1)
    editor.undo()
    editor.set("seed", 2)
    assert editor.redo_words == ""


def test_setting_the_same_value_is_no_step(editor):
    editor.set("seed", editor.value("seed"))
    assert editor.undo_words == ""
    assert editor.changes == []


def test_an_objective_that_needs_other_views_brings_its_preset(editor):
    editor.choose("objective", "rotation")
    assert editor.problems == ()
    ops = [op["id"] for op in editor.value("views.branches.0.ops")]
    assert "quarter_turn" in ops
    editor.undo()
    assert editor.value("objective.id") == "simclr"
    assert "quarter_turn" not in [op["id"] for op in editor.value("views.branches.0.ops")]


def test_an_objective_that_the_views_serve_leaves_them_alone(editor):
    editor.choose("objective", "rotation")
    views = editor.value("views")
    editor.choose("objective", "supervised")
    assert editor.problems == ()
    editor.choose("objective", "rotation")
    assert editor.value("views")["preset"] == views["preset"]


def test_a_view_count_that_does_not_serve_is_told_under_views(editor):
    editor.set("views.branches.0.count", 1)
    assert editor.problems_under("views")


def test_values_are_read_by_dotted_keys_and_absent_ones_are_none(editor):
    assert editor.value("views.branches.0.ops.0.id") == "random_resized_crop"
    assert editor.value("views.branches.9.ops") is None
    assert editor.value("no.such.key") is None


def test_replacing_the_whole_document_is_one_step(editor):
    before = editor.document
    editor.replace(load("supervised-fashion-mnist", editor.catalogue).document(), "use a preset")
    assert editor.value("objective.id") == "supervised"
    editor.undo()
    assert editor.document == before
