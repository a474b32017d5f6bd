"""The small ViT: patches in their places, patches left out, patches covered."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from workbench.core.errors import RecipeError, RunFailed
from workbench.models.build import build_backbone
from workbench.models.positions import grid_positions
from workbench.models.small_vit import SmallViT
from workbench.recipes.models import Choice

CPU = torch.device("cpu")


def small_vit(size: int = 16, **settings: object) -> SmallViT:
    torch.manual_seed(0)
    given = {"patch": 4, "width": 32, "depth": 2, "heads": 2, **settings}
    backbone = build_backbone(Choice(id="small_vit", **given), size).eval()
    assert isinstance(backbone, SmallViT)
    return backbone


def pictures(samples: int = 3, size: int = 16) -> Tensor:
    return torch.randn(samples, 3, size, size, generator=torch.Generator().manual_seed(1))


def inside(size: int, patch: int, number: int) -> Tensor:
    """True at the pixels of a patch, counted row by row."""
    row, column = divmod(number, size // patch)
    mask = torch.zeros(size, size, dtype=torch.bool)
    mask[row * patch : (row + 1) * patch, column * patch : (column + 1) * patch] = True
    return mask


@pytest.mark.parametrize("patch", [2, 4, 8, 16])
@pytest.mark.parametrize("pool", ["mean", "class"])
def test_there_is_one_token_a_patch_whatever_is_pooled(patch: int, pool: str) -> None:
    backbone = small_vit(32, patch=patch, pool=pool)
    assert backbone.tokens(pictures(2, 32)).shape == (2, (32 // patch) ** 2, 32)
    assert backbone(pictures(2, 32)).shape == (2, 32)


def test_pooled_features_are_the_mean_of_the_tokens() -> None:
    backbone, x = small_vit(), pictures()
    torch.testing.assert_close(backbone(x), backbone.tokens(x).mean(dim=1))


def test_the_class_token_is_no_mean_of_tokens() -> None:
    backbone, x = small_vit(pool="class"), pictures()
    assert (backbone(x) - backbone.tokens(x).mean(dim=1)).abs().max() > 0.1


@pytest.mark.parametrize("pool", ["mean", "class"])
def test_keeping_every_patch_in_order_gives_the_tokens(pool: str) -> None:
    backbone, x = small_vit(pool=pool), pictures()
    torch.testing.assert_close(backbone.encode(x, torch.arange(16).expand(3, 16)), backbone.tokens(x))


def test_kept_patches_keep_their_positions_in_any_order() -> None:
    backbone, x = small_vit(), pictures()
    keep = torch.tensor([[5, 2, 11]]).expand(3, 3)
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(backbone.encode(x, keep)[:, order], backbone.encode(x, keep[:, order]))


@pytest.mark.parametrize("number", [0, 6, 15])
def test_a_patch_that_is_kept_alone_depends_on_its_own_pixels_only(number: int) -> None:
    backbone, x = small_vit(), pictures(1).requires_grad_()
    (backbone.encode(x, torch.tensor([[number]])) @ torch.randn(32)).sum().backward()
    assert torch.equal(x.grad[0].abs().sum(dim=0) > 0, inside(16, 4, number))


def test_the_content_of_covered_patches_has_no_influence_and_no_gradient() -> None:
    backbone, x = small_vit(), pictures(1).requires_grad_()
    hidden = torch.zeros(1, 16, dtype=torch.bool)
    hidden[0, 6] = True
    (backbone.encode_covered(x, hidden, torch.ones(32)) @ torch.randn(32)).sum().backward()
    assert torch.equal(x.grad[0].abs().sum(dim=0) > 0, ~inside(16, 4, 6))


def test_covering_nothing_gives_the_tokens() -> None:
    backbone, x = small_vit(), pictures()
    covered = backbone.encode_covered(x, torch.zeros(3, 16, dtype=torch.bool), torch.ones(32))
    torch.testing.assert_close(covered, backbone.tokens(x))


def test_covered_patches_differ_by_their_positions() -> None:
    tokens = small_vit().encode_covered(pictures(1), torch.ones(1, 16, dtype=torch.bool), torch.zeros(32))
    assert torch.pdist(tokens[0]).min() > 0.01


def test_positions_equal_a_loop_over_rows_columns_and_frequencies() -> None:
    rows, columns, width = 2, 3, 8
    wanted = []
    for row in range(rows):
        for column in range(columns):
            numbers = []
            for place in (row * 3 / 2 + 0.25, column):  # two rows stretched over three
                angles = [place / 10_000 ** (k / 2) for k in range(2)]
                numbers += [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
            wanted.append(numbers)
    torch.testing.assert_close(grid_positions(rows, columns, width, 3, CPU), torch.tensor(wanted))


def test_views_of_another_size_are_taken() -> None:
    assert small_vit(32).tokens(pictures(2, 16)).shape == (2, 16, 32)


def test_views_that_cannot_be_cut_up_are_refused_with_their_size() -> None:
    with pytest.raises(RunFailed, match=r"18 x 18 px.*4 px"):
        small_vit(16)(pictures(1, 18))


@pytest.mark.parametrize(
    ("settings", "size", "key", "words"),
    [
        ({"patch": 5}, 28, "backbone.patch", "Choose 2 or 4 or 7 or 14"),
        ({"patch": 4}, 23, "backbone.patch", "Choose another view size"),
        ({"width": 30, "heads": 2}, 16, "backbone.width", "30 is not a multiple of 4"),
        ({"width": 32, "heads": 3}, 16, "backbone.heads", "3 heads do not divide a width of 32"),
    ],
)
def test_numbers_that_do_not_divide_are_refused_at_their_key(
    settings: dict[str, int], size: int, key: str, words: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        small_vit(size, **settings)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert words in problem.message
