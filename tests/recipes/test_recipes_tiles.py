"""Puzzles in recipes: objective and views speak of the same tiles, and tiles are large enough."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.core.errors import Problem
from workbench.plugins.catalogue import Catalogue, builtin_catalogue
from workbench.recipes.check import check


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return builtin_catalogue()


def problems(catalogue: Catalogue, objective: Any, *branches: dict[str, Any], **more: Any) -> tuple[Problem, ...]:
    chosen = objective if isinstance(objective, dict) else {"id": objective}
    views = {"views": {"branches": list(branches)}} if branches else {}
    document = {"objective": chosen, "data": {"id": "cifar10"}, **views, **more}
    return check(document, catalogue)


def branch(*ops: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"ops": [{"id": op} if isinstance(op, str) else op for op in ops], **more}


def puzzle(**settings: Any) -> dict[str, Any]:
    return {"id": "jigsaw", **settings}


PICTURE, TURNED = branch("horizontal_flip", name="picture"), branch("quarter_turn", name="copy")


@pytest.mark.parametrize("objective", ["jigsaw", "relative_position", "pirl"])
@pytest.mark.parametrize("backbone", ["tiny_cnn", "small_resnet", "resnet18", "small_vit"])
def test_the_presets_of_puzzles_suit_every_backbone_of_small_pictures(
    shipped: Catalogue, objective: str, backbone: str
) -> None:
    assert problems(shipped, objective, backbone={"id": backbone}) == ()


@pytest.mark.parametrize(("setting", "mine", "theirs"), [("rows", 3, 2), ("permutations", 100, 24)])
def test_a_jigsaw_that_counts_otherwise_than_its_views_is_told_both_numbers(
    shipped: Catalogue, setting: str, mine: int, theirs: int
) -> None:
    agreed = {"rows": 2, "permutations": 24}
    objective = {"id": "jigsaw", **agreed, setting: mine}
    (problem,) = problems(shipped, objective, branch(puzzle(**agreed)))
    assert problem.key == f"objective.{setting}"
    assert f"Jigsaw is set for {mine} {setting}, and the jigsaw of branch 'A' has {theirs}." in problem.message


def test_a_jigsaw_that_counts_as_its_views_do_is_sound(shipped: Catalogue) -> None:
    agreed = {"rows": 2, "permutations": 24}
    assert problems(shipped, {"id": "jigsaw", **agreed}, branch(puzzle(**agreed))) == ()


def test_more_orders_than_tiles_have_are_refused_with_the_number_there_is(shipped: Catalogue) -> None:
    many = {"rows": 2, "permutations": 25}
    (problem,) = problems(shipped, {"id": "jigsaw", **many}, branch(puzzle(**many)))
    assert problem.key == "views.branches.0.ops.0.permutations"
    assert problem.message.startswith("25 are too many: 4 tiles have 24 orders.")


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (puzzle(rows=5), "5 x 5 cells of a view of 20 px with a gap of 2 px leave tiles of 2 px; at least 4"),
        ({"id": "relative_position", "gap": 6}, "3 x 3 cells of a view of 20 px with a gap of 6 px leave no tiles"),
    ],
)
def test_a_grid_too_fine_is_refused_whatever_the_objective(shipped: Catalogue, op: dict[str, Any], words: str) -> None:
    found = problems(shipped, "supervised", branch(op, size=20))
    assert [problem.key for problem in found] == ["views.branches.0.ops.0.gap"]
    assert words in found[0].message


def test_the_size_of_a_branch_like_another_is_its_own(shipped: Catalogue) -> None:
    small = {"name": "B", "like": "A", "size": 10}
    found = problems(shipped, "supervised", branch(puzzle()), small)
    assert [problem.key for problem in found] == ["views.branches.0.ops.0.gap"]
    assert "view of 10 px" in found[0].message


def test_tiles_that_a_transformer_cannot_cut_are_refused_with_the_gap_to_choose(shipped: Catalogue) -> None:
    found = problems(shipped, "jigsaw", branch(puzzle(gap=1, jitter=0)), backbone={"id": "small_vit"})
    assert [problem.key for problem in found] == ["views.branches.0.ops.0.gap"]
    assert "Small ViT cannot cut tiles of 9 px into patches of 4 px. Make the gap 1 px wider" in found[0].message


def test_pirl_takes_a_picture_and_its_turned_copy_when_it_is_set_so(shipped: Catalogue) -> None:
    assert problems(shipped, {"id": "pirl", "transform": "rotation"}, PICTURE, TURNED) == ()


def test_pirl_is_refused_two_views_of_one_branch(shipped: Catalogue) -> None:
    (problem,) = problems(shipped, "pirl", branch("horizontal_flip", count=2))
    assert problem.key == "views.branches"
    assert "two branches of one view each" in problem.message


def test_pirl_is_refused_a_puzzle_in_its_first_branch(shipped: Catalogue) -> None:
    turned_first = branch("quarter_turn", name="picture")
    (problem,) = problems(shipped, {"id": "pirl", "transform": "rotation"}, turned_first, TURNED)
    assert problem.key == "views.branches.0.ops"
    assert "'picture' has quarter_turn. Move it to the second branch." in problem.message


@pytest.mark.parametrize(("transform", "maker"), [("jigsaw", "jigsaw"), ("rotation", "quarter_turn")])
def test_pirl_is_refused_a_copy_that_is_not_transformed_as_set(shipped: Catalogue, transform: str, maker: str) -> None:
    (problem,) = problems(shipped, {"id": "pirl", "transform": transform}, PICTURE, branch(name="copy"))
    assert problem.key == "views.branches.1.ops"
    assert f"objective.transform = '{transform}' needs {maker} in its second branch" in problem.message
    assert "'copy' has none" in problem.message


def test_pirl_that_counts_other_tiles_than_its_copy_is_told_both_numbers(shipped: Catalogue) -> None:
    copy = branch(puzzle(rows=2, permutations=24), name="copy")
    (problem,) = problems(shipped, {"id": "pirl", "rows": 3}, PICTURE, copy)
    assert (problem.key, "PIRL is set for 3 rows" in problem.message) == ("objective.rows", True)


def test_turned_copies_have_no_rows_to_agree_on(shipped: Catalogue) -> None:
    assert problems(shipped, {"id": "pirl", "transform": "rotation", "rows": 5}, PICTURE, TURNED) == ()
