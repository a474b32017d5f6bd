"""What `make run` installs: the pins agree with what pyproject.toml asks for."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = [Requirement(line) for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]]


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pairs = [line.split("==") for line in lines]
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.mark.parametrize("requirement", ASKED, ids=lambda requirement: requirement.name)
def test_every_dependency_is_pinned_to_a_version_that_the_project_accepts(requirement: Requirement) -> None:
    pinned = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pinned)


@pytest.mark.parametrize("bad", ["6.12.0", "6.11.0", "6.11.1"])
def test_bindings_with_known_faults_are_kept_out(bad: str) -> None:
    (qt,) = [requirement for requirement in ASKED if requirement.name == "PySide6-Essentials"]
    assert not qt.specifier.contains(bad)


def test_the_installed_bindings_are_of_one_version() -> None:
    assert version("shiboken6") == version("PySide6-Essentials")
