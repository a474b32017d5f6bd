"""What was clicked, as a command, as a script, and its views as TOML and as code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build, check
from workbench.recipes.models import Branch, Choice, Recipe, Views
from workbench.recipes.presets import load, shipped
from workbench.recipes.toml_io import read_document, toml_value, write_toml, write_views_toml

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NOT_BARE = {"true", "false", "inf", "nan"}

_SCRIPT = """\
# Written by the SSL Workbench; `python FILE` trains this recipe where the workbench is installed.
# Options of `workbench train` may follow: `python FILE --time-limit 120s --json`.

import subprocess
import sys
from pathlib import Path

RECIPE = '''\\
{recipe}'''


def main() -> int:
    # The file beside this script stays, so that the recipe can be opened in the window too.
    path = Path(__file__).with_suffix(".toml")
    path.write_text(RECIPE, encoding="utf-8")
    command = [sys.executable, "-m", "workbench", "train", str(path), *sys.argv[1:]]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
"""


_VIEWS_COMMENT = "Views of the SSL Workbench: this section may stand in any recipe."

_VIEWS_SCRIPT = """\
# Views of the SSL Workbench, as code; runs where the workbench is installed.

from collections.abc import Sequence

from workbench.recipes.models import Branch, Choice, Views
from workbench.views.pipeline import ViewPipeline, compile_views

VIEWS = {views}


def pipeline(channels: int, height: int, width: int, mean: Sequence[float], std: Sequence[float]) -> ViewPipeline:
    # mean and std: the data set's, in units of [0, 1]; `pipeline(...)(samples, (seed, step), device)` makes the views.
    return compile_views(VIEWS, channels, height, width, mean, std)
"""


def as_command(recipe: Recipe, catalogue: Catalogue, base_preset: str | None = None) -> str:
    """The recipe as one line for a terminal: a preset and what is set differently.

    Parameters
    ----------
    base_preset : which preset to start from; None takes the one that gives the shortest line
    """
    if base_preset:
        return _command(base_preset, load(base_preset, catalogue), recipe)
    known = [(name, read_document(path)) for name, path in shipped().items()]
    # A preset of an objective that this catalogue lacks (a plugin's, switched off) is no place to start from.
    usable = [(name, build(document, catalogue)) for name, document in known if not check(document, catalogue)]
    return min((_command(name, start, recipe) for name, start in usable), key=len)


def as_python(recipe: Recipe) -> str:
    """The recipe as a Python script that trains it with the workbench."""
    literal = write_toml(recipe).replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
    return _SCRIPT.format(recipe=literal)


def views_as_toml(views: Views) -> str:
    """The views as the section of a recipe; `views_file.read_views` gives equal views."""
    return write_views_toml(views, _VIEWS_COMMENT)


def views_as_python(views: Views) -> str:
    """The views as a Python module: `VIEWS`, and `pipeline(...)` that compiles them for a data set's pictures."""
    return _VIEWS_SCRIPT.format(views=_views_code(views))


def _views_code(views: Views) -> str:
    branches = "".join(_branch_code(branch) for branch in views.branches)
    settings = [f"    {name}={getattr(views, name)!r},\n" for name in ("preset", "size", "strength")]
    return f"Views(\n{''.join(settings)}    branches=(\n{branches}    ),\n)"


def _branch_code(branch: Branch) -> str:
    names = ("name", "count", "size", "like")
    settings = [f"            {name}={getattr(branch, name)!r},\n" for name in names]
    ops = "".join(f"                {_choice_code(op)},\n" for op in branch.ops)
    listed = f"(\n{ops}            )" if ops else "()"
    return f"        Branch(\n{''.join(settings)}            ops={listed},\n        ),\n"


def _choice_code(choice: Choice) -> str:
    settings = [f"{name}={value!r}" for name, value in choice.model_dump(mode="json").items()]
    return f"Choice({', '.join(settings)})"


def _command(name: str, base: Recipe, recipe: Recipe) -> str:
    words = ["workbench", "train", name]
    for override in _overrides(base.document(), recipe.document(), ""):
        words += ["--set", override]
    return shlex.join(words)


def _overrides(before: Any, after: Any, key: str) -> Iterator[str]:
    """The settings to change, each as deep down as the two sides are alike."""
    if before == after and type(before) is type(after):
        return
    for name, old, new in _pairs(before, after):
        yield from _overrides(old, new, f"{key}.{name}" if key else name)
    if not _alike(before, after):
        yield f"{key}={_text(after)}"


def _pairs(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    if not _alike(before, after):
        return []
    if isinstance(before, dict):
        return [(name, before[name], after[name]) for name in after]
    return [(str(position), *pair) for position, pair in enumerate(zip(before, after, strict=True))]


def _alike(before: Any, after: Any) -> bool:
    """Whether a change can be told part by part: the same contribution, or lists of tables of one length.

    Views of another preset are told as a whole, because naming the preset would change the branches first.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        same_origin = all(before.get(name) == after.get(name) for name in ("id", "preset"))
        return same_origin and before.keys() == after.keys()
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after) > 0:
        return all(isinstance(item, dict) for item in [*before, *after])
    return False


def _text(value: Any) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value) and value not in _NOT_BARE:
        return value
    return toml_value(value)
