"""The small ViT that looks back alone."""

from __future__ import annotations

import pytest
import torch

from workbench.core.errors import RecipeError
from workbench.models.build import build_backbone
from workbench.recipes.models import Choice

SIZE_PX = 16


def encoder(**settings: object) -> torch.nn.Module:
    torch.manual_seed(0)
    choice = Choice(id="small_vit", **{"patch": 4, "width": 32, "depth": 3, "heads": 2, **settings})
    return build_backbone(choice, SIZE_PX).double()


def with_another_patch(x: torch.Tensor, patch: int) -> torch.Tensor:
    changed = x.clone()
    row, column = patch // 4 * 4, patch % 4 * 4
    changed[:, :, row : row + 4, column : column + 4] += 1
    return changed


@pytest.mark.parametrize("patch", [0, 5, 15])
def test_a_patch_changes_its_own_token_and_later_ones_alone(patch: int) -> None:
    backbone, x = encoder(causal=True), torch.rand(1, 3, SIZE_PX, SIZE_PX, dtype=torch.float64)
    change = (backbone.tokens(x) - backbone.tokens(with_another_patch(x, patch))).abs().amax(dim=2)[0] > 1e-12
    assert change.tolist() == [number >= patch for number in range(16)]


def test_without_it_a_patch_changes_every_token() -> None:
    backbone, x = encoder(), torch.rand(1, 3, SIZE_PX, SIZE_PX, dtype=torch.float64)
    change = (backbone.tokens(x) - backbone.tokens(with_another_patch(x, 15))).abs().amax(dim=2)[0] > 1e-12
    assert change.all()


def test_features_are_the_mean_of_causal_tokens() -> None:
    backbone, x = encoder(causal=True), torch.rand(2, 3, SIZE_PX, SIZE_PX, dtype=torch.float64)
    torch.testing.assert_close(backbone(x), backbone.tokens(x).mean(dim=1))


def test_tokens_of_the_first_patches_alone_are_the_same_as_with_all() -> None:
    backbone, x = encoder(causal=True), torch.rand(2, 3, SIZE_PX, SIZE_PX, dtype=torch.float64)
    keep = torch.arange(6).expand(2, -1)
    torch.testing.assert_close(backbone.encode(x, keep), backbone.tokens(x)[:, :6])


def test_it_has_the_weights_of_the_encoder_that_sees_all() -> None:
    plain, causal = encoder().state_dict(), encoder(causal=True).state_dict()
    assert plain.keys() == causal.keys()
    assert all(torch.equal(plain[name], causal[name]) for name in plain)


def test_a_class_token_that_could_see_nothing_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"backbone\.pool: .*sees none of them"):
        encoder(causal=True, pool="class")
