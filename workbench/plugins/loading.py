"""A plugin's modules, imported: for the engine side alone, after the user has switched the plugin on."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from types import ModuleType

from workbench.core.errors import PluginError
from workbench.plugins.discovery import PluginRow


def load_contributions(row: PluginRow) -> dict[str, tuple[ModuleType, ...]]:
    """The modules that a plugin's manifest names, by kind of contribution ("objectives" -> modules).

    The modules of a plain folder live under a package of their own, so that two plugins may both have a `model.py`;
    within it they import each other relatively.

    Raises PluginError that names the plugin and the module, whatever its code raised.
    """
    if row.manifest is None or row.error:
        raise PluginError(f"The plugin {row.id!r} cannot be loaded: {row.error}")
    package = row.package or _private_package(row)
    named = row.manifest.modules.model_dump()
    return {kind: tuple(_module(row, package, name) for name in names) for kind, names in named.items() if names}


def _private_package(row: PluginRow) -> str:
    name = f"workbench_plugin_{row.id.replace('-', '_')}"
    loaded = sys.modules.get(name)
    if loaded is not None and list(loaded.__path__) == [str(row.folder)]:
        return name
    for stale in [other for other in sys.modules if other == name or other.startswith(f"{name}.")]:
        del sys.modules[stale]
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(row.folder)]
    sys.modules[name] = module_from_spec(spec)
    return name


def _module(row: PluginRow, package: str, name: str) -> ModuleType:
    try:
        return import_module(f"{package}.{name}")
    except Exception as error:  # a stranger's module may raise anything, and must not take the engine with it
        words = f"The plugin {row.id!r} cannot be loaded: its module {name!r} raised {type(error).__name__}: {error}."
        raise PluginError(words) from error
