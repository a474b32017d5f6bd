"""iBOT: hidden patches against a loop, what the teacher and the student see, centres, and recipes that cannot work."""

from __future__ import annotations

import math

import pytest
import torch
from objectives_batches import SIZE_PX, make_learner, make_views
from torch import Tensor

from workbench.core.errors import RunFailed
from workbench.engine.catalogue import full_catalogue
from workbench.gui.pages.objective.needs import needs_of
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts
from workbench.objectives.multi_crop import between_views
from workbench.objectives.samples import masked_mean
from workbench.objectives.vision.distillation.ibot import IBOT, IBOTConfig, ViewAndPatches, masked_distillation
from workbench.objectives.vision.distillation.soft_classes import sharpened
from workbench.recipes.check import check
from workbench.recipes.models import Choice
from workbench.views.base import Views
from workbench.views.presets import PRESETS

SAMPLES = 8


def answers(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Raw outputs (3, 4, 6) of teacher and student in float64, and a mask whose last view hides nothing."""
    g = torch.Generator().manual_seed(seed)
    teacher = torch.randn(3, 4, 6, dtype=torch.float64, generator=g)
    student = torch.randn(3, 4, 6, dtype=torch.float64, generator=g, requires_grad=True)
    return teacher, student, torch.tensor([[True, False, True, True], [False, False, True, False], [False] * 4])


def loop(teacher: Tensor, student: Tensor, hidden: Tensor) -> Tensor:
    """View by view and patch by patch, from raw outputs."""
    views = []
    for n in range(len(teacher)):
        costs = []
        for i in range(teacher.shape[1]):
            if hidden[n, i]:
                p, q = torch.exp(teacher[n, i] / 0.04), torch.exp(student[n, i] / 0.1)
                costs.append(-sum(p[k] / p.sum() * torch.log(q[k] / q.sum()) for k in range(len(p))))
        if costs:
            views.append(sum(costs) / len(costs))
    return sum(views) / len(views)


def test_value_and_gradient_equal_a_loop_over_hidden_patches() -> None:
    teacher, student, hidden = answers()
    cost_M = masked_distillation((teacher / 0.04).softmax(2), (student / 0.1).log_softmax(2), hidden)
    ours = masked_mean(cost_M, hidden.any(dim=1))
    naive = loop(teacher, student, hidden)
    torch.testing.assert_close(ours, naive, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(*(torch.autograd.grad(x, student)[0] for x in (ours, naive)), rtol=1e-8, atol=1e-12)


def test_patches_that_are_not_hidden_have_no_gradient() -> None:
    teacher, student, hidden = answers()
    loss = masked_distillation(teacher.softmax(2), student.log_softmax(2), hidden).mean()
    (gradient,) = torch.autograd.grad(loss, student)
    assert torch.equal(gradient.abs().sum(dim=2) > 0, hidden)


def test_uniform_answers_cost_the_logarithm_of_the_prototypes_and_an_empty_mask_nothing() -> None:
    flat, hidden = torch.full((2, 3, 50), 1 / 50), torch.ones(2, 3, dtype=torch.bool)
    assert masked_distillation(flat, flat.log(), hidden).mean().item() == pytest.approx(math.log(50), rel=1e-6)
    assert masked_distillation(flat, flat.log(), ~hidden).mean() == 0


def test_the_patch_loss_agrees_with_lightlys() -> None:
    peer = pytest.importorskip("lightly.loss").IBOTPatchLoss(
        output_dim=6, teacher_temp=0.04, student_temp=0.1, center_mode="mean"
    )
    teacher, student, hidden = (x.float() if x.is_floating_point() else x for x in answers())
    teacher, student, hidden = teacher[:2], student.detach()[:2], hidden[:2]
    wanted = peer(teacher_out=teacher[hidden], student_out=student[hidden], mask=hidden.view(2, 2, 2))
    cost_M = masked_distillation((teacher / 0.04).softmax(2), (student / 0.1).log_softmax(2), hidden)
    ours = masked_mean(cost_M, hidden.any(dim=1))
    torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-5)


def test_the_whole_loss_is_the_weighted_sum_of_both_parts() -> None:
    objective, backbone = make_learner(IBOT, SAMPLES)
    views = make_views(IBOT.spec.needs, SAMPLES)
    step = objective(views, backbone)
    torch.testing.assert_close(step.loss.detach(), step.terms["view_loss"] + step.terms["patch_loss"])


def test_the_loss_of_views_is_that_of_dino_on_masked_views() -> None:
    objective, backbone = make_learner(IBOT, SAMPLES)
    views = make_views(IBOT.spec.needs, SAMPLES)
    hidden = views.targets["mask"]
    seen = [
        objective.head(backbone.features_and_tokens(x, mask, objective.cover)[0])
        for x, mask in zip(views.inputs, hidden, strict=True)
    ]
    taught = torch.stack([objective.head(backbone(x)) for x in views.inputs])
    wanted = between_views(
        sharpened(taught, objective.centre, 0.04), torch.stack(seen).div(0.1).log_softmax(dim=2), [0, 1]
    ).mean()
    torch.testing.assert_close(objective(views, backbone).terms["view_loss"], wanted.detach(), rtol=1e-4, atol=1e-5)


def test_the_student_does_not_see_hidden_pixels_and_the_teacher_does() -> None:
    objective, backbone = make_learner(IBOT, SAMPLES)
    views = make_views(IBOT.spec.needs, SAMPLES)
    rows = SIZE_PX // 4
    hidden = views.targets["mask"].view(2, SAMPLES, 1, rows, rows).repeat_interleave(4, 3).repeat_interleave(4, 4)
    changed = tuple(torch.where(mask, x + 3, x) for x, mask in zip(views.inputs, hidden, strict=True))
    before, after = (
        objective(Views({"A": given}, views.index, None, views.targets), backbone) for given in (views.inputs, changed)
    )
    assert torch.equal(before.embedding, after.embedding)
    assert not torch.equal(before.terms["patch_loss"], after.terms["patch_loss"])


def crops() -> Views:
    """A small view between two global ones; the small one holds no mask of its own."""
    views = make_views(IBOT.spec.needs, SAMPLES)
    small = torch.randn(SAMPLES, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    first, last = views.targets["mask"]
    masks = torch.stack([first, torch.zeros_like(first), last])
    targets = {"mask": masks, "visible": views.targets["visible"][[0, 0, 1]]}
    return Views({"A": (views.inputs[0], small, views.inputs[1])}, views.index, None, targets)


def test_small_views_are_learned_from_without_a_mask_and_keep_their_place() -> None:
    objective, backbone = make_learner(IBOT, SAMPLES)
    views = crops()
    masks = views.targets["mask"]
    out = [
        objective.head(backbone.features_and_tokens(views.inputs[place], masks[place], objective.cover)[0])
        for place in (0, 2)
    ]
    small = objective.head(backbone(views.inputs[1]))
    student = torch.stack([out[0], small, out[1]]).div(0.1).log_softmax(dim=2)
    taught = torch.stack([objective.head(backbone(views.inputs[place])) for place in (0, 2)])
    wanted = between_views(sharpened(taught, objective.centre, 0.04), student, [0, 2]).mean()
    torch.testing.assert_close(objective(views, backbone).terms["view_loss"], wanted.detach(), rtol=1e-4, atol=1e-5)


def test_both_centres_move_after_the_step_to_the_means_of_views_and_of_hidden_patches() -> None:
    objective, backbone = make_learner(IBOT, SAMPLES)
    views = make_views(IBOT.spec.needs, SAMPLES)
    objective(views, backbone)
    assert not objective.centre.any()
    assert not objective.patch_centre.any()
    h, tokens = backbone.features_and_tokens(torch.cat(views.inputs))
    hidden = views.targets["mask"].flatten(0, 1)
    view_mean, patch_mean = objective.head(h).mean(dim=0), objective.head(tokens[hidden]).mean(dim=0)
    objective.after_step(backbone, 0.5)
    torch.testing.assert_close(objective.centre, 0.1 * view_mean.detach(), rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(objective.patch_centre, 0.1 * patch_mean.detach(), rtol=1e-3, atol=1e-5)


def test_a_batch_without_hidden_patches_leaves_the_centre_of_patches_and_costs_only_the_views() -> None:
    objective, backbone = make_learner(IBOT, SAMPLES)
    views = make_views(IBOT.spec.needs, SAMPLES)
    nothing = {**views.targets, "mask": torch.zeros_like(views.targets["mask"])}
    objective.patch_centre.fill_(0.25)
    step = objective(Views(views.branches, views.index, None, nothing), backbone)
    objective.after_step(backbone, 0.5)
    assert step.terms["patch_loss"] == 0
    torch.testing.assert_close(objective.patch_centre, torch.full_like(objective.patch_centre, 0.25))


def test_the_teacher_gets_no_gradient_and_its_prototypes_hold_the_students_while_frozen() -> None:
    objective, backbone = make_learner(IBOT, SAMPLES)
    first = objective.head.prototypes.detach().clone()
    objective(make_views(IBOT.spec.needs, SAMPLES), backbone).loss.backward()
    assert all(weight.grad is None and not weight.requires_grad for weight in objective.teacher.parameters())
    with torch.no_grad():
        objective.head.prototypes.add_(1)
    objective.after_step(backbone, objective.config.frozen)
    assert torch.equal(objective.head.prototypes, first)


def test_views_and_patches_share_one_head() -> None:
    objective, backbone = make_learner(IBOT, SAMPLES)
    x, at = torch.randn(2, 3, SIZE_PX, SIZE_PX), torch.tensor([[3, 5], [0, 1]])
    out = ViewAndPatches(backbone, objective.head)(x, at)
    h, tokens = backbone.features_and_tokens(x)
    torch.testing.assert_close(out[:, 0], objective.head(h))
    torch.testing.assert_close(out[0, 1:], objective.head(tokens[0, [3, 5]]))


@pytest.mark.parametrize("pool", ["mean", "class"])
def test_features_and_tokens_of_one_pass_are_those_of_two(pool: str) -> None:
    backbone = build_backbone(Choice(id="small_vit", width=32, depth=1, heads=2, pool=pool), SIZE_PX)
    x = torch.randn(3, 3, SIZE_PX, SIZE_PX)
    h, tokens = backbone.features_and_tokens(x)
    torch.testing.assert_close(h, backbone(x))
    torch.testing.assert_close(tokens, backbone.tokens(x))


def test_figures_show_what_the_student_sees_and_each_heads_attention() -> None:
    objective, backbone = make_learner(IBOT, SAMPLES)
    views = make_views(IBOT.spec.needs, SAMPLES)
    figures = objective.figures(views, backbone)
    assert set(figures) == {figure.name for figure in IBOT.spec.figures}
    assert figures["attention"].shape == (SAMPLES, 3, SIZE_PX, SIZE_PX, 3)
    hidden = views.targets["mask"][0].view(-1, 4, 4).repeat_interleave(4, 1).repeat_interleave(4, 2).numpy()
    picture, seen = figures["masked"].transpose(1, 0, 2, 3, 4)
    assert (seen[hidden] == 0.5).all()
    assert (seen[~hidden] == picture[~hidden]).all()
    assert all(figures[name].min() >= 0 and figures[name].max() <= 1 for name in ("attention", "masked"))


def test_an_encoder_without_patches_is_refused_when_it_is_attached() -> None:
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    with pytest.raises(RunFailed, match="Tiny CNN takes whole pictures only"):
        IBOT(IBOTConfig(prototypes=10), Facts(backbone.width, 0, 100, 8)).attach(backbone)


def problems_of(backbone: str, **views: object) -> list[tuple[str, str]]:
    document = {"objective": {"id": "ibot"}, "backbone": {"id": backbone}, "views": views, "data": {"id": "cifar10"}}
    return [(problem.key, problem.message) for problem in check(document, full_catalogue())]


def test_a_recipe_whose_small_views_are_not_masked_is_sound() -> None:
    assert problems_of("small_vit") == []


def test_a_recipe_whose_global_views_are_not_masked_names_the_operation_that_masks() -> None:
    problems = problems_of("small_vit", preset="dino-cifar")
    assert {key for key, _ in problems} == {"views.branches.0.ops", "views.branches.1.ops"}
    assert all("patch_mask" in message for _, message in problems)


def test_a_recipe_with_a_cnn_says_why_it_cannot_work() -> None:
    (key, message), *_ = problems_of("tiny_cnn")
    assert key == "backbone.id"
    assert "tokens, one vector a patch, which Tiny CNN does not give" in message


@pytest.mark.parametrize(("preset", "met"), [("ibot-cifar", True), ("dino-cifar", False)])
def test_the_window_asks_for_masks_in_the_largest_views_alone(preset: str, met: bool) -> None:
    document = {"views": PRESETS[preset].model_dump(mode="json")}
    needs = [need for need in needs_of(IBOT.spec, document, full_catalogue(), None) if "target" in need.words]
    assert len(needs) == 2
    assert all(need.met == met and "largest size" in need.words for need in needs)
