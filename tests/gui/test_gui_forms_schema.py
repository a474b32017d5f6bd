"""Settings read from JSON Schema, and the arithmetic of sliders and steps."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from workbench.core.model import Model, setting
from workbench.gui.forms.scale import Scale, number_text, parse_number, scale_of, stepped
from workbench.gui.forms.schema import FieldSpec, read_fields
from workbench.recipes.models import Hardware, Recipe, Schedule


class Shape(Enum):
    ROUND = "round"
    SQUARE = "square"


class Inner(Model):
    depth: int = 1


Unit = Annotated[float, Field(ge=0, le=1)]


class Everything(Model):
    temperature: float = setting(0.2, "Temperature", "softness", gt=0, le=10, log=True)
    width: int = setting(512, "Width", "hidden width", unit="units", ge=1, le=4096, advanced=True)
    limit: int | None = setting(None, "Limit", "at most")
    either: int | float = setting(1, "Either", "a number")
    shape: Shape = setting(Shape.ROUND, "Shape", "which")
    maybe: Literal["a", "b"] | None = setting(None, "Maybe", "one or none")
    only: Literal["x"] = setting("x", "Only", "one choice")
    mixed: Literal["all"] | Literal[1, 2] = setting("all", "Mixed", "several")
    scale: tuple[Unit, Unit] = setting((0.2, 1.0), "Scale", "area", widget="range")
    sizes: tuple[int, ...] = setting((1, 2), "Sizes", "some")
    mean: tuple[float, float, float] = setting((0.5, 0.5, 0.5), "Mean", "each channel")
    names: tuple[str, ...] = setting((), "Names", "some")
    root: str = setting("", "Root", "where", widget="folder")
    flag: bool = setting(True, "Flag", "whether")
    inner: Inner = setting(Inner(), "Inner", "nested")


@pytest.fixture(scope="module")
def everything() -> dict[str, FieldSpec]:
    return {spec.name: spec for spec in read_fields(Everything.model_json_schema())}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("temperature", "number"),
        ("width", "integer"),
        ("limit", "integer"),
        ("either", "number"),
        ("shape", "choice"),
        ("maybe", "choice"),
        ("only", "choice"),
        ("mixed", "choice"),
        ("scale", "range"),
        ("sizes", "numbers"),
        ("mean", "numbers"),
        ("names", "texts"),
        ("root", "folder"),
        ("flag", "boolean"),
        ("inner", "json"),
    ],
)
def test_each_type_gets_its_kind_of_editor(everything, name, kind):
    assert everything[name].kind == kind


def test_bounds_units_and_flags_are_read(everything):
    spec = everything["temperature"]
    assert (spec.lower, spec.upper, spec.lower_open, spec.upper_open, spec.log) == (0, 10, True, False, True)
    assert everything["width"].unit == "units"
    assert everything["width"].advanced
    assert not everything["limit"].bounded


def test_null_is_allowed_only_where_the_type_says_so(everything):
    assert {name for name, spec in everything.items() if spec.nullable} == {"limit", "maybe"}


def test_choices_come_from_enums_literals_and_unions_of_them(everything):
    assert everything["shape"].choices == ("round", "square")
    assert everything["maybe"].choices == ("a", "b")
    assert everything["only"].choices == ("x",)
    assert everything["mixed"].choices == ("all", 1, 2)


def test_a_range_takes_its_bounds_from_its_items(everything):
    assert (everything["scale"].lower, everything["scale"].upper) == (0, 1)
    assert everything["mean"].count == 3


def test_named_settings_come_first_and_no_setting_is_lost():
    schema = Everything.model_json_schema()
    names = [spec.name for spec in read_fields(schema, ["flag", "unknown", "root"])]
    assert names[:2] == ["flag", "root"]
    assert sorted(names) == sorted(schema["properties"])


@pytest.mark.parametrize("model", [Schedule, Hardware])
def test_recipe_sections_have_an_editor_for_every_setting(model):
    assert all(spec.kind != "json" for spec in read_fields(model.model_json_schema()))


def test_the_seed_of_a_recipe_has_both_bounds():
    seed = next(spec for spec in read_fields(Recipe.model_json_schema()) if spec.name == "seed")
    assert (seed.lower, seed.upper, seed.upper_open) == (0, 2**31, True)


def number(**facts: Any) -> FieldSpec:
    return FieldSpec(name="x", kind="number", title="X", **facts)


@given(share=st.floats(0, 1), log=st.booleans(), lower=st.floats(1e-5, 1), span=st.floats(0.5, 1e4))
def test_a_slider_never_leaves_its_ends_and_finds_its_place_again(share, log, lower, span):
    scale = Scale(lower, lower + span, log=log)
    value = scale.value(share)
    assert scale.lower <= value <= scale.upper
    assert abs(scale.share(value) - share) < 0.06


@given(value=st.floats(1e-9, 1e9), steps=st.integers(-10, 10), log=st.booleans())
def test_steps_never_pass_an_open_bound_and_never_go_the_wrong_way(value, steps, log):
    spec = number(lower=0, lower_open=True, log=log)
    moved = stepped(spec, value, steps)
    assert moved > 0
    assert (moved - value) * steps >= 0 or abs(moved - value) <= 0.1 * value


@given(value=st.integers(1, 65536), up=st.booleans(), log=st.booleans())
def test_an_integer_step_gives_another_integer_within_its_bounds(value, up, log):
    spec = FieldSpec(name="x", kind="integer", title="X", integral=True, lower=1, upper=65536, log=log)
    moved = stepped(spec, value, 1 if up else -1)
    assert isinstance(moved, int)
    assert 1 <= moved <= 65536
    at_end = value == (65536 if up else 1)
    assert (moved == value) == at_end


def test_an_open_end_cannot_be_reached_by_the_slider():
    scale = scale_of(number(lower=0, upper=1, lower_open=True, upper_open=True))
    assert scale is not None
    assert 0 < scale.value(0) < scale.value(1) < 1


def test_a_logarithmic_slider_reaches_under_a_tiny_default():
    scale = scale_of(number(lower=0, upper=1, lower_open=True, log=True, default=1e-6, has_default=True))
    assert scale is not None
    assert scale.value(0) < 1e-6


def test_slider_values_are_numbers_that_people_would_write():
    scale = Scale(0, 1)
    assert all(len(number_text(scale.value(share / 97))) <= 6 for share in range(98))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_a_shown_number_reads_back_as_itself_to_twelve_digits(value):
    assert parse_number(number_text(value), integral=False) == pytest.approx(value, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize(("text", "value"), [("1e-6", 1e-6), ("1E3", 1000), ("−0.5", -0.5), (" 7 ", 7)])
def test_scientific_notation_and_a_true_minus_sign_are_read(text, value):
    assert parse_number(text, integral=False) == value


@pytest.mark.parametrize("text", ["", "abc", "1e", "nan", "inf", "1,5"])
def test_what_is_no_finite_number_is_not_read(text):
    assert parse_number(text, integral=False) is None


def test_an_integer_setting_gives_integers_and_lets_a_fraction_stand_for_the_check():
    assert parse_number("1e3", integral=True) == 1000
    assert isinstance(parse_number("1e3", integral=True), int)
    assert parse_number("1.5", integral=True) == 1.5
