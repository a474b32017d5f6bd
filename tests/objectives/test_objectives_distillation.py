"""BYOL, SimSiam and DINO: losses against loops, what teachers and centres do, and what collapses without them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from objectives_batches import make_learner, make_views
from torch import Tensor, nn

from workbench.core.model import Model
from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.multi_crop import between_views
from workbench.objectives.siamese import cosine_M, output_dimensions, output_std, spread_P
from workbench.objectives.vision.distillation.byol import BYOL, regression
from workbench.objectives.vision.distillation.dino import DINO, DINOConfig
from workbench.objectives.vision.distillation.simsiam import SimSiam, negative_cosine
from workbench.objectives.vision.distillation.soft_classes import DINOHead, entropy, sharpened
from workbench.recipes.models import Choice
from workbench.views.base import Views

SAMPLES = 24


def unit(row: list[Tensor]) -> list[Tensor]:
    length = sum(value * value for value in row) ** 0.5
    return [value / length for value in row]


def loop_regression(q: list[list[Tensor]], z: list[list[Tensor]]) -> Tensor:
    """Squared distances of unit vectors, number by number."""
    pairs = [(unit(a), unit(b)) for a, b in zip(q, z, strict=True)]
    return sum((x - y) ** 2 for a, b in pairs for x, y in zip(a, b, strict=True)) / len(pairs)


def loop_cosine(p: list[list[Tensor]], z: list[list[Tensor]]) -> Tensor:
    pairs = [(unit(a), unit(b)) for a, b in zip(p, z, strict=True)]
    return -sum(x * y for a, b in pairs for x, y in zip(a, b, strict=True)) / len(pairs)


@pytest.mark.parametrize(("ours", "loop"), [(regression, loop_regression), (negative_cosine, loop_cosine)])
def test_value_and_gradient_equal_a_double_loop(ours: Any, loop: Any) -> None:
    torch.manual_seed(3)
    q, z = (torch.randn(5, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    loss, naive = ours(q, z).mean(), loop([list(row) for row in q], [list(row) for row in z])
    torch.testing.assert_close(loss, naive, rtol=1e-12, atol=1e-12)
    for got, wanted in zip(torch.autograd.grad(loss, (q, z)), torch.autograd.grad(naive, (q, z)), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("loss", "equal", "orthogonal", "opposite"), [(regression, 0, 2, 4), (negative_cosine, -1, 0, 1)]
)
def test_equal_orthogonal_and_opposite_vectors_give_the_limits(
    loss: Any, equal: float, orthogonal: float, opposite: float
) -> None:
    x, y = 3 * torch.eye(4)[:2], 0.1 * torch.eye(4)[2:]
    given = [loss(x, other).mean().item() for other in (7 * x, y, -x)]
    assert given == pytest.approx([equal, orthogonal, opposite], abs=1e-6)


def test_the_cosine_of_half_precision_vectors_is_taken_in_single_precision() -> None:
    x = torch.randn(6, 300).half()
    assert cosine_M(x, x).dtype == torch.float32
    torch.testing.assert_close(cosine_M(300 * x, x), torch.ones(6))


@pytest.mark.parametrize("kind", [BYOL, SimSiam])
def test_the_target_of_a_view_is_the_other_view_of_its_sample(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    objective.eval()
    backbone.eval()
    objective.predictor = nn.Identity()
    first, _ = make_views(kind.spec.needs, SAMPLES).inputs
    alike = objective(Views({"A": (first, first)}, torch.arange(SAMPLES)), backbone).loss
    shifted = objective(Views({"A": (first, first.roll(1, dims=0))}, torch.arange(SAMPLES)), backbone).loss
    assert alike.item() == pytest.approx(kind.spec.chance.value({}) - (2 if kind is BYOL else 1), abs=1e-5)
    assert shifted > alike + 1e-3


def test_simsiam_sends_no_gradient_through_its_targets() -> None:
    objective, backbone = make_learner(SimSiam, SAMPLES)
    objective.predictor = Severed()
    loss = objective(make_views(SimSiam.spec.needs, SAMPLES), backbone).loss
    assert not loss.requires_grad


def test_without_the_stopped_gradient_the_targets_send_one() -> None:
    objective, backbone = learner(SimSiam, ToyEncoder(), stop_gradient=False)
    objective.predictor = Severed()
    assert objective(toy_views(torch.Generator().manual_seed(0)), backbone).loss.requires_grad


class Severed(nn.Module):
    """A predictor through which no gradient flows, so that what is left has another way."""

    def forward(self, x: Tensor) -> Tensor:
        return x.detach() + 1


@pytest.mark.parametrize("kind", [BYOL, DINO])
def test_the_teacher_gets_no_gradient_and_moves_only_after_the_step(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    weights = [weight.clone() for weight in objective.teacher.parameters()]
    objective(make_views(kind.spec.needs, SAMPLES), backbone).loss.backward()
    assert all(weight.grad is None and not weight.requires_grad for weight in objective.teacher.parameters())
    with torch.no_grad():
        for weight in backbone.parameters():
            weight.add_(1)
    assert all(torch.equal(a, b) for a, b in zip(weights, objective.teacher.parameters(), strict=True))
    objective.after_step(backbone, 0.0)
    moved = next(iter(objective.teacher.parameters()))
    torch.testing.assert_close(moved, weights[0] + (1 - objective.config.momentum))


@pytest.mark.parametrize("kind", [BYOL, DINO])
@pytest.mark.parametrize(("progress", "momentum"), [(0.0, 0.99), (0.5, 0.995), (1.0, 1.0)])
def test_the_momentum_rises_along_half_a_cosine(kind: type[Objective], progress: float, momentum: float) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    objective.after_step(backbone, progress)
    step = objective(make_views(kind.spec.needs, SAMPLES), backbone)
    assert step.terms["momentum"].item() == pytest.approx(momentum)


# -- spread ------------------------------------------------------------------------------------------------------------


def test_isotropic_outputs_have_full_spread_and_dimensions() -> None:
    z = torch.randn(20000, 8, generator=torch.Generator().manual_seed(0))
    assert output_std(z).item() == pytest.approx(1, abs=0.02)
    assert output_dimensions(z).item() == pytest.approx(8, rel=0.02)
    assert spread_P(z).sum().item() == pytest.approx(1, abs=1e-5)


def test_equal_outputs_have_neither_spread_nor_dimensions() -> None:
    z = torch.ones(50, 8)
    assert output_std(z).item() == pytest.approx(0, abs=1e-6)
    assert output_dimensions(z).item() == pytest.approx(0, abs=1e-6)


def test_outputs_on_a_line_have_one_dimension() -> None:
    line = torch.randn(50, 1) * torch.randn(1, 8)
    assert output_dimensions(line).item() == pytest.approx(1, rel=1e-4)
    assert spread_P(line)[0].item() == pytest.approx(1, abs=1e-5)


# -- DINO --------------------------------------------------------------------------------------------------------------


def loop_distillation(teacher: list[Tensor], student: list[Tensor], own: list[int], centre: Tensor) -> Tensor:
    """Cross-entropies from raw outputs, one pair of views and one sample after another."""
    terms = []
    for place, out in zip(own, teacher, strict=True):
        for other, answer in enumerate(student):
            if other == place:
                continue
            for n in range(len(out)):
                p = torch.exp((out[n] - centre) / 0.04)
                q = torch.exp(answer[n] / 0.1)
                terms.append(-sum(p[k] / p.sum() * torch.log(q[k] / q.sum()) for k in range(len(centre))))
    return sum(terms) / len(terms)


@pytest.mark.parametrize(("globals_", "views"), [([0, 1], 2), ([0, 1], 5), ([2], 3)])
def test_the_loss_equals_a_loop_over_pairs_of_different_views(globals_: list[int], views: int) -> None:
    torch.manual_seed(views)
    teacher = torch.rand(len(globals_), 3, 6, dtype=torch.float64)
    student = torch.rand(views, 3, 6, dtype=torch.float64, requires_grad=True)
    centre = 0.1 * torch.randn(6, dtype=torch.float64)
    loss = between_views(sharpened(teacher, centre, 0.04), torch.log_softmax(student / 0.1, dim=-1), globals_).mean()
    naive = loop_distillation(list(teacher), list(student), globals_, centre)
    torch.testing.assert_close(loss, naive, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(*(torch.autograd.grad(x, student)[0] for x in (loss, naive)), rtol=1e-8, atol=1e-12)


def test_a_global_view_is_not_compared_with_itself() -> None:
    teacher = torch.softmax(torch.randn(1, 4, 5), dim=-1)
    student = torch.log_softmax(torch.randn(3, 4, 5), dim=-1)
    changed = student.clone()
    changed[1] = torch.log_softmax(torch.randn(4, 5), dim=-1)
    assert torch.allclose(between_views(teacher, student, [1]).mean(), between_views(teacher, changed, [1]).mean())
    assert not torch.allclose(between_views(teacher, student, [0]).mean(), between_views(teacher, changed, [0]).mean())


def test_constant_outputs_give_the_logarithm_of_the_prototypes() -> None:
    teacher = sharpened(torch.full((2, 4, 50), 0.3), torch.zeros(50), 0.04)
    student = torch.log_softmax(torch.full((4, 4, 50), 0.7) / 0.1, dim=-1)
    assert between_views(teacher, student, [0, 1]).mean().item() == pytest.approx(math.log(50), rel=1e-6)
    assert entropy(teacher).item() == pytest.approx(math.log(50), rel=1e-6)


def test_the_loss_agrees_with_lightlys() -> None:
    peer = pytest.importorskip("lightly.loss").DINOLoss(
        output_dim=20, warmup_teacher_temp=0.04, teacher_temp=0.04, warmup_teacher_temp_epochs=1, student_temp=0.1
    )
    torch.manual_seed(0)
    teacher, student = torch.randn(2, 6, 20), torch.randn(5, 6, 20)
    wanted = peer(list(teacher), list(student), epoch=0)
    loss = between_views(
        sharpened(teacher, torch.zeros(20), 0.04), torch.log_softmax(student / 0.1, dim=-1), [0, 1]
    ).mean()
    torch.testing.assert_close(loss, wanted, rtol=1e-5, atol=1e-6)


def crops(samples: int = SAMPLES) -> Views:
    """Two global views and two smaller ones."""
    g = torch.Generator().manual_seed(1)
    sizes = (8, 16, 16, 8)
    views = tuple(torch.randn(samples, 3, size, size, generator=g) for size in sizes)
    return Views({"A": views}, torch.arange(samples))


def test_the_teacher_sees_only_the_largest_views_and_the_embedding_is_theirs() -> None:
    objective, backbone = make_learner(DINO, SAMPLES)
    seen: list[torch.Size] = []
    objective.teacher.net.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    step = objective(crops(), backbone)
    assert seen == [torch.Size([2 * SAMPLES, 3, 16, 16])]
    assert step.embedding is not None
    assert len(step.embedding) == 2 * SAMPLES


def test_views_of_several_sizes_keep_their_places() -> None:
    objective, backbone = make_learner(DINO, SAMPLES)
    objective.eval()
    backbone.eval()
    views = crops()
    loss = objective(views, backbone).loss
    log_p = [torch.log_softmax(objective.head(backbone(view)) / 0.1, dim=-1) for view in views.inputs]
    p = [sharpened(objective.teacher(view), objective.centre, 0.04) for view in views.inputs[1:3]]
    torch.testing.assert_close(
        loss, between_views(torch.stack(p), torch.stack(log_p), [1, 2]).mean(), rtol=1e-4, atol=1e-5
    )


def test_the_centre_is_used_before_it_moves_to_the_batch() -> None:
    objective, backbone = make_learner(DINO, SAMPLES)
    views = make_views(DINO.spec.needs, SAMPLES)
    objective(views, backbone)
    assert torch.equal(objective.centre, torch.zeros_like(objective.centre))
    mean = objective.teacher(torch.cat(views.inputs)).mean(dim=0)
    objective.after_step(backbone, 0.5)
    torch.testing.assert_close(objective.centre, 0.1 * mean, rtol=1e-4, atol=1e-6)
    before = objective.centre.clone()
    objective.after_step(backbone, 0.6)
    assert torch.equal(objective.centre, before)


def test_prototypes_have_length_one_whatever_their_weights() -> None:
    head = DINOHead(8, DINOConfig(prototypes=30)).eval()
    h = torch.randn(5, 8)
    before = head(h)
    with torch.no_grad():
        head.prototypes.mul_(7)
    torch.testing.assert_close(head(h), before)
    assert before.abs().max() <= 1 + 1e-6


def test_the_head_for_transformers_has_no_batch_normalisation() -> None:
    head = DINOHead(8, DINOConfig(batch_norm=False, layers=3))
    assert not any(isinstance(part, nn.BatchNorm1d) for part in head.modules())
    h = torch.randn(6, 8)
    torch.testing.assert_close(head(h)[:2], head(h[:2]))


def test_prototypes_stay_while_frozen_and_learn_afterwards() -> None:
    objective, backbone = learner(DINO, build_backbone(Choice(id="tiny_cnn", width=8), 16), frozen=0.5)
    first = objective.head.prototypes.detach().clone()
    optimiser = torch.optim.AdamW([p for p in objective.parameters() if p.requires_grad], lr=0.01)
    same = []
    for progress in (0.25, 0.5, 0.75):
        objective(make_views(DINO.spec.needs, SAMPLES), backbone).loss.backward()
        optimiser.step()
        objective.after_step(backbone, progress)
        same.append(torch.equal(objective.head.prototypes, first))
    assert same == [True, True, False]


@pytest.mark.parametrize(("progress", "temperature"), [(0.0, 0.04), (0.1, 0.055), (0.2, 0.07), (1.0, 0.07)])
def test_the_teachers_temperature_rises_along_a_line(progress: float, temperature: float) -> None:
    objective, backbone = learner(DINO, ToyEncoder(), teacher_temperature=0.07, warmup=0.2)
    assert objective.temperature.item() == pytest.approx(0.04)
    objective.after_step(backbone, progress)
    assert objective.temperature.item() == pytest.approx(temperature)


def test_the_figures_are_sorted_distributions_and_the_centre() -> None:
    objective, backbone = make_learner(DINO, SAMPLES)
    objective(crops(), backbone)
    objective.after_step(backbone, 0.5)
    figures = objective.figures(crops(), backbone)
    assert figures["mean_output"].sum(axis=1) == pytest.approx([1, 1], abs=1e-4)
    assert (figures["mean_output"][0, :-1] >= figures["mean_output"][0, 1:]).all()
    assert sorted(figures["centre"]) == sorted(objective.centre.tolist())


# -- positive controls -------------------------------------------------------------------------------------------------


class ToyEncoder(Backbone):
    """A small network on vectors."""

    Config = Model
    width = 32

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 32))

    def features(self, x: Tensor) -> Tensor:
        features: Tensor = self.net(x)
        return features


def learner(kind: type[Objective], backbone: Backbone, **settings: Any) -> tuple[Objective, Backbone]:
    objective = kind(kind.Config(**settings), Facts(backbone.width, 0, 1000, 128))
    objective.attach(backbone)
    return objective, backbone


def toy_views(generator: torch.Generator) -> Views:
    x = torch.randn(128, 16, generator=generator)
    return Views({"A": tuple(x + 0.3 * torch.randn(x.shape, generator=generator) for _ in range(2))}, torch.arange(128))


def trained(kind: type[Objective], lr: float = 0.1, steps: int = 80, **settings: Any) -> dict[str, float]:
    """The terms at the end of a short training on vectors."""
    torch.manual_seed(0)
    objective, backbone = learner(kind, ToyEncoder(), **settings)
    parameters = [p for p in [*backbone.parameters(), *objective.parameters()] if p.requires_grad]
    optimiser = torch.optim.SGD(parameters, lr=lr, momentum=0.9)
    generator = torch.Generator().manual_seed(1)
    for number in range(steps):
        step = objective(toy_views(generator), backbone)
        optimiser.zero_grad()
        step.loss.backward()
        optimiser.step()
        objective.after_step(backbone, 0.5 * number / steps)
    return {"loss": step.loss.item(), **{name: value.item() for name, value in step.terms.items()}}


def test_byol_without_a_predictor_loses_its_spread_and_with_one_keeps_it() -> None:
    sound, broken = (trained(BYOL, momentum=0.9, predictor=predictor) for predictor in (True, False))
    assert sound["output_std"] > 0.85
    assert broken["output_std"] < 0.55
    assert broken["loss"] < sound["loss"]


def test_simsiam_without_the_stopped_gradient_loses_its_dimensions_and_with_it_keeps_them() -> None:
    sound, broken = (trained(SimSiam, stop_gradient=stopped) for stopped in (True, False))
    assert sound["output_dimensions"] > 10
    assert broken["output_dimensions"] < 6
    assert broken["loss"] < sound["loss"]
