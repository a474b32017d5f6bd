"""Mistakes that re-implementations make again and again, each asked of all objectives that could make it."""

from __future__ import annotations

import copy
import math
from collections import deque

import pytest
import torch
import torch.nn.functional as F
from objectives_batches import CLASSES, SIZE_PX, look_first, make_learner, make_views
from torch import nn

from workbench.engine.experiment import Learner
from workbench.models.optimisers import parameter_groups
from workbench.models.teacher import Teacher, rising_momentum
from workbench.objectives.base import Facts, Objective
from workbench.objectives.contrast import cosines, info_nce
from workbench.objectives.queue import Queue
from workbench.objectives.table import OBJECTIVES

SAMPLES = 16
each = pytest.mark.parametrize("kind", OBJECTIVES, ids=[kind.spec.id for kind in OBJECTIVES])
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def taught() -> list[type[Objective]]:
    """The objectives that keep a momentum teacher."""
    parts = {kind: list(make_learner(kind, SAMPLES)[0].modules()) for kind in OBJECTIVES}
    return [kind for kind, modules in parts.items() if any(isinstance(part, Teacher) for part in modules)]


with_a_teacher = pytest.mark.parametrize("kind", taught(), ids=lambda kind: kind.spec.id)


def teacher_of(objective: Objective) -> Teacher:
    return next(part for part in objective.modules() if isinstance(part, Teacher))


# -- batches and memories ----------------------------------------------------------------------------------------------


@each
def test_the_loss_is_made_from_the_batch_and_not_from_the_batch_size_of_the_recipe(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    look_first(objective, backbone, make_views(kind.spec.needs, 7))
    views, losses = make_views(kind.spec.needs, 7, seed=1), []
    for batch_size in (SAMPLES, 7):
        known = {"samples": 1000, "size": SIZE_PX, "steps_per_epoch": 40}
        objective.facts = Facts(backbone.width, CLASSES, batch_size=batch_size, **known)
        torch.manual_seed(7)  # an objective may draw noise
        losses.append(objective(views, backbone).loss)
    assert torch.equal(*losses)


@each
def test_a_batch_is_not_stored_before_its_loss_is_taken(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    before = copy.deepcopy(objective.state_dict())
    objective(make_views(kind.spec.needs, SAMPLES), backbone)
    kept = {name: value for name, value in objective.state_dict().items() if not name.endswith(STATISTICS)}
    assert [name for name, value in kept.items() if not torch.equal(value, before[name])] == []


@each
def test_what_changes_along_a_run_is_saved_with_it(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES, steps_per_epoch=1)
    unsaved = [name for name, _ in objective.named_buffers() if name not in objective.state_dict()]
    before = {name: objective.get_buffer(name).clone() for name in unsaved}
    for number in range(2):
        objective(make_views(kind.spec.needs, SAMPLES, seed=number), backbone)
        objective.after_step(backbone, (number + 1) / 2)
    assert [name for name in unsaved if not torch.equal(objective.get_buffer(name), before[name])] == []


@pytest.mark.parametrize("length", [5, 8, 13])
def test_a_queue_is_a_ring_for_batches_that_do_not_divide_it(length: int) -> None:
    queue, expected = Queue(length, 3), deque(maxlen=length)
    for number, samples in enumerate((3, 1, 5, 7, 13, 20, 2, 4)):
        rows = F.normalize(torch.randn(samples, 3, generator=torch.Generator().manual_seed(number)), dim=1)
        queue.push(rows)
        expected.extend(tuple(row) for row in rows.tolist())
        oldest_first = torch.cat([queue.rows[queue.next :], queue.rows[: queue.next]])
        assert {tuple(row) for row in expected} <= {tuple(row) for row in queue.rows.tolist()}
        if len(expected) == length and samples <= length:
            assert oldest_first.tolist() == [list(row) for row in expected]


def test_a_new_queue_of_random_directions_costs_the_logarithm_of_its_length_and_one() -> None:
    torch.manual_seed(0)
    queue, q_NP, k_NP = Queue(4096, 128), *F.normalize(torch.randn(2, 256, 128), dim=2)
    torch.testing.assert_close(queue.rows.norm(dim=1), torch.ones(4096))
    loss = info_nce((q_NP * k_NP).sum(dim=1), q_NP @ queue.rows.T, 0.2).mean()
    assert loss.item() == pytest.approx(math.log(4097), rel=0.02)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_small_temperature_on_half_precision_features_gives_the_loss_of_double_precision(dtype: torch.dtype) -> None:
    q_NP = F.normalize(torch.randn(64, 32, dtype=torch.float64), dim=1).to(dtype)
    wide = torch.cat([torch.ones(64, 1), q_NP.double() @ q_NP.double().T], dim=1) / 0.005
    found = info_nce(torch.ones(64), cosines(q_NP, q_NP), 0.005).mean()
    assert found.item() == pytest.approx((wide.logsumexp(dim=1) - wide[:, 0]).mean().item(), rel=1e-4)


# -- teachers ----------------------------------------------------------------------------------------------------------


@with_a_teacher
def test_a_teacher_gets_no_gradient_and_no_place_in_the_optimiser(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    objective(make_views(kind.spec.needs, SAMPLES), backbone).loss.backward()
    weights = list(teacher_of(objective).parameters())
    assert all(weight.grad is None for weight in weights)
    groups = parameter_groups(Learner(backbone, objective), weight_decay=0.1)
    assert not {id(weight) for weight in weights} & {id(p) for group in groups for p in group["params"]}


@with_a_teacher
def test_the_teacher_begins_as_the_encoder_that_is_trained(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    pairs = zip(backbone.parameters(), teacher_of(objective).parameters(), strict=False)  # heads may follow
    assert all(torch.equal(own, copied) and own is not copied for own, copied in pairs)


@with_a_teacher
def test_at_the_end_of_the_run_the_teacher_has_not_become_the_encoder(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    before = [weight.clone() for weight in teacher_of(objective).parameters()]
    with torch.no_grad():
        for weight in backbone.parameters():
            weight.add_(1)
    objective(make_views(kind.spec.needs, SAMPLES), backbone)
    objective.after_step(backbone, 1.0)
    moved = max((a - b).abs().max().item() for a, b in zip(before, teacher_of(objective).parameters(), strict=True))
    assert moved < 0.05


@pytest.mark.parametrize(("momentum", "share"), [(1.0, 0.0), (0.75, 0.25), (0.0, 1.0)])
def test_a_momentum_of_one_freezes_the_teacher_and_of_zero_copies_the_student(momentum: float, share: float) -> None:
    student = nn.Linear(3, 2)
    teacher = Teacher(student)
    before = copy.deepcopy(teacher.net)
    with torch.no_grad():
        student.weight.add_(4)
    teacher.follow(student, momentum)
    torch.testing.assert_close(teacher.net.weight, before.weight + 4 * share)
    assert torch.equal(teacher.net.bias, before.bias)


@pytest.mark.parametrize(("progress", "momentum"), [(0.0, 0.9), (0.5, 0.95), (1.0, 1.0)])
def test_the_momentum_goes_from_its_base_over_the_middle_to_one(progress: float, momentum: float) -> None:
    assert rising_momentum(0.9, progress) == pytest.approx(momentum)


def test_a_teachers_running_statistics_are_those_of_what_it_saw_and_not_of_the_beginning() -> None:
    student = nn.Sequential(nn.Linear(4, 4, bias=False), nn.BatchNorm1d(4))
    teacher = Teacher(student)
    for _ in range(200):
        teacher(3 + 2 * torch.randn(64, 4))
        teacher.follow(student, 0.9)
    norm = teacher.net[1]
    seen = teacher.net[0](3 + 2 * torch.randn(20_000, 4))
    torch.testing.assert_close(norm.running_mean, seen.mean(dim=0), rtol=0.05, atol=0.15)
    torch.testing.assert_close(norm.running_var, seen.var(dim=0), rtol=0.15, atol=0.05)
    assert torch.equal(student[1].running_mean, torch.zeros(4))


# -- optimisers --------------------------------------------------------------------------------------------------------


@each
def test_every_trained_weight_is_in_one_group_and_no_vector_is_decayed(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    learner = Learner(backbone, objective)
    groups = parameter_groups(learner, weight_decay=0.1)
    placed = [id(p) for group in groups for p in group["params"]]
    assert sorted(placed) == sorted({id(p) for p in learner.parameters() if p.requires_grad})
    decayed = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    assert [name for name, p in learner.named_parameters() if p.ndim < 2 and id(p) in decayed] == []
