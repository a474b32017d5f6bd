"""From a recipe's backbone section to an encoder."""

from __future__ import annotations

from workbench.models.base import Backbone
from workbench.models.configure import chosen, configured
from workbench.models.table import BACKBONES
from workbench.recipes.models import Choice


def build_backbone(choice: Choice, image_size: int) -> Backbone:
    """The encoder that a recipe names, with random weights from the global generator.

    Parameters
    ----------
    choice : the recipe's `backbone` section
    image_size : side of the views it will see, px

    Raises
    ------
    RecipeError
        At `backbone.<key>`, for an unknown id, a wrong setting, or a model that cannot take views of this size.
    """
    backbone = chosen("backbone", choice, {entry.spec.id: entry for entry in BACKBONES})
    return backbone(configured("backbone", choice, backbone.Config), image_size)
