"""What is remembered between starts, and what happens when it cannot be read."""

from __future__ import annotations

from workbench.app.application import App
from workbench.app.session import load_session, save_session
from workbench.app.settings import Settings, load_settings, save_settings
from workbench.plugins.catalogue import builtin_catalogue


def test_settings_come_back_as_they_were(tmp_path):
    settings = Settings(theme="dark", page="train", recent_commands=("run.train",))
    save_settings(tmp_path / "settings.toml", settings)
    assert load_settings(tmp_path / "settings.toml") == (settings, "")


def test_a_settings_file_that_does_not_parse_is_reported_kept_and_replaced_by_defaults(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('theme = "dar')
    settings, problem = load_settings(path)
    assert settings == Settings()
    assert "could not be read" in problem
    assert (tmp_path / "settings.broken.toml").read_text() == 'theme = "dar'


def test_a_setting_out_of_range_is_reported_too(tmp_path):
    (tmp_path / "settings.toml").write_text('theme = "pink"\n')
    assert load_settings(tmp_path / "settings.toml")[1]


def test_the_edited_recipe_survives_a_restart_even_when_it_is_wrong(tmp_path):
    catalogue = builtin_catalogue()
    document, _ = load_session(tmp_path / "session.toml", catalogue)
    document["objective"]["temperature"] = -3.0
    save_session(tmp_path / "session.toml", document)
    assert load_session(tmp_path / "session.toml", catalogue) == (document, "")


def test_the_program_starts_with_broken_files_and_says_so(tmp_path):
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "session.toml").write_text("= nothing")
    (tmp_path / "plugins" / "broken").mkdir(parents=True)
    (tmp_path / "plugins" / "broken" / "plugin.toml").write_text("id = ")
    app = App(tmp_path)
    assert app.notice is not None
    assert app.editor.recipe is not None
    assert [row.error != "" for row in app.plugins() if row.id == "broken"] == [True]
    app.close()


def test_a_command_leaves_the_recipe_that_a_window_edits_as_it_is(tmp_path):
    window = App(tmp_path)
    window.editor.set("seed", 7)
    window.save()
    window.close()
    command = App(tmp_path)
    command.editor.set("seed", 8)
    command.close()
    again = App(tmp_path)
    assert again.editor.value("seed") == 7
    again.close()
