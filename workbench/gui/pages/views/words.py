"""What the Views page reads out of the recipe's views. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.app.editor import RecipeEditor
from workbench.plugins.catalogue import Catalogue

_UNRENDERABLE = re.compile(r"views\.(size|branches\.\d+\.(count|ops\.\d+(\.|$)))")
Document = Mapping[str, Any]


def branches_of(editor: RecipeEditor) -> list[dict[str, Any]]:
    """The branches as the document states them; where it is silent, as the checked recipe has them."""
    stated = editor.value("views.branches")
    if isinstance(stated, list):
        return stated
    return editor.recipe.document()["views"]["branches"] if editor.recipe is not None else []


def views_of(editor: RecipeEditor) -> dict[str, Any]:
    """The views section with its branches."""
    return {"size": 0, **(editor.value("views") or {}), "branches": branches_of(editor)}


def can_render(editor: RecipeEditor) -> bool:
    """Whether the views as they stand can be drawn; rules about the objective do not hinder that."""
    return bool(branches_of(editor)) and not any(_UNRENDERABLE.match(problem.key) for problem in editor.problems)


def preset_of(editor: RecipeEditor) -> tuple[str, bool]:
    """The preset that the views came from ("" for none), and whether they were changed since."""
    name = str(editor.value("views.preset") or "")
    preset = editor.catalogue.view_presets.get(name)
    if preset is None:
        return "", False
    return name, _stated(branches_of(editor), editor.catalogue) != _stated(preset["branches"], editor.catalogue)


def _stated(branches: Sequence[Document], catalogue: Catalogue) -> list[Any]:
    """The branches with every default written out, so that silence and a stated default are the same."""
    return [
        (branch.get("name", "A"), branch.get("count", 1), [_full(op, catalogue) for op in branch.get("ops", ())])
        for branch in branches
    ]


def _full(op: Document, catalogue: Catalogue) -> dict[str, Any]:
    id_ = str(op.get("id", ""))
    defaults = catalogue.get("operation", id_).defaults() if catalogue.has("operation", id_) else {}
    return {**defaults, **op}


def view_titles(branches: Sequence[Document]) -> list[str]:
    """A heading for each view: `View 1`, `A 1` where there are several branches, `90°` where the turn is fixed."""
    several = len(branches) > 1
    titles = []
    for branch in branches:
        for number in range(int(branch.get("count", 1))):
            turn = _turn(branch, number)
            name = f"{branch.get('name', '')} " if several else "" if turn else "View "
            titles.append(name + (turn or str(number + 1)))
    return titles


def _turn(branch: Document, number: int) -> str:
    turns = [op for op in branch.get("ops", ()) if op.get("id") == "quarter_turn" and op.get("turns") == "each"]
    return f"{number % 4 * 90}°" if len(turns) == 1 and turns[0].get("p", 1) == 1 else ""


def op_summary(op: Document, schema: Document) -> str:
    """`p 0.8  ·  hue 0.1`: the settings of a folded card."""
    parts = []
    for name, prop in schema.get("properties", {}).items():
        value = op.get(name, prop.get("default"))
        if prop.get("advanced") or value is None:
            continue
        shown = " to ".join(f"{part:.3g}" for part in value) if isinstance(value, list) else _plain(value)
        parts.append(f"{'p' if name == 'p' else str(prop.get('title', name)).lower()} {shown}")
    return "  ·  ".join(parts)


def _plain(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
