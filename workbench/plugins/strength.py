"""How strong a distortion is: settings moved between what changes nothing and what they state, or beyond it.

A setting that a strength scales names its `neutral` value in its schema (`core.model.setting`). Chen et al. 2020,
appendix A, scale brightness, contrast, saturation and hue together in this way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STEP = 1e-6


def scaled(settings: Mapping[str, Any], schema: Mapping[str, Any], strength: float) -> dict[str, Any]:
    """Settings (`p` and all) of an operation at a strength: 0 is neutral, 1 as stated, 2 twice as far, within bounds.

    Settings on a logarithmic scale move by powers. What names no neutral value stays as it is.
    """
    if strength == 1:
        return dict(settings)
    properties = schema.get("properties", {})
    return {name: _moved(value, properties.get(name, {}), schema, strength) for name, value in settings.items()}


def has_strength(schema: Mapping[str, Any]) -> bool:
    """Whether any setting of an operation can be scaled."""
    return any("neutral" in prop for prop in schema.get("properties", {}).values())


def _moved(value: Any, prop: Mapping[str, Any], schema: Mapping[str, Any], strength: float) -> Any:
    if "neutral" not in prop:
        return value
    neutral, log = prop["neutral"], bool(prop.get("log"))
    if isinstance(value, list | tuple):
        bounds = prop.get("prefixItems") or [prop.get("items", {})] * len(value)
        parts = zip(value, neutral, bounds, strict=True)
        return [_number(one, zero, _resolved(bound, schema), log, strength) for one, zero, bound in parts]
    return _number(value, neutral, prop, log, strength)


def _number(value: Any, neutral: Any, bounds: Mapping[str, Any], log: bool, strength: float) -> Any:
    far = neutral * (value / neutral) ** strength if log else neutral + strength * (value - neutral)
    low = bounds.get("minimum", bounds.get("exclusiveMinimum", float("-inf")) + _STEP)
    high = bounds.get("maximum", bounds.get("exclusiveMaximum", float("inf")) - _STEP)
    far = max(low, min(high, far))
    return round(far) if isinstance(value, int) and isinstance(neutral, int) else far


def _resolved(bound: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = bound.get("$ref")
    found: Mapping[str, Any] = schema.get("$defs", {}).get(reference.rpartition("/")[2], {}) if reference else bound
    return found
