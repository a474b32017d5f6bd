"""The base of every configuration, and the one way to declare a setting.

A setting's title, description, unit and bounds are written once, here they become JSON Schema, and from that schema
come the forms of the window, the checks of both front ends and the documentation.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Frozen, forbids unknown keys, and changes only by a validating `replace`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, validated as a whole."""
        return type(self).model_validate({**self.model_dump(), **changes})


def setting(
    default: Any,
    title: str,
    description: str,
    *,
    unit: str = "",
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    log: bool = False,
    advanced: bool = False,
    widget: str = "",
    neutral: Any = None,
    **more: Any,
) -> Any:
    """A field with everything that a form, a check and a reader need.

    Parameters
    ----------
    default : the value used when the recipe is silent; `...` when it must be given
    title, description : a few words, and a sentence, for the form and its help
    unit : shown behind the field ("px", "epochs", "s")
    ge, gt, le, lt : bounds
    log : the value is best moved on a logarithmic scale (learning rates)
    advanced : hidden behind "More" in forms
    widget : what edits it where the type does not tell: "path", "folder", "range", "column", "groups"
    neutral : the value that changes nothing, towards which a lower strength moves this setting (`plugins.strength`)
    """
    extra: dict[str, Any] = {"unit": unit, "log": log, "advanced": advanced, "widget": widget}
    shown = {key: value for key, value in extra.items() if value}
    if neutral is not None:
        shown["neutral"] = neutral
    bounds: dict[str, Any] = {"ge": ge, "gt": gt, "le": le, "lt": lt, **more}
    return Field(default, title=title, description=description, json_schema_extra=shown or None, **bounds)
