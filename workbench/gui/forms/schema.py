"""What a form needs to know of a setting, read from its JSON Schema as pydantic writes it. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Kind = Literal["integer", "number", "boolean", "text", "choice", "range", "numbers", "texts", "path", "folder", "json"]


@dataclass(frozen=True)
class FieldSpec:
    """One setting.

    lower, upper : bounds in the setting's unit, None where there is none; *_open when the bound itself is not allowed
    choices : allowed values, for kind "choice"
    count : how many numbers a "numbers" field takes; 0 for any
    nullable : whether "nothing" is a value
    """

    name: str
    kind: Kind
    title: str
    description: str = ""
    unit: str = ""
    lower: float | None = None
    upper: float | None = None
    lower_open: bool = False
    upper_open: bool = False
    integral: bool = False
    choices: tuple[Any, ...] = ()
    count: int = 0
    log: bool = False
    advanced: bool = False
    nullable: bool = False
    has_default: bool = False
    default: Any = None

    @property
    def bounded(self) -> bool:
        """Whether there are both bounds, so that a slider makes sense."""
        return self.lower is not None and self.upper is not None and self.lower < self.upper


def read_fields(schema: Mapping[str, Any], order: Iterable[str] | None = None) -> list[FieldSpec]:
    """The settings of an object schema; those named in `order` come first, in that order."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    first = [name for name in order or () if name in properties]
    names = first + [name for name in properties if name not in first]
    definitions = schema.get("$defs", {})
    return [read_field(name, properties[name], definitions) for name in names]


def read_field(name: str, prop: Mapping[str, Any], definitions: Mapping[str, Any]) -> FieldSpec:
    """One setting from its property; a shape that no editor knows becomes kind "json"."""
    flat, nullable = _flatten(prop, definitions)
    spec = FieldSpec(
        name=name,
        kind="json",
        title=str(prop.get("title", name.replace("_", " ").capitalize())),
        description=str(prop.get("description", "")),
        unit=str(prop.get("unit", "")),
        log=bool(prop.get("log", False)),
        advanced=bool(prop.get("advanced", False)),
        nullable=nullable,
        has_default="default" in prop,
        default=prop.get("default"),
    )
    return _with_bounds(_with_kind(spec, flat, str(prop.get("widget", ""))), flat)


def _flatten(prop: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The property with `$ref`, one-armed `allOf` and `anyOf [..., null]` taken away, and whether null was allowed."""
    flat = dict(prop)
    if "$ref" in flat:
        target = definitions.get(str(flat.pop("$ref")).rsplit("/", 1)[-1], {})
        flat = {**target, **flat}
    if len(flat.get("allOf", ())) == 1:
        inner, nullable = _flatten(flat.pop("allOf")[0], definitions)
        return {**inner, **flat}, nullable
    if "anyOf" not in flat:
        return flat, False
    arms = flat.pop("anyOf")
    solid = [arm for arm in arms if arm.get("type") != "null"]
    if solid and all("const" in arm or "enum" in arm for arm in solid):
        flat["enum"] = [value for arm in solid for value in arm.get("enum", [arm.get("const")])]
    elif len(solid) == 1 or {arm.get("type") for arm in solid} == {"integer", "number"}:
        flat = {**_flatten(solid[-1], definitions)[0], **flat}
    return flat, len(solid) < len(arms)


def _with_kind(spec: FieldSpec, flat: Mapping[str, Any], widget: str) -> FieldSpec:
    if "enum" in flat or "const" in flat:
        return replace(spec, kind="choice", choices=tuple(flat.get("enum", [flat.get("const")])))
    match flat.get("type"):
        case "boolean":
            return replace(spec, kind="boolean")
        case "integer":
            return replace(spec, kind="integer", integral=True)
        case "number":
            return replace(spec, kind="number")
        case "string":
            if widget in ("path", "folder"):
                return replace(spec, kind="path" if widget == "path" else "folder")
            return replace(spec, kind="text")
        case "array":
            return _array(spec, flat, widget)
    return spec


def _array(spec: FieldSpec, flat: Mapping[str, Any], widget: str) -> FieldSpec:
    items = list(flat.get("prefixItems", ())) or [flat.get("items") or {}]
    types = {item.get("type") for item in items if isinstance(item, Mapping)}
    size = flat.get("maxItems", 0) if flat.get("maxItems") == flat.get("minItems") else 0
    if types <= {"integer", "number"} and types:
        spec = replace(spec, integral=types == {"integer"}, count=size)
        return replace(spec, kind="range" if widget == "range" and size == 2 else "numbers")
    return replace(spec, kind="texts") if types == {"string"} else spec


def _with_bounds(spec: FieldSpec, flat: Mapping[str, Any]) -> FieldSpec:
    """Bounds stand at the setting itself, or at the items of an array."""
    source: Mapping[str, Any] = flat
    if spec.kind in ("range", "numbers"):
        first = (list(flat.get("prefixItems", ())) or [flat.get("items") or {}])[0]
        bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        source = {**first, **{key: flat[key] for key in bounds if key in flat}}
    return replace(
        spec,
        lower=source.get("minimum", source.get("exclusiveMinimum")),
        lower_open="minimum" not in source,
        upper=source.get("maximum", source.get("exclusiveMaximum")),
        upper_open="maximum" not in source,
    )
