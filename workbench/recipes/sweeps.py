"""The grid of recipes of the composition study: every pair of distortions, on one of two branches.

Chen et al.: A Simple Framework for Contrastive Learning of Visual Representations (ICML 2020), section 3.1, figure 5.
One branch is left as the identity and the other is distorted, so that what is seen is the distortion's own doing. We
differ in two ways. There, pictures of many sizes make a common random crop necessary before either branch; here all
pictures of a data set have one size, so the identity branch is the whole picture, resized to the view. There, the
encoder is a ResNet-50 on ImageNet; here, it is what the recipe says.

The paper names seven distortions and gives no strengths for this study. Crop and colour are those of its appendix A
at full strength, rotation is by quarter turns as in its figure 4, and the others take their operation's defaults with
p = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import Problem, RecipeError, unknown
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Branch, Choice, Recipe, Views

_KINDS = ("geometry", "colour", "filter", "policy")


@dataclass(frozen=True)
class Distortion:
    """A row and a column of the study: the name to type, the title to read, the operations it stands for."""

    name: str
    title: str
    ops: tuple[Choice, ...]


def _op(id_: str, **settings: Any) -> Choice:
    return Choice(id=id_, **{"p": 1.0, **settings})


PAPER: tuple[Distortion, ...] = (
    Distortion("crop", "Crop", (_op("random_resized_crop", scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3)),)),
    Distortion("cutout", "Cutout", (_op("cutout"),)),
    Distortion(
        "color",
        "Colour",
        (
            _op("colour_jitter", p=0.8, brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2),
            _op("greyscale", p=0.2),
        ),
    ),
    Distortion("sobel", "Sobel", (_op("sobel"),)),
    Distortion("noise", "Noise", (_op("gaussian_noise"),)),
    Distortion("blur", "Blur", (_op("gaussian_blur", sigma=(0.1, 2.0)),)),
    Distortion("rotate", "Rotate", (_op("quarter_turn", turns="random"),)),
)
"""The seven of figure 5, in its order."""


def known_distortions(catalogue: Catalogue) -> tuple[Distortion, ...]:
    """Those of the paper whose operations the catalogue has."""
    return tuple(item for item in PAPER if all(catalogue.has("operation", op.id) for op in item.ops))


def distortion(name: str, catalogue: Catalogue) -> Distortion:
    """One of the paper's by its name, or any view operation by its id, always applied.

    Raises RecipeError that names what there is.
    """
    known = {item.name: item for item in known_distortions(catalogue)}
    if name in known:
        return known[name]
    ids = [entry.id for entry in catalogue.operations if entry.spec.kind in _KINDS]
    if name in ids:
        return Distortion(name, catalogue.get("operation", name).title, (_op(name),))
    raise RecipeError([Problem("--ops", unknown("operation for a study", name, [*known, *ids]))])


def composition(recipe: Recipe, ops: Sequence[Distortion], catalogue: Catalogue) -> Recipe:
    """The recipe with branch A as the picture itself and branch B through these distortions in order.

    Everything but the views' branches stays. Raises RecipeError where the objective cannot learn from such a pair.
    """
    refuse_other_objectives(recipe, catalogue)
    normalise = next(
        (op for branch in recipe.views.branches for op in recipe.views.ops_of(branch) if op.id == "normalize"),
        _op("normalize", statistics="dataset"),
    )
    distorted = tuple(op for item in ops for op in item.ops)
    branches = (Branch(name="A", ops=(normalise,)), Branch(name="B", ops=(*distorted, normalise)))
    views = Views(size=recipe.views.size, strength=recipe.views.strength, branches=branches)
    return build({**recipe.document(), "views": views.model_dump(mode="json")}, catalogue)


def refuse_other_objectives(recipe: Recipe, catalogue: Catalogue) -> None:
    """Raises RecipeError for an objective that does not learn from two views of a sample and nothing else."""
    entry = catalogue.objective(recipe.objective.id)
    needs, reason = entry.spec.needs, ""
    if needs.targets:
        reason = f"it predicts {' and '.join(needs.targets)}, which the plain branch does not make"
    elif needs.labels:
        reason = "it learns from labels"
    elif needs.min_views > 2 or (needs.max_views is not None and needs.max_views < 2):
        count = str(needs.min_views) if needs.min_views == needs.max_views else f"{needs.min_views} or more"
        reason = f"it takes {count} views of a sample" if needs.min_views > 2 else "it takes one view of a sample"
    if reason:
        words = (
            f"The study compares two views of a sample, one plain and one distorted. {entry.title} cannot: {reason}."
        )
        raise RecipeError([Problem("objective.id", f"{words} Choose simclr.")])
