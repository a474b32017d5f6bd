"""Rules of objectives that read a grid of tiles: the views must be cut, into as many rows as the objective counts."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.core.errors import Problem
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Choice, Recipe
from workbench.recipes.patch_rules import patch_of, view_size

_READERS = ("cpc",)


def grids_agree(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """What reads a grid counts the rows that the views have."""
    if recipe.objective.id not in _READERS:
        return
    title, wanted = catalogue.objective(recipe.objective.id).title, recipe.objective.params.get("rows")
    for number, branch in enumerate(recipe.views.branches):
        grids = [op for op in recipe.views.ops_of(branch) if op.id == "patch_grid"]
        if not grids:
            words = f"{title} reads a grid of tiles, and no operation of branch {branch.name!r} cuts the view."
            yield Problem(f"views.branches.{number}.ops", f"{words} Add patch_grid to it.")
            continue
        made = _rows(grids[0], view_size(recipe, catalogue, branch))
        if made and isinstance(wanted, int) and made != wanted:
            words = f"{title} is set for {wanted} rows of tiles, and the views of branch {branch.name!r} have {made}."
            yield Problem("objective.rows", f"{words} Set this to {made}, or change patch_grid.")


def tiles_are_whole_patches(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """A backbone made of patches takes tiles that can be cut into them."""
    patch = patch_of(recipe, catalogue)
    for number, branch in enumerate(recipe.views.branches):
        for position, op in enumerate(branch.ops):
            side = op.params.get("patch")
            if op.id == "patch_grid" and patch and isinstance(side, int) and side % patch:
                title = catalogue.get("backbone", recipe.backbone.id).title
                words = f"{title} cannot cut tiles of {side} px into patches of {patch} px."
                key = f"views.branches.{number}.ops.{position}.patch"
                yield Problem(key, f"{words} Make this a multiple of {patch}, or change backbone.patch.")


GRID_RULES = (grids_agree, tiles_are_whole_patches)


def _rows(grid: Choice, size: int) -> int:
    """Rows of tiles that `patch_grid` cuts a view of this side into; 0 where that is not known."""
    patch, overlap = grid.params.get("patch"), grid.params.get("overlap")
    if not size or not isinstance(patch, int) or not isinstance(overlap, int | float):
        return 0
    return (size - patch) // max(1, round(patch * (1 - overlap))) + 1
