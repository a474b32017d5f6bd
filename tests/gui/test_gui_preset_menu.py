"""Presets in the menus of the window: one menu for each thing that they are learned from."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QMenu

from workbench.app.application import App
from workbench.gui.window import Window
from workbench.recipes.presets import presets


@pytest.fixture
def window(qtbot, monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    window = Window(App())
    qtbot.addWidget(window)
    yield window
    window.app.close()


def menu(window, title):
    return next(menu for menu in window.menuBar().findChildren(QMenu) if menu.title() == title)


def test_the_recipe_menu_stays_short_however_many_presets_there_are(window):
    assert len(menu(window, "Recipe").actions()) < 15


@pytest.mark.parametrize("group", ["CIFAR-10", "ImageNet"])
def test_presets_stand_in_the_menu_of_what_they_are_learned_from(window, group):
    titles = [action.text() for action in menu(window, f"Presets on {group}").actions()]
    assert titles == [f"Preset: {preset.title}" for preset in presets() if preset.group == group]


def test_a_preset_for_the_users_own_folder_opens_as_a_whole_recipe(window):
    window.bridge.run("recipe.preset.mae-imagenet")
    assert window.app.editor.build().objective.id == "mae"
    assert window.app.editor.value("data.path") == "imagenet"
