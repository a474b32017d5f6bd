"""Numbers that an objective cannot work with are found when the recipe is checked: at their key, with their bound."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.plugins.catalogue import Catalogue, builtin_catalogue
from workbench.recipes.check import check

SHIPPED = builtin_catalogue()
PAIRWISE = [entry.id for entry in SHIPPED.objectives if entry.spec.needs.min_batch > 1]
QUEUES = [entry.id for entry in SHIPPED.objectives if "queue" in entry.defaults()]
PROTOTYPES = [entry.id for entry in SHIPPED.objectives if "prototypes" in entry.defaults()]
TRANSFORMERS = [entry.id for entry in SHIPPED.objectives if entry.spec.needs.tokens]
OF_COLOURS = [entry.id for entry in SHIPPED.objectives if entry.spec.needs.colour]
# Their negatives are those of the batch, so that one sample has none.
CONTRASTING = ["simclr", "moco_v3", "triplet", "nnclr", "cpc", "supcon"]


def said(objective: str, *, catalogue: Catalogue = SHIPPED, data: str = "cifar10", **sections: Any) -> dict[str, str]:
    """What is wrong with an objective's own recipe after a change: key -> words."""
    settings = sections.pop("settings", {})
    document = {"objective": {"id": objective, **settings}, "data": {"id": data}, **sections}
    return {problem.key: problem.message for problem in check(document, catalogue)}


def test_every_objective_that_contrasts_the_samples_of_a_batch_asks_for_two() -> None:
    assert set(CONTRASTING) <= set(PAIRWISE)


@pytest.mark.parametrize("id_", PAIRWISE)
def test_a_batch_of_one_is_refused_where_samples_are_compared(id_: str) -> None:
    words = said(id_, training={"batch_size": 1})["training.batch_size"]
    least = SHIPPED.objective(id_).spec.needs.min_batch
    assert words.startswith("1 is too small:")
    assert f"at least {least} samples in a batch" in words


@pytest.mark.parametrize("id_", QUEUES)
def test_a_queue_larger_than_the_training_split_is_refused(id_: str) -> None:
    words = said(id_, settings={"queue": 50_001})["objective.queue"]
    assert words.startswith("50001 is too much: at most 50000,")
    assert "objective.queue" not in said(id_, settings={"queue": 50_000})


@pytest.mark.parametrize("id_", QUEUES)
def test_a_queue_larger_than_the_draw_that_is_learned_from_is_refused(id_: str) -> None:
    words = said(id_, settings={"queue": 4096}, training={"samples": 1000})["objective.queue"]
    assert words.startswith("4096 is too much: at most 1000,")


@pytest.mark.parametrize("id_", PROTOTYPES)
def test_more_prototypes_than_samples_are_refused(id_: str) -> None:
    words = said(id_, settings={"prototypes": 301}, training={"samples": 300})["objective.prototypes"]
    assert words.startswith("301 is too much: at most 300,")


@pytest.mark.parametrize("id_", TRANSFORMERS)
def test_a_patch_size_that_does_not_divide_the_picture_is_refused(id_: str) -> None:
    words = said(id_, backbone={"id": "small_vit", "patch": 5})["backbone.patch"]
    side = SHIPPED.view_presets[SHIPPED.objective(id_).spec.views_preset]["size"] or 32
    assert f"views of {side} px into patches of 5 px" in words
    assert f"choose a divisor of {side}" in words


@pytest.mark.parametrize("mask", ["patch_mask", "block_masks"])
def test_a_mask_whose_patches_do_not_divide_the_picture_is_refused(mask: str) -> None:
    views = {"size": 28, "branches": [{"name": "A", "count": 1, "ops": [{"id": mask, "patch": 8}]}]}
    words = said("simmim", views=views)["views.branches.0.ops.0.patch"]
    assert words == "Views of 28 px cannot be cut into patches of 8 px; choose a divisor of 28."


def test_a_jigsaw_grid_too_fine_for_the_view_is_refused() -> None:
    grid = {"branches": [{"name": "A", "count": 1, "ops": [{"id": "jigsaw", "rows": 5, "gap": 3}]}]}
    words = said("jigsaw", settings={"rows": 5}, views=grid)["views.branches.0.ops.0.gap"]
    assert words.startswith("5 x 5 cells of a view of 32 px with a gap of 3 px leave tiles of 3 px; at least 4 px")


def test_a_jigsaw_of_more_rows_than_any_is_refused() -> None:
    grid = {"branches": [{"name": "A", "count": 1, "ops": [{"id": "jigsaw", "rows": 6}]}]}
    words = said("jigsaw", views=grid)["views.branches.0.ops.0.rows"]
    assert words == "6 is too large: it must be at least 2 and at most 5 cells."


@pytest.mark.parametrize("data", ["fashion-mnist-10k", "mnist"])
@pytest.mark.parametrize("id_", OF_COLOURS)
def test_grey_pictures_are_refused_where_colours_are_predicted(id_: str, data: str) -> None:
    words = said(id_, data=data)["data.id"]
    assert f"{SHIPPED.objective(id_).title} needs colour pictures" in words
    assert "is grey. Choose" in words


@pytest.mark.parametrize(("key", "value"), [("labels", 100), ("labelled_share", 0.5)])
def test_a_label_fraction_of_data_without_labels_is_refused(catalogue: Catalogue, key: str, value: float) -> None:
    words = said("simclr", catalogue=catalogue, data="unlabelled", training={key: value})
    assert words == {f"training.{key}": "unlabelled has no labels. Set this to 0, or choose a labelled data set."}


def test_fewer_labels_than_classes_are_refused() -> None:
    words = said("supervised", training={"labels": 9})["training.labels"]
    assert words == "9 is too few: CIFAR-10 has 10 classes, and each needs a label."
