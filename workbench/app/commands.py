"""Every command, declared once: menus, palette, shortcuts, buttons and their disabled reasons all come from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workbench.app.application import App, Notice
from workbench.app.topics import Topic
from workbench.core.errors import RecipeError, WorkbenchError
from workbench.core.files import write_atomic
from workbench.recipes.export import as_command, as_python, views_as_python, views_as_toml
from workbench.recipes.presets import load, presets
from workbench.recipes.toml_io import write_toml
from workbench.recipes.views_file import read_views

PAGES = ("data", "views", "objective", "train", "explore")


class Face(Protocol):
    """What a command may ask of the front end that runs it."""

    def show_page(self, page: str) -> None: ...
    def show_setting(self, key: str) -> None: ...
    def ask_folder(self, title: str) -> Path | None: ...
    def ask_file(self, title: str, patterns: str) -> Path | None: ...
    def ask_save(self, title: str, name: str, patterns: str) -> Path | None: ...
    def ask_text(self, title: str, words: str, text: str) -> str: ...
    def copy_text(self, text: str) -> None: ...
    def open_palette(self) -> None: ...
    def close_window(self) -> None: ...


def _always(app: App) -> str:
    return ""


@dataclass(frozen=True)
class Command:
    """One thing the user can do.

    refusal : why it cannot be done now; "" when it can
    menu : the menu it appears in, "Recipe/Presets" for one within another; "" for the palette alone
    """

    id: str
    title: str
    run: Callable[[App, Face], None]
    menu: str = ""
    icon: str = ""
    shortcut: str = ""
    refusal: Callable[[App], str] = _always


def commands() -> tuple[Command, ...]:
    """All commands in menu order."""
    return (*_recipe_commands(), *_views_commands(), *_run_commands(), *_data_commands(), *_window_commands())


def execute(command: Command, app: App, face: Face) -> None:
    """Run a command that can be run now; what goes wrong is told to the user."""
    if command.refusal(app):
        return
    try:
        command.run(app, face)
    except WorkbenchError as error:
        app.fail(error)
    except OSError as error:
        app.notify(Notice(f"{command.title} failed: {error}."))


# -- recipe --------------------------------------------------------------------------------------------------------


def _recipe_commands() -> tuple[Command, ...]:
    return (
        Command("recipe.open", "Open recipe…", _open_recipe, "Recipe", "folder", "Ctrl+O"),
        Command("recipe.save", "Save recipe as…", _save_recipe, "Recipe", "save", "Ctrl+S", _recipe_problem),
        *(
            Command(
                f"recipe.preset.{preset.name}",
                f"Preset: {preset.title}",
                _preset(preset.name),
                f"Recipe/Presets on {preset.group}",
            )
            for preset in presets()
        ),
        Command(
            "recipe.copy-command", "Copy as command", _copy_command, "Recipe", "copy", "Ctrl+Shift+C", _recipe_problem
        ),
        Command("recipe.export-python", "Export as Python…", _export_python, "Recipe", "", "", _recipe_problem),
        Command(
            "recipe.undo",
            "Undo",
            lambda app, face: app.editor.undo(),
            "Edit",
            "undo",
            "Ctrl+Z",
            lambda app: "" if app.editor.undo_words else "There is nothing to undo.",
        ),
        Command(
            "recipe.redo",
            "Redo",
            lambda app, face: app.editor.redo(),
            "Edit",
            "redo",
            "Ctrl+Shift+Z",
            lambda app: "" if app.editor.redo_words else "There is nothing to redo.",
        ),
    )


def _recipe_problem(app: App) -> str:
    return str(app.editor.problems[0]) if app.editor.problems else ""


def _open_recipe(app: App, face: Face) -> None:
    path = face.ask_file("Open recipe", "Recipes (*.toml)")
    if path is not None:
        app.editor.replace(load(path, app.catalogue).document(), f"open {path.name}")


def _save_recipe(app: App, face: Face) -> None:
    recipe = app.editor.build()
    path = face.ask_save("Save recipe", f"{recipe.name or recipe.objective.id}.toml", "Recipes (*.toml)")
    if path is not None:
        write_atomic(path, write_toml(recipe))
        app.notify(Notice(f"Saved {path}.", f"Train it with: workbench train {path.name}", "info"))


def _preset(name: str) -> Callable[[App, Face], None]:
    def use(app: App, face: Face) -> None:
        app.editor.replace(load(name, app.catalogue).document(), f"use the preset {name}")

    return use


def _copy_command(app: App, face: Face) -> None:
    face.copy_text(as_command(app.editor.build(), app.catalogue))
    app.notify(Notice("The command that trains this recipe is on the clipboard.", level="info"))


def _export_python(app: App, face: Face) -> None:
    path = face.ask_save("Export as Python", "train.py", "Python (*.py)")
    if path is not None:
        write_atomic(path, as_python(app.editor.build()))
        app.notify(Notice(f"Saved {path}.", level="info"))


# -- views ---------------------------------------------------------------------------------------------------------


def _views_commands() -> tuple[Command, ...]:
    return (
        Command("views.save-preset", "Save views as preset…", _save_views, icon="save", refusal=_views_problem),
        Command("views.load", "Load views from file…", _load_views, icon="folder"),
        Command("views.copy-toml", "Copy views as TOML", _copy_views_toml, icon="copy", refusal=_views_problem),
        Command("views.copy-python", "Copy views as Python", _copy_views_python, icon="copy", refusal=_views_problem),
    )


def _views_problem(app: App) -> str:
    try:
        app.editor.build_views()
    except RecipeError as error:
        return str(error.problems[0])
    return ""


def _save_views(app: App, face: Face) -> None:
    views = app.editor.build_views()
    name = face.ask_text("Save views as preset", "Name of the preset", "" if _shipped(app) else views.preset).strip()
    if name:
        app.view_presets.save(name, views)
        app.editor.use_views(views.replace(preset=name), f"save the views as {name}")
        app.topics.publish(Topic.RECIPE)


def _shipped(app: App) -> bool:
    return app.editor.value("views.preset") in app.catalogue.view_presets


def _load_views(app: App, face: Face) -> None:
    path = face.ask_file("Load views", "Views and recipes (*.toml)")
    if path is not None:
        app.editor.use_views(read_views(path, app.catalogue), f"load the views of {path.name}")


def _copy_views_toml(app: App, face: Face) -> None:
    face.copy_text(views_as_toml(app.editor.build_views()))
    app.notify(Notice("The views are on the clipboard as TOML, ready for a recipe or a preset file.", level="info"))


def _copy_views_python(app: App, face: Face) -> None:
    face.copy_text(views_as_python(app.editor.build_views()))
    app.notify(Notice("The views are on the clipboard as Python.", level="info"))


# -- runs ----------------------------------------------------------------------------------------------------------


def _run_commands() -> tuple[Command, ...]:
    return (
        Command("run.train", "Train", _train, "Run", "play", "Ctrl+Return", _recipe_problem),
        Command(
            "run.pause",
            "Pause",
            lambda app, face: app.pause_current(),
            "Run",
            "pause",
            "",
            lambda app: app.refuse_current("pause"),
        ),
        Command(
            "run.resume",
            "Resume",
            lambda app, face: app.resume_current(),
            "Run",
            "play",
            "",
            lambda app: app.refuse_current("resume"),
        ),
        Command(
            "run.stop",
            "Stop and save",
            lambda app, face: app.stop_current(),
            "Run",
            "stop",
            "Ctrl+.",
            lambda app: app.refuse_current("stop"),
        ),
        Command(
            "run.checkpoint",
            "Save a checkpoint now",
            lambda app, face: app.checkpoint_current(),
            "Run",
            "save",
            "",
            lambda app: app.refuse_current("checkpoint"),
        ),
        Command("run.open", "Open run folder…", _open_run, "Run", "folder"),
    )


def _train(app: App, face: Face) -> None:
    app.current = app.train()
    face.show_page("train")


def _open_run(app: App, face: Face) -> None:
    path = face.ask_folder("Open run folder")
    if path is not None:
        app.current = app.supervisor.attach(app.existing_run(path))
        face.show_page("train")


# -- data ----------------------------------------------------------------------------------------------------------


def _data_commands() -> tuple[Command, ...]:
    return (
        Command("data.import-folder", "Import a folder of pictures…", _import_folder, "Data", "folder", "Ctrl+I"),
        Command("data.import-file", "Import arrays or a table…", _import_file, "Data", "plus"),
        Command("data.reload", "Read the data again", lambda app, face: app.open_data(), "Data", "data"),
    )


def _import_folder(app: App, face: Face) -> None:
    path = face.ask_folder("Import a folder of pictures")
    if path is not None:
        app.import_data(path)
        face.show_page("data")


def _import_file(app: App, face: Face) -> None:
    path = face.ask_file("Import arrays or a table", "Arrays and tables (*.npz *.npy *.csv *.parquet)")
    if path is not None:
        app.import_data(path)
        face.show_page("data")


# -- window --------------------------------------------------------------------------------------------------------


def _window_commands() -> tuple[Command, ...]:
    return (
        *(
            Command(f"page.{page}", f"Go to {page.capitalize()}", _show(page), "View", page, f"Ctrl+{number}")
            for number, page in enumerate(PAGES, 1)
        ),
        Command("view.theme", "Switch between light and dark", _switch_theme, "View", "sun", "Ctrl+Shift+L"),
        Command(
            "view.palette", "Command palette…", lambda app, face: face.open_palette(), "View", "search", "Ctrl+Shift+P"
        ),
        Command("window.quit", "Quit", lambda app, face: face.close_window(), "Recipe", "close", "Ctrl+Q"),
    )


def _show(page: str) -> Callable[[App, Face], None]:
    return lambda app, face: face.show_page(page)


def _switch_theme(app: App, face: Face) -> None:
    app.remember(theme="dark" if app.settings.theme == "light" else "light")
