"""The committed catalogue says what the code says."""

from __future__ import annotations

import json

from workbench.core.resources import resource
from workbench.engine.describe import builtin
from workbench.engine.formula import outline


def without_outlines(document):
    """The catalogue less the drawn formulas: matplotlib's versions draw them alike, not equal."""
    for entry in document["objectives"]:
        entry.pop("outline")
        entry.pop("outline_box")
    return document


def test_the_committed_catalogue_is_current():
    committed = json.loads(resource("catalogue.json").read_text(encoding="utf-8"))
    made = json.loads(json.dumps(builtin().model_dump(mode="json", by_alias=True)))
    assert without_outlines(made) == without_outlines(committed), (
        "Run: python -m workbench.engine describe --out resources/catalogue.json"
    )


def test_every_objective_has_a_drawn_formula_inside_its_box():
    for entry in builtin().objectives:
        left, top, right, bottom = entry.outline_box
        assert entry.outline.startswith("M")
        assert left < right
        assert top < 0
        assert top < bottom


def test_a_formula_is_drawn_above_its_baseline():
    path, (left, top, right, bottom) = outline("x")
    assert path.endswith("Z")
    assert top < 0 <= bottom + 0.5
    assert right > left
