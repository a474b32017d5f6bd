"""Views by themselves, in a TOML file: a `[views]` section as it stands in a recipe, or a whole recipe's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import Problem, RecipeError
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import form_problems
from workbench.recipes.fill import with_sections, with_settings
from workbench.recipes.migrate import migrate
from workbench.recipes.models import Recipe, Views
from workbench.recipes.rules import branch_names_differ, likeness_is_plain
from workbench.recipes.toml_io import read_document


def read_views(source: Path | str, catalogue: Catalogue) -> Views:
    """The views of a TOML file (a Path) or text, every setting stated; whether they suit an objective is not asked.

    Raises RecipeError: no such file, not TOML, no views in it, or every key that is wrong.
    """
    document = read_document(source)
    if "views" not in document:
        where = str(source) if isinstance(source, Path) else "The text"
        raise RecipeError([Problem("views", f"{where} has no section [views].")])
    return views_of_document({"views": document["views"]}, catalogue)


def views_of_document(document: Mapping[str, Any], catalogue: Catalogue) -> Views:
    """The views of a recipe's document; rules between them and other sections are not asked.

    Raises RecipeError with everything wrong with the views, and with nothing else.
    """
    kept = {name: document[name] for name in ("schema", "views", "objective") if name in document}
    found = [problem for problem in form_problems(kept, catalogue) if problem.key.startswith("views")]
    if found:
        raise RecipeError(found)
    alone = {"views": with_sections(migrate(kept), catalogue)["views"]}
    recipe = Recipe.model_validate(with_settings(with_sections(alone, catalogue), catalogue))
    broken = (*branch_names_differ(recipe, catalogue), *likeness_is_plain(recipe, catalogue))
    if broken:
        raise RecipeError(broken)
    return recipe.views
