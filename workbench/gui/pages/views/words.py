"""What the Views page reads out of the recipe's views. No Qt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.app.editor import RecipeEditor
from workbench.app.view_presets import SavedViews, same_views
from workbench.plugins.strength import has_strength, scaled

_UNRENDERABLE = re.compile(r"views\.(size|strength|branches\.\d+\.(name|count|size|like|ops\.\d+(\.|$)))")
Document = Mapping[str, Any]


def branches_of(editor: RecipeEditor) -> list[dict[str, Any]]:
    """The branches as the document states them; where it is silent, as the checked recipe has them.

    None where they are no tables with lists of tables in them.
    """
    stated = editor.value("views.branches")
    if isinstance(stated, list):
        return stated if all(_is_branch(branch) for branch in stated) else []
    return editor.recipe.document()["views"]["branches"] if editor.recipe is not None else []


def _is_branch(branch: Any) -> bool:
    ops = branch.get("ops", []) if isinstance(branch, dict) else None
    return isinstance(ops, list) and all(isinstance(op, dict) for op in ops)


def views_of(editor: RecipeEditor) -> dict[str, Any]:
    """The views section with its branches."""
    return {"size": 0, **(editor.value("views") or {}), "branches": branches_of(editor)}


def ops_of(branches: Sequence[Document], branch: Document) -> list[Document]:
    """A branch's operations: its own, or those of the branch that it is like."""
    like = branch.get("like", "")
    model = next((other for other in branches if like and other.get("name", "A") == like), None) if like else branch
    return list(model.get("ops", ())) if model is not None else []


def can_render(editor: RecipeEditor) -> bool:
    """Whether the views as they stand can be drawn; rules about the objective do not hinder that."""
    return bool(branches_of(editor)) and not any(_UNRENDERABLE.match(problem.key) for problem in editor.problems)


def preset_of(editor: RecipeEditor, saved: Iterable[SavedViews] = ()) -> tuple[str, bool]:
    """The preset, shipped or saved, that the views came from ("" for none), and whether they were changed since."""
    name = str(editor.value("views.preset") or "")
    own = next((one.views for one in saved if one.name == name), None)
    preset = editor.catalogue.view_presets.get(name) or (own.model_dump(mode="json") if own is not None else None)
    if preset is None:
        return "", False
    return name, not same_views(views_of(editor), preset, editor.catalogue)


def view_titles(branches: Sequence[Document]) -> list[str]:
    """A heading for each view: `View 1`, `A 1` where there are several branches, `90°` where the turn is fixed."""
    several = len(branches) > 1
    titles = []
    for branch in branches:
        turns = _all_turns(ops_of(branches, branch))
        for number in range(int(branch.get("count", 1))):
            turn = f"{number % 4 * 90}°" if turns else ""
            name = f"{branch.get('name', 'A')} " if several else "" if turn else "View "
            titles.append(name + (turn or str(number + 1)))
    return titles


def _all_turns(ops: Sequence[Document]) -> bool:
    turns = [op for op in ops if op.get("id") == "quarter_turn" and op.get("turns") == "each"]
    return len(turns) == 1 and turns[0].get("p", 1) == 1


def op_summary(op: Document, schema: Document) -> str:
    """`p 0.8  ·  hue 0.1`: the settings of a folded card."""
    parts = []
    for name, prop in schema.get("properties", {}).items():
        value = op.get(name, prop.get("default"))
        if not prop.get("advanced") and value is not None:
            parts.append(f"{_short(name, prop)} {_plain(value)}")
    return "  ·  ".join(parts)


def strength_words(op: Document, schema: Document, strength: float) -> str:
    """`at 0.5:  hue 0.05`: what a strength makes of the settings that it scales; "" where it changes none."""
    properties = schema.get("properties", {})
    stated = {name: op.get(name, prop.get("default")) for name, prop in properties.items()}
    known = {name: value for name, value in stated.items() if value is not None}
    try:
        effective = scaled(known, schema, strength)
    except (TypeError, ValueError, ArithmeticError):
        return ""  # a setting is wrong; its field says so
    parts = [
        f"{_short(name, properties[name])} {_plain(effective[name])}"
        for name in known
        if "neutral" in properties[name] and _plain(effective[name]) != _plain(known[name])
    ]
    return f"at {strength:g}:  {'  ·  '.join(parts)}" if parts else ""


def scaled_words(ops: Iterable[Document], editor: RecipeEditor) -> str:
    """What the strength scales in these operations, in one sentence."""
    catalogue = editor.catalogue
    ids = dict.fromkeys(str(op.get("id", "")) for op in ops)
    entries = [catalogue.get("operation", id_) for id_ in ids if catalogue.has("operation", id_)]
    titles = [entry.title for entry in entries if has_strength(entry.schema_)]
    if not titles:
        return "No operation of this pipeline has a strength."
    return f"Scales {', '.join(title[:1].lower() + title[1:] for title in titles)}."


def cost_text(us_per_image: float) -> str:
    """`12 µs`, `1.3 ms`."""
    if us_per_image >= 1000:
        return f"{us_per_image / 1000:.1f} ms"
    return f"{us_per_image:.0f} µs" if us_per_image >= 10 else f"{us_per_image:.1f} µs"


def _short(name: str, prop: Document) -> str:
    return "p" if name == "p" else str(prop.get("title", name)).lower()


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        joint = " to " if len(value) == 2 else ", "
        return joint.join(_plain(part) for part in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
