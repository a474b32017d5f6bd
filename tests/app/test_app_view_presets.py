"""The user's own view presets on disk, the commands around them, and branches in words."""

from __future__ import annotations

import pytest

from workbench.app.application import App
from workbench.app.commands import commands, execute
from workbench.app.view_presets import ViewPresets, same_views
from workbench.app.words import views_words
from workbench.core.errors import WorkbenchError
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.models import Views
from workbench.recipes.views_file import read_views

CATALOGUE = builtin_catalogue()
COMMANDS = {command.id: command for command in commands()}


class Terminal:
    """A front end that answers every question with what it was given, and keeps what it is told to copy."""

    def __init__(self, name="", path=None):
        self.name, self.path, self.clipboard = name, path, ""

    def ask_text(self, title, words, text):
        return self.name

    def ask_file(self, title, patterns):
        return self.path

    def copy_text(self, text):
        self.clipboard = text


@pytest.fixture
def presets(tmp_path):
    return ViewPresets(tmp_path / "view-presets", CATALOGUE)


@pytest.fixture
def app(tmp_path):
    made = App(tmp_path)
    yield made
    made.close()


def preset(name="simclr-cifar") -> Views:
    return Views.model_validate(CATALOGUE.view_presets[name])


def test_a_saved_preset_is_listed_under_its_name_until_it_is_removed(presets):
    presets.save("my pair", preset())
    (saved,) = presets.listed()
    assert saved.name == saved.views.preset == "my pair"
    assert [op.id for op in saved.views.branches[0].ops] == [op.id for op in preset().branches[0].ops]
    presets.remove("my pair")
    presets.remove("my pair")
    assert presets.listed() == []


def test_a_file_that_changed_is_read_again(presets, tmp_path):
    presets.save("mine", preset())
    presets.listed()
    presets.save("mine", preset().replace(strength=0.5))
    assert presets.listed()[0].views.strength == 0.5


def test_a_broken_file_is_listed_with_its_error_beside_the_whole_ones(presets, tmp_path):
    presets.save("whole", preset())
    (tmp_path / "view-presets" / "torn.toml").write_text("[views\n", encoding="utf-8")
    (tmp_path / "view-presets" / "wrong.toml").write_text("[views]\nstrength = 9\n", encoding="utf-8")
    torn, whole, wrong = sorted(presets.listed(), key=lambda one: one.name)
    assert whole.views is not None
    assert torn.views is None
    assert "line 1" in torn.error
    assert wrong.views is None
    assert wrong.error.startswith("views.strength: ")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 80])
def test_a_name_that_makes_no_file_is_refused(presets, name):
    with pytest.raises(WorkbenchError, match="cannot be the name"):
        presets.save(name, preset())


def test_the_name_of_a_shipped_preset_is_refused(presets):
    with pytest.raises(WorkbenchError, match="shipped preset"):
        presets.save("simclr-cifar", preset())


def test_silence_and_a_stated_default_are_the_same_views_and_another_strength_is_not():
    silent = {"branches": [{"count": 2, "ops": [{"id": "horizontal_flip"}]}]}
    spoken = {"strength": 1.0, "branches": [{"name": "A", "count": 2, "ops": [{"id": "horizontal_flip", "p": 0.5}]}]}
    assert same_views(silent, spoken, CATALOGUE)
    assert not same_views(silent, {**spoken, "strength": 0.5}, CATALOGUE)


def test_saving_names_the_views_in_one_undo_step(app):
    execute(COMMANDS["views.save-preset"], app, Terminal(name="mine"))
    assert app.editor.value("views.preset") == "mine"
    assert [one.name for one in app.view_presets.listed()] == ["mine"]
    app.editor.undo()
    assert app.editor.value("views.preset") == "simclr-small-grey"


def test_a_preset_of_the_users_is_saved_over_with_what_was_changed(app):
    execute(COMMANDS["views.save-preset"], app, Terminal(name="mine"))
    app.editor.set("views.strength", 0.5)
    execute(COMMANDS["views.save-preset"], app, Terminal(name="mine"))
    assert app.view_presets.listed()[0].views.strength == 0.5


def test_a_multi_crop_preset_brings_the_size_that_its_small_crops_go_with_and_takes_it_away_again(app):
    app.editor.use_views_preset("dino")
    assert app.editor.value("views.size") == 224
    app.editor.use_views_preset("simclr-cifar")
    assert app.editor.value("views.size") == 0


def test_any_other_preset_keeps_the_size_that_the_user_chose(app):
    app.editor.set("views.size", 40)
    app.editor.use_views_preset("simclr-imagenet")
    assert app.editor.value("views.size") == 40


def test_views_are_loaded_from_a_file_and_a_wrong_one_names_its_key(app, tmp_path):
    path = tmp_path / "views.toml"
    path.write_text("[views]\nstrength = 0.5\n[[views.branches]]\ncount = 2\n", encoding="utf-8")
    execute(COMMANDS["views.load"], app, Terminal(path=path))
    assert app.editor.build_views().strength == 0.5
    before = app.editor.document
    path.write_text("[views]\nstrenght = 0.5\n", encoding="utf-8")
    execute(COMMANDS["views.load"], app, Terminal(path=path))
    assert app.editor.document == before
    assert "views.strenght" in app.notice.message


def test_views_are_copied_as_toml_though_the_rest_of_the_recipe_is_wrong(app):
    app.editor.set("objective.temperature", -1)
    terminal = Terminal()
    execute(COMMANDS["views.copy-toml"], app, terminal)
    assert read_views(terminal.clipboard, CATALOGUE) == app.editor.build_views()


def test_views_that_are_wrong_are_not_copied_and_the_reason_is_given(app):
    app.editor.set("views.branches.0.count", 99)
    assert "views.branches.0.count" in COMMANDS["views.copy-python"].refusal(app)


def test_branches_like_another_and_of_another_size_are_told_in_words():
    ops = [{"id": "random_resized_crop"}, {"id": "horizontal_flip", "p": 0.5}]
    branches = [{"name": "A", "count": 2, "ops": ops}, {"name": "B", "count": 6, "like": "A", "size": 96, "ops": []}]
    assert views_words({"views": {"branches": branches}}, CATALOGUE) == "2 × crop · flip | 6 × like A, 96 px"
