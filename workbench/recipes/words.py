"""What is wrong with a value, in the words that the command line prints and the window shows at the field.

The checks are JSON Schema's; the sentences are made here, from the bounds, units and choices that `core.model.setting`
put into the schema.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from workbench.core.errors import Problem, nearest

Schema = Mapping[str, Any]

_NOUNS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "empty",
}
_BOUNDS = (
    ("minimum", "at least"),
    ("exclusiveMinimum", "greater than"),
    ("maximum", "at most"),
    ("exclusiveMaximum", "less than"),
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def check_value(schema_property: Schema, value: Any) -> str | None:
    """What is wrong with one field's value, or None.

    Parameters
    ----------
    schema_property : the field's own JSON Schema, without references to other definitions
    """
    problems = schema_problems(schema_property, value, "")
    return problems[0].message if problems else None


def schema_problems(schema: Schema, value: Any, prefix: str) -> list[Problem]:
    """Everything wrong with `value`, each under its dotted key below `prefix`."""
    endless = list(_not_finite(value, prefix))
    errors = Draft202012Validator(dict(schema)).iter_errors(value)
    found = [problem for error in errors for problem in _problems(_Fault.of(error), prefix)]
    told = {problem.key for problem in endless}
    faulty = [problem for problem in found if problem.key not in told]
    return [*endless, *faulty, *_turned_ranges(schema, value, prefix)]


def join(*parts: str | int) -> str:
    """A dotted key from its parts; empty ones are left out."""
    return ".".join(str(part) for part in parts if part != "")


def shown(value: Any) -> str:
    """A value as TOML would have it, at most 60 characters."""
    match value:
        case bool():
            return str(value).lower()
        case Mapping():
            return "a table"
        case list() | tuple():
            text = f"[{', '.join(shown(item) for item in value)}]"
        case None:
            return "nothing"
        case _:
            text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def bounds(schema: Schema) -> str:
    """The bounds of a number in words: 'at least 1 and at most 1024 px'; empty where there are none."""
    parts = [f"{words} {_number(schema[key])}" for key, words in _BOUNDS if key in schema]
    unit = f" {schema['unit']}" if schema.get("unit") else ""
    return " and ".join(parts) + unit if parts else ""


def allowed(schema: Schema) -> str:
    """What a value may be: 'a whole number, at least 1 px', 'one of cosine, constant', 'true or false'."""
    if "enum" in schema:
        return f"one of {', '.join(str(choice) for choice in schema['enum'])}"
    if "const" in schema:
        return shown(schema["const"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(allowed(part) for part in schema["anyOf"]))
    noun = _NOUNS.get(schema.get("type", ""), "a table")
    limits = bounds(schema)
    return f"{noun}, {limits}" if limits else noun


def no_such(name: str, known: Sequence[str]) -> str:
    """The sentence for a setting that does not exist."""
    if not known:
        return "there is no such setting; nothing can be set here."
    guess = nearest(name, known)
    meant = f" Did you mean {guess!r}?" if guess else ""
    return f"there is no such setting.{meant} Known: {', '.join(known)}."


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _not_finite(value: Any, key: str) -> Iterator[Problem]:
    """JSON has no NaN and no infinity, so JSON Schema lets them through every bound."""
    if isinstance(value, Mapping):
        for name, content in value.items():
            yield from _not_finite(content, join(key, name))
    elif isinstance(value, list | tuple):
        for position, content in enumerate(value):
            yield from _not_finite(content, join(key, position) if isinstance(content, Mapping) else key)
    elif isinstance(value, float | int) and not _is_finite(value):
        yield Problem(key, f"{shown(value)} is not a finite number.")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@dataclass(frozen=True)
class _Fault:
    """One failed keyword: jsonschema types these fields as possibly unset, which they are not in a found error."""

    keyword: str
    schema: Schema
    value: Any
    path: tuple[str | int, ...]
    children: tuple[ValidationError, ...]

    @classmethod
    def of(cls, error: ValidationError) -> _Fault:
        found: Any = error
        return cls(found.validator, found.schema, found.instance, tuple(found.absolute_path), tuple(found.context))


def _problems(fault: _Fault, prefix: str) -> Iterator[Problem]:
    key = join(prefix, *fault.path)
    properties: Schema = fault.schema.get("properties", {})
    if fault.keyword == "additionalProperties":
        for name in fault.value:
            if name not in properties:
                yield Problem(join(key, name), no_such(name, list(properties)))
    elif fault.keyword == "required":
        for name in fault.schema["required"]:
            if name not in fault.value:
                yield Problem(join(key, name), f"it is missing: it must be {allowed(properties[name])}.")
    elif fault.path and isinstance(fault.path[-1], int) and not isinstance(fault.value, Mapping):
        subject = f"the {_ordinal(fault.path[-1])} value, {shown(fault.value)},"
        yield Problem(join(prefix, *fault.path[:-1]), _sentence(fault, subject))
    else:
        yield Problem(key, _sentence(fault, shown(fault.value)))


def _ordinal(position: int) -> str:
    return _ORDINALS[position] if position < len(_ORDINALS) else f"{position + 1}th"


def _sentence(fault: _Fault, subject: str) -> str:
    schema = fault.schema
    match fault.keyword:
        case "anyOf":
            return _alternatives(fault, subject)
        case "type":
            return _wrong_type(schema, subject)
        case "minimum" | "exclusiveMinimum":
            return f"{subject} is too small: it must be {bounds(schema)}."
        case "maximum" | "exclusiveMaximum":
            return f"{subject} is too large: it must be {bounds(schema)}."
        case "enum":
            return _not_a_choice(schema["enum"], fault.value, subject)
        case "minItems" | "maxItems":
            return f"{subject} has {len(fault.value)} values: it must have {_span(schema, 'Items')}."
        case "minLength" | "maxLength":
            return f"{subject} has {len(fault.value)} characters: it must have {_span(schema, 'Length')}."
    return f"{subject} is not allowed: it must be {allowed(schema)}."


def _wrong_type(schema: Schema, subject: str) -> str:
    if schema["type"] == "boolean":
        return f"{subject} is not allowed: it must be true or false."
    limits = bounds(schema)
    end = f": it must be {limits}." if limits else "."
    return f"{subject} is not {_NOUNS[schema['type']]}{end}"


def _not_a_choice(choices: Sequence[Any], value: Any, subject: str) -> str:
    names = [str(choice) for choice in choices]
    guess = nearest(value, names) if isinstance(value, str) else None
    meant = f" Did you mean {guess!r}?" if guess else ""
    return f"{subject} is not one of the choices.{meant} Known: {', '.join(names)}."


def _span(schema: Schema, what: str) -> str:
    low, high = schema.get(f"min{what}", 0), schema.get(f"max{what}")
    if high is None:
        return f"at least {low}"
    return f"exactly {low}" if low == high else f"between {low} and {high}"


def _alternatives(fault: _Fault, subject: str) -> str:
    """An optional setting is told as its one real alternative; anything else lists what there is."""
    real = [(number, part) for number, part in enumerate(fault.schema["anyOf"]) if part.get("type") != "null"]
    if len(real) == 1:
        number, part = real[0]
        for child in fault.children:
            if child.relative_schema_path[0] == number and not child.relative_path:
                inner = {**part, "unit": fault.schema.get("unit", "")}
                return _sentence(replace(_Fault.of(child), schema=inner), subject)
    return f"{subject} is not allowed: it must be {allowed(fault.schema)}."


def _turned_ranges(schema: Schema, value: Any, prefix: str) -> Iterator[Problem]:
    if schema.get("widget") == "range" and _is_pair(value) and value[0] > value[1]:
        words = f"the low end {shown(value[0])} is above the high end {shown(value[1])}: write the smaller one first."
        yield Problem(prefix, words)
    if isinstance(value, Mapping):
        for name, part in schema.get("properties", {}).items():
            if name in value:
                yield from _turned_ranges(part, value[name], join(prefix, name))


def _is_pair(value: Any) -> bool:
    numbers = isinstance(value, list | tuple) and all(
        isinstance(end, int | float) and not isinstance(end, bool) for end in value
    )
    return numbers and len(value) == 2
