"""Rules of objectives that hide patches: what the encoder's patches, the views and the mask must have in common."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.core.errors import Problem
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Branch, Recipe


def patches_can_be_hidden(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """Hiding patches takes a backbone that can do without some of them."""
    objective, backbone = catalogue.objective(recipe.objective.id), catalogue.get("backbone", recipe.backbone.id).spec
    if objective.spec.needs.patches and backbone.tokens and not backbone.patches:
        able = ", ".join(entry.id for entry in catalogue.backbones if entry.spec.patches) or "none"
        words = f"{objective.title} hides patches from the backbone, and {backbone.title} takes whole pictures only."
        yield Problem("backbone.id", f"{words} Backbones that can do without some: {able}.")


def patches_divide_the_views(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """A backbone made of patches takes views that can be cut into them."""
    patch = patch_of(recipe, catalogue)
    asked = view_size(recipe, catalogue)
    for size in sorted({branch.size or asked for branch in recipe.views.branches} | {asked}):
        if patch and size % patch:
            title = catalogue.get("backbone", recipe.backbone.id).title
            words = f"{title} cannot cut views of {size} px into patches of {patch} px; choose a divisor of {size}."
            yield Problem("backbone.patch", words)


def masks_fit_the_patches(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """What a mask hides is a number of whole patches of the backbone."""
    patch, needs = patch_of(recipe, catalogue), catalogue.objective(recipe.objective.id).spec.needs
    if not patch or not needs.patches:
        return
    for key, side, _size in _masks(recipe, catalogue):
        if side % patch:
            words = f"The mask hides patches of {side} px, which are not whole patches of the backbone ({patch} px)."
            yield Problem(key, f"{words} Make this a multiple of {patch}, or change backbone.patch.")


def masks_divide_the_views(recipe: Recipe, catalogue: Catalogue) -> Iterator[Problem]:
    """A view is a number of whole patches of its mask."""
    for key, side, size in _masks(recipe, catalogue):
        if size % side:
            words = f"Views of {size} px cannot be cut into patches of {side} px; choose a divisor of {size}."
            yield Problem(key, words)


def _masks(recipe: Recipe, catalogue: Catalogue) -> Iterator[tuple[str, int, int]]:
    """Of every operation that hides patches the key of their side, the side, and that of the view (0: not known)."""
    for number, branch in enumerate(recipe.views.branches):
        for position, op in enumerate(branch.ops):
            side = op.params.get("patch")
            if "mask" in catalogue.get("operation", op.id).spec.targets and isinstance(side, int):
                key = f"views.branches.{number}.ops.{position}.patch"
                yield key, side, view_size(recipe, catalogue, branch)


def view_size(recipe: Recipe, catalogue: Catalogue, branch: Branch | None = None) -> int:
    """Side of the views of a branch, or of the pipeline, px; 0 where it is the data's and these are not read yet."""
    own = branch.size if branch is not None else 0
    return own or recipe.views.size or catalogue.get("dataset", recipe.data.id).spec.size_px


def patch_of(recipe: Recipe, catalogue: Catalogue) -> int:
    """Side of the backbone's patches, px; 0 where it has none that a recipe sets."""
    patch = recipe.backbone.params.get("patch")
    known = catalogue.get("backbone", recipe.backbone.id).spec.patches
    return patch if known and isinstance(patch, int) else 0
