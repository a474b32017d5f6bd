"""I-JEPA: its loss against a loop, what encoder, predictor and teacher see, and recipes that cannot work."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from objectives_batches import SIZE_PX, make_learner, make_views
from torch import Tensor

from workbench.core.errors import RecipeError, RunFailed
from workbench.data.base import Samples
from workbench.engine.catalogue import full_catalogue
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts
from workbench.objectives.build import build_objective
from workbench.objectives.samples import masked_mean
from workbench.objectives.vision.masked.i_jepa import IJEPA, IJEPAConfig, Predictor, jepa_error, normalised, tokens_at
from workbench.recipes.check import check
from workbench.recipes.models import Choice
from workbench.views.base import Views
from workbench.views.pipeline import compile_views
from workbench.views.presets import PRESETS

SAMPLES, PATCH, ROWS = 6, 4, SIZE_PX // 4


def on_pixels(mask_NL: Tensor) -> Tensor:
    grid = mask_NL.view(-1, 1, ROWS, ROWS)
    return grid.repeat_interleave(PATCH, 2).repeat_interleave(PATCH, 3)


def with_pixels(views: Views, x: Tensor) -> Views:
    return Views({"A": (x,)}, views.index, None, views.targets)


def test_value_and_gradient_equal_a_loop_over_blocks_patches_and_numbers() -> None:
    g = torch.Generator().manual_seed(0)
    tokens = torch.randn(2, 9, 5, dtype=torch.float64, generator=g)
    predicted = torch.randn(2, 3, 2, 5, dtype=torch.float64, generator=g, requires_grad=True)
    blocks = torch.tensor([[[0, 1], [1, 4], [7, 8]], [[3, 6], [-1, -1], [2, 5]]])
    terms = []
    for n in range(2):
        for b in range(3):
            for t in range(2):
                if blocks[n, b, t] >= 0:
                    token = tokens[n, blocks[n, b, t]]
                    mean = sum(token) / 5
                    spread = (sum((value - mean) ** 2 for value in token) / 5 + 1e-6) ** 0.5
                    terms.append(sum((predicted[n, b, t, d] - (token[d] - mean) / spread) ** 2 for d in range(5)) / 5)
    naive = sum(terms) / len(terms)
    target = tokens_at(normalised(tokens), blocks.clamp(min=0))
    ours = masked_mean(jepa_error(predicted, target), blocks >= 0)
    torch.testing.assert_close(ours, naive, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(*(torch.autograd.grad(x, predicted)[0] for x in (ours, naive)), rtol=1e-10, atol=1e-14)


def test_targets_have_mean_zero_and_variance_one_so_that_nothing_costs_one() -> None:
    target = normalised(100 * torch.randn(4, 9, 32, dtype=torch.float64) + 7)
    assert jepa_error(torch.zeros(4, 1, 9, 32), target[:, None]).mean().item() == pytest.approx(1, rel=1e-5)


def test_the_encoder_sees_the_context_alone_and_the_teacher_the_whole_picture() -> None:
    objective, backbone = make_learner(IJEPA, SAMPLES)
    views = make_views(IJEPA.spec.needs, SAMPLES)
    x, hidden = views.inputs[0], on_pixels(views.targets["mask"][0])
    noisy = with_pixels(views, torch.where(hidden, x + torch.randn_like(x), x))
    before, after = objective(views, backbone), objective(noisy, backbone)
    assert torch.equal(before.embedding, after.embedding)
    assert not torch.equal(before.loss, after.loss)
    elsewhere = with_pixels(views, torch.where(hidden, x, x + 1))
    assert not torch.equal(objective(elsewhere, backbone).embedding, before.embedding)


def test_the_targets_are_the_teachers_and_send_no_gradient() -> None:
    objective, backbone = make_learner(IJEPA, SAMPLES)
    objective(make_views(IJEPA.spec.needs, SAMPLES), backbone).loss.backward()
    assert all(weight.grad is None and not weight.requires_grad for weight in objective.teacher.parameters())
    _, target, _, _ = objective._predict(make_views(IJEPA.spec.needs, SAMPLES), backbone)
    assert not target.requires_grad


@pytest.mark.parametrize(("progress", "momentum"), [(0.0, 0.99), (0.5, 0.995), (1.0, 1.0)])
def test_the_teacher_moves_after_the_step_ever_more_slowly(progress: float, momentum: float) -> None:
    objective, backbone = make_learner(IJEPA, SAMPLES)
    first = backbone.norm.bias.detach().clone()
    with torch.no_grad():
        backbone.norm.bias.add_(1)
    objective.after_step(backbone, progress)
    moved = objective.teacher.net.get_parameter("backbone.norm.bias")
    torch.testing.assert_close(moved, first + (1 - momentum))
    assert objective.momentum.item() == pytest.approx(momentum)


def test_a_block_is_predicted_without_a_look_at_the_others() -> None:
    torch.manual_seed(0)
    predictor = Predictor(IJEPAConfig(), 32)
    seen, context, blocks = torch.randn(2, 5, 32), torch.randint(16, (2, 5)), torch.randint(16, (2, 3, 4))
    together = predictor(seen, context, blocks, ROWS)
    for number in range(3):
        alone = predictor(seen, context, blocks[:, number : number + 1], ROWS)
        torch.testing.assert_close(together[:, number : number + 1], alone, rtol=1e-4, atol=1e-6)


def test_a_prediction_depends_on_its_place_and_on_the_context() -> None:
    torch.manual_seed(0)
    predictor = Predictor(IJEPAConfig(), 32)
    seen, context = torch.randn(1, 5, 32), torch.arange(5)[None]
    near, far = (predictor(seen, context, torch.tensor([[[place]]]), ROWS) for place in (6, 15))
    other = predictor(seen + torch.randn_like(seen), context, torch.tensor([[[6]]]), ROWS)
    assert not torch.allclose(near, far)
    assert not torch.allclose(near, other)


def test_samples_without_blocks_are_left_out() -> None:
    objective, backbone = make_learner(IJEPA, SAMPLES)
    views = make_views(IJEPA.spec.needs, SAMPLES)
    blocks = views.targets["blocks"].clone()
    blocks[:, 2:] = -1
    some = Views(views.branches, views.index, None, {**views.targets, "blocks": blocks})
    first_two = Views(
        {"A": (views.inputs[0][:2],)}, views.index[:2], None, {k: v[:, :2] for k, v in views.targets.items()}
    )
    torch.testing.assert_close(objective(some, backbone).loss, objective(first_two, backbone).loss)


def test_a_mask_of_larger_patches_asks_for_all_patches_under_it() -> None:
    objective, backbone = make_learner(IJEPA, 2)
    x = torch.randn(2, 3, SIZE_PX, SIZE_PX)
    coarse = {
        "mask": torch.ones(1, 2, 4).bool(),
        "visible": torch.tensor([[[1], [2]]]),
        "blocks": torch.tensor([[[[0]], [[3]]]]),
    }
    fine = {
        "mask": torch.ones(1, 2, 16).bool(),
        "visible": torch.tensor([[[2, 3, 6, 7], [8, 9, 12, 13]]]),
        "blocks": torch.tensor([[[[0, 1, 4, 5]], [[10, 11, 14, 15]]]]),
    }
    losses = [objective(Views({"A": (x,)}, torch.arange(2), None, given), backbone).loss for given in (coarse, fine)]
    torch.testing.assert_close(*losses)


def test_the_spread_of_a_collapsed_teacher_is_zero() -> None:
    objective, backbone = make_learner(IJEPA, SAMPLES)
    views = make_views(IJEPA.spec.needs, SAMPLES)
    assert objective(views, backbone).terms["target_spread"] > 0.1
    with torch.no_grad():
        objective.teacher.net.get_parameter("backbone.norm.weight").zero_()
        objective.teacher.net.get_parameter("backbone.norm.bias").copy_(torch.randn(32))
    assert objective(views, backbone).terms["target_spread"].item() == pytest.approx(0, abs=1e-4)


def test_figures_show_context_targets_and_the_error_of_each_target_patch() -> None:
    objective, backbone = make_learner(IJEPA, 11)
    views = make_views(IJEPA.spec.needs, 11)
    rows = objective.figures(views, backbone)["masks"]
    assert rows.shape == (8, 4, SIZE_PX, SIZE_PX, 3)
    assert rows.min() >= 0
    assert rows.max() <= 1
    picture, context, targets, error = rows.transpose(1, 0, 2, 3, 4)
    hidden = on_pixels(views.targets["mask"][0])[:8, 0].numpy()
    asked = torch.zeros(11, 16, dtype=torch.bool).scatter(1, views.targets["blocks"][0].flatten(1), True)
    asked = on_pixels(asked)[:8, 0].numpy()
    assert (context[hidden] == 0.5).all()
    assert np.array_equal(context[~hidden], picture[~hidden])
    assert (targets[~asked] == 0.5).all()
    assert np.array_equal(targets[asked], picture[asked])
    assert (error[~asked] == 0.5).all()
    assert np.array_equal(error[:, ::PATCH, ::PATCH], error[:, 1::PATCH, 2::PATCH])


def test_the_preset_trains_on_masks_of_the_view_pipeline() -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
    pipeline = compile_views(PRESETS["i-jepa-cifar"], 3, 32, 32, (0.5,) * 3, (0.25,) * 3)
    views = pipeline(Samples({"image": images}, None, np.arange(12)), (0, 0), torch.device("cpu"))
    backbone = build_backbone(Choice(id="small_vit", width=32, depth=1, heads=2), 32)
    objective = IJEPA(IJEPAConfig(), Facts(32, 0, 100, 12))
    objective.attach(backbone)
    assert objective(views, backbone).loss.item() == pytest.approx(1, rel=0.15)


def test_an_encoder_without_patches_is_refused_when_it_is_attached() -> None:
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    with pytest.raises(RunFailed, match="Tiny CNN takes whole pictures only"):
        IJEPA(IJEPAConfig(), Facts(backbone.width, 0, 100, 8)).attach(backbone)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"predictor_width": 30, "predictor_heads": 2}, "objective.predictor_width"),
        ({"predictor_width": 32, "predictor_heads": 3}, "objective.predictor_heads"),
    ],
)
def test_a_predictor_that_cannot_be_built_is_refused_at_its_key(settings: dict[str, int], key: str) -> None:
    with pytest.raises(RecipeError) as caught:
        build_objective(Choice(id="i_jepa", **settings), Facts(32, 0, 100, 8))
    assert [problem.key for problem in caught.value.problems] == [key]


def problems_of(backbone: dict[str, object], **views: object) -> list[tuple[str, str]]:
    document = {"objective": {"id": "i_jepa"}, "backbone": backbone, "views": views, "data": {"id": "cifar10"}}
    return [(problem.key, problem.message) for problem in check(document, full_catalogue())]


def test_a_recipe_for_a_small_vit_is_sound() -> None:
    assert problems_of({"id": "small_vit"}) == []


@pytest.mark.parametrize(("backbone", "words"), [("tiny_cnn", "tokens, one vector a patch"), ("timm", "small_vit")])
def test_a_recipe_with_an_encoder_of_whole_pictures_says_why_it_cannot_work(backbone: str, words: str) -> None:
    ((key, message),) = problems_of({"id": backbone})
    assert key == "backbone.id"
    assert words in message


def test_a_mask_that_cuts_through_the_encoders_patches_is_a_problem_of_the_recipe() -> None:
    ((key, message),) = problems_of({"id": "small_vit", "patch": 16})
    assert key.endswith(".patch")
    assert "multiple of 16" in message


def test_views_without_block_masks_name_the_operation_that_makes_them() -> None:
    problems = problems_of({"id": "small_vit"}, preset="mae-cifar")
    assert any("'blocks'" in message and "block_masks" in message for _, message in problems)
