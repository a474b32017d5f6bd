"""Hidden labels: what a recipe may ask of the data that its catalogue knows."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.plugins.catalogue import Catalogue
from workbench.recipes.check import build, check

LABELLED = {"objective": {"id": "supervised"}}


def said(training: dict[str, Any], catalogue: Catalogue, **document: Any) -> list[str]:
    return [str(problem) for problem in check({**document, "training": training}, catalogue)]


def test_all_labels_are_seen_unless_some_are_hidden(catalogue: Catalogue) -> None:
    assert build({}, catalogue).training.labels == 0


def test_fewer_labels_than_classes_are_told_with_both_numbers(catalogue: Catalogue) -> None:
    (words,) = said({"labels": 9}, catalogue, **LABELLED)
    assert words.startswith("training.labels: 9 is too few: ")
    assert words.endswith("has 10 classes, and each needs a label.")


def test_one_label_a_class_is_enough(catalogue: Catalogue) -> None:
    assert said({"labels": 10, "labelled_share": 0.5}, catalogue, **LABELLED) == []


@pytest.mark.parametrize(("key", "value"), [("labels", 100), ("labelled_share", 0.25)])
def test_few_labels_of_data_without_any_are_refused_with_the_way_out(
    key: str, value: float, catalogue: Catalogue
) -> None:
    (words,) = said({key: value}, catalogue, data={"id": "unlabelled"})
    assert words == f"training.{key}: unlabelled has no labels. Set this to 0, or choose a labelled data set."


def test_labels_of_the_users_own_files_are_left_to_the_reading(catalogue: Catalogue) -> None:
    own = {"id": "image-folder", "path": "x"}
    assert said({"labels": 2, "labelled_share": 0.5}, catalogue, data=own, **LABELLED) == []


def test_a_share_beyond_all_is_told(catalogue: Catalogue) -> None:
    (words,) = said({"labelled_share": 1.5}, catalogue)
    assert words == "training.labelled_share: 1.5 is too large: it must be at least 0 and at most 1."
