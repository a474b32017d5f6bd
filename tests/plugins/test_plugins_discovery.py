"""Listing plugins reads manifests alone, and shows every fault as a row."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workbench.core.errors import PluginError
from workbench.plugins.discovery import PluginRow, discover
from workbench.plugins.enabled import read_enabled, set_enabled
from workbench.plugins.loading import load_contributions
from workbench.plugins.manifest import read_manifest

GOOD = """
id = "good"
title = "A good one"
version = "1.0"
requires = ">=0.1"
authors = ["A. Person"]
[modules]
objectives = ["thing"]
"""


def plugin(parent: Path, name: str, manifest: str, **modules: str) -> Path:
    folder = parent / name
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(manifest)
    for module, code in modules.items():
        (folder / f"{module}.py").write_text(code)
    return folder


def row(workspace: Path, id_: str) -> PluginRow:
    return next(row for row in discover(workspace) if row.id == id_)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The workspace's plugin folder."""
    return tmp_path / "plugins"


def test_a_workspace_without_plugins_lists_none_of_its_own(tmp_path: Path) -> None:
    assert [row for row in discover(tmp_path / "absent") if row.origin == "workspace"] == []


def test_a_good_plugin_is_listed_without_running_its_code(home: Path, tmp_path: Path) -> None:
    plugin(home, "good", GOOD, thing="raise SystemExit('ran')")
    found = row(tmp_path, "good")
    assert found.error == ""
    assert found.manifest is not None
    assert (found.manifest.title, found.origin, found.enabled) == ("A good one", "workspace", False)


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("id = ", "cannot be read"),
        ("", "id: is missing; title: is missing"),
        (GOOD.replace('title = "A good one"', ""), "title: is missing"),
        (GOOD + 'widgets = ["x"]', "modules.widgets: is not known"),
        (GOOD.replace(">=0.1", ">=99"), "It needs the SSL Workbench >=99; this is "),
        (GOOD.replace(">=0.1", "new"), "requires: 'new' is not a range of versions"),
        (GOOD.replace('"good"', '"Not An Id"'), "id: takes small letters"),
        (GOOD.replace('"thing"', '"../thing"'), "modules.objectives: '../thing' is not the name of a module"),
    ],
)
def test_a_broken_manifest_is_a_row_with_its_fault(manifest: str, words: str, home: Path, tmp_path: Path) -> None:
    folder = plugin(home, "broken", manifest)
    good = plugin(home, "good", GOOD)
    rows = {row.folder: row for row in discover(tmp_path)}
    assert words in rows[folder].error
    assert str(folder / "plugin.toml") in rows[folder].error
    assert rows[good].error == ""


def test_a_folder_without_a_manifest_and_a_binary_manifest_are_rows_with_their_fault(
    home: Path, tmp_path: Path
) -> None:
    (home / "empty").mkdir(parents=True)
    plugin(home, "binary", "").joinpath("plugin.toml").write_bytes(b"\xff\x00")
    assert "plugin.toml is missing" in row(tmp_path, "empty").error
    assert "cannot be read" in row(tmp_path, "binary").error


def test_of_two_plugins_with_one_id_the_first_keeps_it(home: Path, tmp_path: Path) -> None:
    first, second = plugin(home, "a", GOOD), plugin(home, "b", GOOD)
    set_enabled(tmp_path, "good", True)
    rows = {row.folder: row for row in discover(tmp_path)}
    assert (rows[first].error, rows[first].enabled) == ("", True)
    assert f"The id 'good' is taken by the plugin in {first}" in rows[second].error
    assert not rows[second].enabled


def install(site: Path, name: str, package: str) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[workbench.plugins]\n{name} = {package}\n")


def test_an_installed_distribution_is_found_by_its_entry_point_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    plugin(site, "probe_distribution", GOOD, __init__="VALUE = 7", thing="from . import VALUE as CONTRIBUTION")
    install(site, "probe-distribution", "probe_distribution")
    install(site, "lost-distribution", "lost_distribution.inner")
    monkeypatch.syspath_prepend(site)
    found = row(tmp_path, "good")
    assert (found.origin, found.error) == ("installed", "")
    assert "probe_distribution" not in sys.modules
    assert "'lost_distribution.inner' cannot be found" in row(tmp_path, "lost-distribution").error
    (module,) = load_contributions(found)["objectives"]
    assert module.CONTRIBUTION == 7
    assert module.__name__ == "probe_distribution.thing"
    for name in ("probe_distribution.thing", "probe_distribution"):
        del sys.modules[name]


def test_switching_on_and_off_is_kept_in_the_workspace(home: Path, tmp_path: Path) -> None:
    plugin(home, "good", GOOD)
    set_enabled(tmp_path, "good", True)
    assert row(tmp_path, "good").enabled
    set_enabled(tmp_path, "good", False)
    assert not row(tmp_path, "good").enabled


@pytest.mark.parametrize("text", ["enabled = [", "enabled = 3", "enabled = [1]"])
def test_a_damaged_list_of_plugins_is_reported_counts_as_empty_and_is_kept_aside(text: str, tmp_path: Path) -> None:
    (tmp_path / "plugins.toml").write_text(text)
    found = read_enabled(tmp_path)
    assert str(tmp_path / "plugins.toml") in found.error
    assert found.ids == frozenset()
    assert isinstance(discover(tmp_path), list)
    set_enabled(tmp_path, "good", True)
    assert read_enabled(tmp_path).ids == {"good"}
    assert (tmp_path / "plugins.toml.damaged").read_text() == text


def test_modules_of_two_plugins_with_one_name_do_not_meet(home: Path, tmp_path: Path) -> None:
    plugin(home, "good", GOOD, thing="from .inner import NAME", inner="NAME = 'good'")
    plugin(home, "other", GOOD.replace('"good"', '"other"'), thing="from .inner import NAME", inner="NAME = 'other'")
    names = {id_: load_contributions(row(tmp_path, id_))["objectives"][0].NAME for id_ in ("good", "other")}
    assert names == {"good": "good", "other": "other"}


def test_a_plugin_that_moved_is_loaded_from_its_new_folder(tmp_path: Path) -> None:
    for place in ("one", "two"):
        plugin(tmp_path / place / "plugins", "good", GOOD, thing=f"PLACE = {place!r}")
    places = [load_contributions(row(tmp_path / place, "good"))["objectives"][0].PLACE for place in ("one", "two")]
    assert places == ["one", "two"]


@pytest.mark.parametrize("code", ["import no_such_module", "1 / 0", "not python", None])
def test_a_module_that_fails_names_the_plugin_and_the_module(code: str | None, home: Path, tmp_path: Path) -> None:
    plugin(home, "good", GOOD, **({"thing": code} if code else {}))
    with pytest.raises(PluginError, match="The plugin 'good' cannot be loaded: its module 'thing' raised"):
        load_contributions(row(tmp_path, "good"))


def test_a_row_with_an_error_is_not_loaded(home: Path, tmp_path: Path) -> None:
    plugin(home, "good", GOOD.replace(">=0.1", ">=99"), thing="raise SystemExit('ran')")
    with pytest.raises(PluginError, match="It needs the SSL Workbench >=99"):
        load_contributions(row(tmp_path, "good"))


def test_a_manifest_says_for_which_versions_it_was_made(home: Path) -> None:
    manifest = read_manifest(plugin(home, "good", GOOD.replace(">=0.1", ">=0.1,<1")))
    assert manifest.fits("0.1.0")
    assert manifest.fits("0.9.0rc1")
    assert not manifest.fits("1.0")
