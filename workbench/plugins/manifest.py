"""What a plugin says of itself before any of its code runs: `plugin.toml`.

id = "my-plugin"
title = "My plugin"
version = "1.0"
requires = ">=0.1,<1"             # versions of the SSL Workbench
description = "One sentence."
authors = ["A. Person"]

[modules]                         # modules in the plugin's folder, by what they contribute
objectives = ["my_objective"]
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import Field, ValidationError, field_validator

from workbench import __version__
from workbench.core.errors import PluginError
from workbench.core.model import Model

MANIFEST = "plugin.toml"
_ID = r"^[a-z][a-z0-9_-]{0,63}$"
_FAULT_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known",
    "string_pattern_mismatch": "takes small letters, digits, - and _, and starts with a letter",
}


class Modules(Model):
    """The modules that contribute, by kind; dotted names below the plugin's folder."""

    datasets: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    backbones: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()
    optimisers: tuple[str, ...] = ()
    projections: tuple[str, ...] = ()

    @field_validator("*")
    @classmethod
    def _are_module_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not all(part.isidentifier() for part in name.split(".")):
                raise ValueError(f"{name!r} is not the name of a module")
        return names


class Manifest(Model):
    """A plugin's manifest."""

    id: str = Field(pattern=_ID)
    title: str = Field(min_length=1, max_length=80)
    version: str = Field(min_length=1)
    requires: str
    description: str = ""
    authors: tuple[str, ...] = ()
    modules: Modules

    @field_validator("requires")
    @classmethod
    def _is_a_version_range(cls, text: str) -> str:
        try:
            SpecifierSet(text)
        except InvalidSpecifier:
            raise ValueError(f"{text!r} is not a range of versions such as '>=0.1,<1'") from None
        return text

    def fits(self, program_version: str = __version__) -> bool:
        """Whether the plugin was made for this version of the program."""
        return SpecifierSet(self.requires).contains(program_version, prereleases=True)


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a plugin's folder; raises PluginError that names the file and every fault in it."""
    path = folder / MANIFEST
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise PluginError(f"{path} is missing.", "A plugin's folder holds a plugin.toml.") from None
    except ValidationError as error:
        raise PluginError(f"{path}: {_faults(error)}.") from None
    except (OSError, ValueError) as error:
        raise PluginError(f"{path} cannot be read: {error}.") from error


def _faults(error: ValidationError) -> str:
    faults = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"])
        words = _FAULT_WORDS.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
        faults.append(f"{key}: {words}")
    return "; ".join(faults)
