"""Rules of puzzles: objective and views must speak of the same tiles, and tiles must be large enough to be read."""

from __future__ import annotations

import math
from collections.abc import Iterator

from workbench.core.errors import Problem
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Branch, Choice, Recipe
from workbench.recipes.patch_rules import patch_of, view_size

LEAST_TILE_PX = 4
"""Smaller tiles show next to nothing, and a backbone that halves its maps three times has nothing left of them."""
_SOLVERS = ("jigsaw", "pirl")
_ROWS_OF_POSITIONS = 3


def puzzles_agree(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """An objective whose heads count tiles or orders must count those that the views make."""
    if recipe.objective.id not in _SOLVERS:
        return
    title = catalogue.objective(recipe.objective.id).title
    for branch in recipe.views.branches:
        for op in (op for op in recipe.views.ops_of(branch) if op.id == "jigsaw"):
            for name in ("rows", "permutations"):
                mine, theirs = recipe.objective.params.get(name), op.params.get(name)
                if mine is not None and mine != theirs:
                    words = f"{title} is set for {mine} {name}, and the jigsaw of branch {branch.name!r} has {theirs}."
                    yield Problem(f"objective.{name}", f"{words} Give both the same number.")


def orders_exist(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """Few tiles have few orders."""
    for number, branch in enumerate(recipe.views.branches):
        for position, op in enumerate(branch.ops):
            if op.id != "jigsaw":
                continue
            tiles, wanted = _number(op, "rows") ** 2, _number(op, "permutations")
            if wanted > math.factorial(tiles):
                words = f"{wanted} are too many: {tiles} tiles have {math.factorial(tiles)} orders."
                way_out = "Lower this and objective.permutations, or make the grid finer."
                yield Problem(f"views.branches.{number}.ops.{position}.permutations", f"{words} {way_out}")


def tiles_can_be_read(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """Tiles of a puzzle have a least side, and are whole patches where the backbone is made of patches."""
    patch = patch_of(recipe, catalogue)
    for number, branch in enumerate(recipe.views.branches):
        size = view_size(recipe, catalogue, branch)
        for position, op in enumerate(recipe.views.ops_of(branch)):
            rows = _rows(op)
            if not size or not rows:
                continue
            key = f"views.branches.{_owner(recipe, branch, number)}.ops.{position}.gap"
            side = size // rows - _number(op, "gap")
            if side < LEAST_TILE_PX:
                yield Problem(key, _too_small(rows, size, _number(op, "gap"), side))
            elif patch and side % patch:
                yield Problem(key, _cut_through(catalogue.get("backbone", recipe.backbone.id).title, side, patch))


def the_copy_is_transformed(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """PIRL compares a picture, its first branch, with what the second branch makes of it."""
    if recipe.objective.id != "pirl" or recipe.views.count != 2:
        return
    if len(recipe.views.branches) != 2:
        yield Problem("views.branches", "PIRL takes two branches of one view each: the picture, and its copy.")
        return
    picture, copy = recipe.views.branches
    posed = _tasks(recipe, picture, catalogue)
    if posed:
        words = f"PIRL's first branch is the picture as it is, but {picture.name!r} has {posed[0]}."
        yield Problem("views.branches.0.ops", f"{words} Move it to the second branch.")
    wanted = recipe.objective.params.get("transform")
    maker = "quarter_turn" if wanted == "rotation" else "jigsaw"
    posed = _tasks(recipe, copy, catalogue)
    if posed != [maker]:
        words = f"PIRL with objective.transform = {wanted!r} needs {maker} in its second branch, and no other task"
        has = f"{copy.name!r} has {', '.join(posed) or 'none'}"
        yield Problem("views.branches.1.ops", f"{words}; {has}. Change the branch, or objective.transform.")


TILE_RULES = (puzzles_agree, orders_exist, tiles_can_be_read, the_copy_is_transformed)


def _tasks(recipe: Recipe, branch: Branch, catalogue: Catalogue) -> list[str]:
    """The operations of a branch that pose a task."""
    return [op.id for op in recipe.views.ops_of(branch) if catalogue.get("operation", op.id).spec.kind == "task"]


def _rows(op: Choice) -> int:
    """Cells a side of the puzzle that an operation makes, 0 where it makes none."""
    if op.id == "relative_position":
        return _ROWS_OF_POSITIONS
    return _number(op, "rows") if op.id == "jigsaw" else 0


def _number(op: Choice, name: str) -> int:
    value = op.params.get(name)
    return value if isinstance(value, int) else 0


def _owner(recipe: Recipe, branch: Branch, number: int) -> int:
    """Which branch holds the operations of this one."""
    names = [other.name for other in recipe.views.branches]
    return names.index(branch.like) if branch.like in names else number


def _too_small(rows: int, size: int, gap: int, side: int) -> str:
    cells = f"{rows} x {rows} cells of a view of {size} px with a gap of {gap} px"
    left = f"leave tiles of {side} px" if side > 0 else "leave no tiles"
    way_out = "Make the gap or the rows smaller, or views.size larger."
    return f"{cells} {left}; at least {LEAST_TILE_PX} px are needed. {way_out}"


def _cut_through(title: str, side: int, patch: int) -> str:
    wider = f"Make the gap {side % patch} px wider" if side > patch else "Make the views larger"
    return f"{title} cannot cut tiles of {side} px into patches of {patch} px. {wider}, or change backbone.patch."
