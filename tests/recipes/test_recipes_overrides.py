"""Settings from the command line: typed as TOML, placed by dotted key, refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.core.errors import RecipeError
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.overrides import apply_overrides, override_recipe


def document() -> dict[str, Any]:
    return {
        "seed": 1,
        "objective": {"id": "simclr", "temperature": 0.5},
        "views": {"branches": [{"count": 2, "ops": [{"id": "horizontal_flip", "p": 0.5}]}]},
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.2", 0.2),
        ("3", 3),
        ("1e-3", 1e-3),
        ("true", True),
        ('"0.2"', "0.2"),
        ("[0.2, 1.0]", [0.2, 1.0]),
        ('{id = "x", p = 1}', {"id": "x", "p": 1}),
        ("cuda", "cuda"),
        ("bf16-mixed", "bf16-mixed"),
        ("/data/my pictures", "/data/my pictures"),
        ("a = b", "a = b"),
        ("2024-01-31", "2024-01-31"),
        ("1\nseed = 2", "1\nseed = 2"),
        ("", ""),
    ],
)
def test_a_value_is_toml_and_where_it_is_none_plain_text(text: str, value: Any) -> None:
    changed = apply_overrides({}, [f"data.x={text}"])
    assert changed == {"data": {"x": value}}
    assert type(changed["data"]["x"]) is type(value)


def test_a_number_in_the_key_is_a_position_in_a_list() -> None:
    changed = apply_overrides(document(), ["views.branches.0.count=3", "views.branches.0.ops.0.p=1.0"])
    assert changed["views"]["branches"] == [{"count": 3, "ops": [{"id": "horizontal_flip", "p": 1.0}]}]


def test_a_whole_entry_of_a_list_can_be_replaced() -> None:
    changed = apply_overrides(document(), ['views.branches.0.ops.0={id = "greyscale"}'])
    assert changed["views"]["branches"][0]["ops"] == [{"id": "greyscale"}]


def test_the_last_of_two_overrides_of_one_key_holds() -> None:
    assert apply_overrides(document(), ["seed=2", "seed=3"])["seed"] == 3


def test_the_document_given_is_left_as_it_is() -> None:
    given = document()
    apply_overrides(given, ["objective.temperature=9", "views.branches.0.count=9"])
    assert given == document()


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("seed", "it must read KEY=VALUE"),
        ("=3", "it must read KEY=VALUE"),
        ("objective..temperature=1", "it must read KEY=VALUE"),
        ("data.x=[1, 2", "opens a list, a table or a quote that does not read"),
        ("views.branches.1.count=2", "views.branches has no position 1: it has only positions 0 to 0"),
        ("views.branches.first.count=2", "'first' must be a position in it, counted from 0"),
        ("seed.deeper=1", "seed is a single value and has no 'deeper' in it"),
        ("seed.much.deeper=1", "seed is a single value and has no 'much' in it"),
        ("objective.0=1", "there is no list objective to number into"),
        ("absent.0.count=1", "there is no list absent to number into"),
    ],
)
def test_a_refused_override_is_named_with_the_reason(override: str, reason: str) -> None:
    with pytest.raises(RecipeError) as caught:
        apply_overrides(document(), [override])
    assert str(caught.value).startswith(f"--set {override}: ")
    assert reason in str(caught.value)


def test_branches_that_come_from_a_preset_can_be_numbered_into(catalogue: Catalogue) -> None:
    overrides = ["views.branches.0.ops.1.p=0.25", "views.preset=simclr-cifar"]
    changed = override_recipe({"views": {"preset": "pair"}}, overrides, catalogue)
    assert changed["views"]["preset"] == "simclr-cifar"
    assert changed["views"]["branches"][0]["ops"][1] == {"id": "horizontal_flip", "p": 0.25}


def test_a_document_of_an_older_schema_takes_todays_keys(catalogue: Catalogue) -> None:
    changed = override_recipe({"schema": 0, "train": {"batch": 64}}, ["training.batch_size=32"], catalogue)
    assert changed["training"] == {"batch_size": 32}
