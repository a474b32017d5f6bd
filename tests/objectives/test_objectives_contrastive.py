"""MoCo, MoCo v3, NNCLR and instance discrimination: losses against double loops, teachers, queues and banks."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from objectives_batches import make_learner, make_views
from torch import Tensor, nn

from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.contrast import age_bars, cosines, info_nce, matching, queue_terms
from workbench.objectives.queue import Queue
from workbench.objectives.vision.contrastive.instance_discrimination import (
    Bank,
    InstanceDiscrimination,
    drawn_negatives,
    instance_negatives,
    taught_by_seen,
)
from workbench.objectives.vision.contrastive.moco import MoCo, shuffled
from workbench.objectives.vision.contrastive.moco_v3 import MoCoV3, contrast
from workbench.objectives.vision.contrastive.nnclr import NNCLR, nearest
from workbench.recipes.models import Choice

SAMPLES = 6


def unit(*shape: int, seed: int = 0, grad: bool = False) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=g, dtype=torch.float64), dim=-1).requires_grad_(grad)


def learner(kind: type[Objective], **settings: Any) -> tuple[Any, Backbone]:
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), 16)
    objective = kind(kind.Config(**settings), Facts(backbone.width, 5, 40, SAMPLES))
    objective.attach(backbone)
    return objective, backbone


def dot(a: Tensor, b: Tensor) -> Tensor:
    return sum((x * y for x, y in zip(a, b, strict=True)), torch.zeros((), dtype=torch.float64))


def loop_cross_entropy(query: Tensor, candidates: list[Tensor], wanted: int, temperature: float) -> Tensor:
    powers = [torch.exp(dot(query, candidate) / temperature) for candidate in candidates]
    return -torch.log(powers[wanted] / sum(powers))


def assert_same(ours: Tensor, naive: Tensor, *inputs: Tensor) -> None:
    torch.testing.assert_close(ours, naive, rtol=1e-10, atol=1e-12)
    for a, b in zip(torch.autograd.grad(ours, inputs), torch.autograd.grad(naive, inputs), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_info_nce_equals_a_double_loop_in_value_and_gradient(temperature: float) -> None:
    q, k, queue = unit(4, 3, grad=True), unit(4, 3, seed=1), unit(7, 3, seed=2)
    ours = info_nce((q * k).sum(dim=1), q @ queue.T, temperature).mean()
    naive = sum(loop_cross_entropy(q[i], [k[i], *queue], 0, temperature) for i in range(4)) / 4
    assert_same(ours, naive, q)


def test_info_nce_of_equal_similarities_is_the_logarithm_of_all_candidates() -> None:
    assert info_nce(torch.ones(3), torch.ones(3, 9), 0.2).mean().item() == pytest.approx(math.log(10))


def test_info_nce_of_opposite_negatives_reaches_its_closed_form() -> None:
    wanted = math.log(1 + 9 * math.exp(-2 / 0.5))
    assert info_nce(torch.ones(3), -torch.ones(3, 9), 0.5).mean().item() == pytest.approx(wanted, rel=1e-5)


def test_info_nce_of_a_small_temperature_stays_finite() -> None:
    q, queue = unit(4, 8).float(), unit(20, 8, seed=1).float()
    assert info_nce(torch.ones(4), q @ queue.T, 0.001).mean().isfinite()


def test_info_nce_equals_that_of_lightly() -> None:
    ntxent = pytest.importorskip("lightly.loss").NTXentLoss(temperature=0.2, memory_bank_size=(16, 4))
    q, k = unit(5, 4).float(), unit(5, 4, seed=1).float()
    ntxent(q.clone().requires_grad_(), k)
    bank = ntxent.memory_bank.bank.clone()
    torch.testing.assert_close(info_nce((q * k).sum(dim=1), q @ bank.T, 0.2).mean(), ntxent(q, k))


def test_similarities_under_autocast_keep_single_precision() -> None:
    rows = unit(4, 32).float()
    with torch.autocast("cpu", torch.bfloat16):
        found = cosines(rows, rows)
    torch.testing.assert_close(found, (rows.double() @ rows.double().T).float(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_the_contrast_of_moco_v3_is_two_temperatures_times_a_double_loop(temperature: float) -> None:
    q, k = unit(5, 3, grad=True), unit(5, 3, seed=1)
    ours = contrast(q @ k.T, torch.arange(5), temperature).mean()
    naive = sum(loop_cross_entropy(q[i], list(k), i, temperature) for i in range(5)) * 2 * temperature / 5
    assert_same(ours, naive, q)


def test_a_batch_of_later_rows_finds_its_own_columns() -> None:
    sim = torch.eye(6)[3:] * 50
    assert matching(sim, torch.arange(3, 6), 1.0).mean().item() == pytest.approx(0, abs=1e-6)


def test_the_neighbour_is_the_nearest_of_a_double_loop() -> None:
    rows, queue = unit(6, 4).requires_grad_(), unit(9, 4, seed=1)
    found, similarity = nearest(rows, queue)
    for row, near, best in zip(rows, found, similarity, strict=True):
        products = [float(dot(row.detach(), candidate)) for candidate in queue]
        assert torch.equal(near, queue[products.index(max(products))])
        assert float(best) == pytest.approx(max(products), rel=1e-5)
    assert not found.requires_grad


def test_the_loss_of_nnclr_equals_a_double_loop_over_both_ways_round() -> None:
    objective, backbone = learner(NNCLR, queue=8)
    views = make_views(NNCLR.spec.needs, SAMPLES)
    loss = objective(views, backbone).loss
    z = objective.projector(backbone(torch.cat(views.inputs)))
    p1, p2 = F.normalize(objective.predictor(z).double(), dim=1).detach().split(SAMPLES)
    z1, z2 = z.detach().double().split(SAMPLES)
    total = torch.zeros((), dtype=torch.float64)
    for rows, predictions in ((z1, p2), (z2, p1)):
        for i in range(SAMPLES):
            near = max(objective.queue.rows.double(), key=lambda candidate, row=rows[i]: float(dot(row, candidate)))
            total = total + loop_cross_entropy(near, list(predictions), i, 0.1) / (2 * SAMPLES)
    assert loss.item() == pytest.approx(total.item(), rel=1e-4)


@pytest.mark.parametrize("kind", [MoCo, NNCLR])
def test_forward_leaves_the_queue_and_after_step_stores_the_batch(kind: type[Objective]) -> None:
    objective, backbone = learner(kind, queue=16)
    before = objective.queue.rows.clone()
    objective(make_views(kind.spec.needs, SAMPLES), backbone)
    assert torch.equal(objective.queue.rows, before)
    objective.after_step(backbone, 0.5)
    assert (objective.queue.age == 0).sum() == SAMPLES
    assert torch.equal(objective.queue.rows[SAMPLES:], before[SAMPLES:])


@pytest.mark.parametrize("kind", [MoCo, NNCLR])
def test_every_vector_of_the_queue_has_length_one_from_the_beginning(kind: type[Objective]) -> None:
    objective, backbone = learner(kind, queue=10)
    for _ in range(4):
        torch.testing.assert_close(objective.queue.rows.norm(dim=1), torch.ones(10))
        objective(make_views(kind.spec.needs, SAMPLES), backbone)
        objective.after_step(backbone, 0.5)


@pytest.mark.parametrize("kind", [MoCo, NNCLR])
def test_a_second_after_step_stores_nothing_twice(kind: type[Objective]) -> None:
    objective, backbone = learner(kind, queue=16)
    objective(make_views(kind.spec.needs, SAMPLES), backbone)
    objective.after_step(backbone, 0.5)
    objective.after_step(backbone, 0.5)
    assert (objective.queue.age >= 0).sum() == SAMPLES


def test_the_symmetric_loss_of_moco_is_the_mean_of_both_halves_against_one_queue() -> None:
    both, backbone = learner(MoCo, symmetric=True, queue=16)
    one, _ = learner(MoCo, queue=16)
    one.load_state_dict(both.state_dict())
    for module in (both, one, backbone):
        module.eval()
    views = make_views(MoCo.spec.needs, SAMPLES)
    swapped = type(views)({"A": views.inputs[::-1]}, views.index)
    halves = [one(given, backbone).loss for given in (views, swapped)]
    torch.testing.assert_close(both(views, backbone).loss, (halves[0] + halves[1]) / 2)
    both.after_step(backbone, 0.5)
    assert both.queue.age.max() == 0
    assert (both.queue.age == 0).sum() == 2 * SAMPLES


@pytest.mark.parametrize(("head", "linears"), [("linear", 1), ("mlp", 2)])
def test_the_head_of_each_version_has_its_layers_and_no_batch_normalisation(head: str, linears: int) -> None:
    objective, _ = learner(MoCo, head=head)
    parts = list(objective.head.modules())
    assert sum(isinstance(part, nn.Linear) for part in parts) == linears
    assert not any(isinstance(part, nn.BatchNorm1d) for part in parts)


@pytest.mark.parametrize("kind", [MoCo, MoCoV3])
def test_the_momentum_encoder_has_no_gradient_and_no_trained_weights(kind: type[Objective]) -> None:
    objective, backbone = learner(kind)
    objective(make_views(kind.spec.needs, SAMPLES), backbone).loss.backward()
    assert all(p.grad is None and not p.requires_grad for p in objective.teacher.parameters())


@pytest.mark.parametrize(("momentum", "kept"), [(0.0, 0.0), (1.0, 1.0), (0.75, 0.75)])
def test_the_momentum_encoder_of_moco_keeps_its_share_of_weights(momentum: float, kept: float) -> None:
    objective, backbone = learner(MoCo, momentum=momentum)
    with torch.no_grad():
        for p in backbone.parameters():
            p.add_(1.0)
    before = [p.clone() for p in objective.teacher.net[0].parameters()]
    objective.after_step(backbone, 0.5)
    for own, old, new in zip(objective.teacher.net[0].parameters(), before, backbone.parameters(), strict=True):
        torch.testing.assert_close(own, kept * old + (1 - kept) * new)


def test_the_momentum_encoder_of_moco_v3_stands_still_at_the_end_of_the_run() -> None:
    objective, backbone = learner(MoCoV3)
    with torch.no_grad():
        for p in backbone.parameters():
            p.add_(1.0)
    before = [p.clone() for p in objective.teacher.parameters()]
    objective.after_step(backbone, 1.0)
    assert all(torch.equal(a, b) for a, b in zip(before, objective.teacher.parameters(), strict=True))


def test_keys_in_shuffled_groups_come_back_in_order() -> None:
    x = torch.randn(10, 3)
    assert torch.equal(shuffled(nn.Identity(), x, 4), x)


def test_keys_in_groups_have_batch_statistics_of_their_group() -> None:
    norm = nn.BatchNorm1d(3, affine=False)
    x = torch.randn(16, 3)
    assert not torch.allclose(shuffled(norm, x, 2), norm(x), atol=1e-3)


def test_random_keys_in_the_queue_of_moco_are_easier_than_real_ones() -> None:
    objective, backbone = learner(MoCo, queue=36)
    losses = []
    for seed in range(7):
        losses.append(objective(make_views(MoCo.spec.needs, SAMPLES, seed=seed), backbone).loss.item())
        objective.after_step(backbone, 0.0)
    assert losses[0] < losses[-1] < math.log(37)


def test_queue_terms_are_the_means_that_their_names_say() -> None:
    terms = queue_terms(torch.tensor([0.9, 0.1]), torch.tensor([[0.2, 0.4], [0.0, 0.2]]))
    assert terms["positive_similarity"].item() == pytest.approx(0.5)
    assert terms["negative_similarity"].item() == pytest.approx(0.2)
    assert terms["contrastive_accuracy"].item() == pytest.approx(0.5)


def test_the_age_of_the_queue_counts_pushes_since_a_stretch_was_stored() -> None:
    queue = Queue(4, 2)
    queue.push(unit(1, 2))
    queue.push(unit(2, 2, seed=1))
    assert age_bars(queue).tolist() == [1, 0, 0, -1]


def filled_queue(length: int, batch: int) -> Queue:
    """A queue through which as many batches went as it holds."""
    queue = Queue(length, 2)
    for _ in range(length // batch):
        queue.push(torch.ones(batch, 2))
    return queue


def test_the_mean_age_of_a_queue_is_that_of_its_real_vectors() -> None:
    queue = Queue(6, 2)
    assert queue.mean_age().item() == 0
    for rows in (1, 2, 2):
        queue.push(unit(rows, 2))
    assert queue.mean_age().item() == pytest.approx((2 + 1 + 1 + 0 + 0) / 5)


def test_the_drift_of_a_queue_is_the_share_of_a_weight_that_following_replaced() -> None:
    queue, momentum = Queue(4, 2), 0.7
    share_of_vector: list[float] = []
    for _ in range(3):
        share_of_vector = [share * momentum for share in share_of_vector] + [1.0]
        queue.push(unit(1, 2))
    replaced = [1 - share for share in share_of_vector]
    assert queue.drift(momentum).item() == pytest.approx(sum(replaced) / 3, rel=1e-5)


def test_a_teacher_that_stands_still_leaves_the_queue_as_it_is_and_one_that_copies_makes_it_stale() -> None:
    queue = filled_queue(64, 1)
    assert queue.drift(1.0).item() == 0
    assert queue.drift(0.0).item() == pytest.approx(63 / 64)
    assert Queue(4, 2).drift(0.0).item() == 0


@pytest.mark.parametrize(
    ("length", "batch", "momentum", "stale"),
    [
        (65536, 256, 0.999, False),
        (4096, 256, 0.99, False),
        (4096, 32, 0.99, False),
        (4096, 256, 0.9, False),
        (4096, 256, 0.0, True),
        (65536, 256, 0.9, True),
    ],
)
def test_the_limit_of_a_stale_queue_parts_settings_that_train_from_those_that_do_not(
    length: int, batch: int, momentum: float, stale: bool
) -> None:
    (limit,) = (float(alarm.above) for alarm in MoCo.spec.alarms if alarm.metric == "queue_drift")
    assert (filled_queue(length, batch).drift(momentum).item() > limit) == stale


def test_the_age_of_the_bank_counts_steps_since_the_seen_pictures_were_stored() -> None:
    bank = Bank(5, 2)
    assert bank.mean_age().item() == 0
    for index in ([0, 1], [2], [1]):
        bank.store(torch.tensor(index), unit(len(index), 2).float(), 0.5)
    assert bank.mean_age().item() == pytest.approx((2 + 0 + 1) / 3)


def test_the_loss_against_the_bank_equals_a_double_loop_over_all_pictures() -> None:
    bank, index = unit(7, 3), torch.tensor([2, 5, 0])
    f = unit(3, 3, seed=1).float().requires_grad_()
    others = instance_negatives(f, bank, index, torch.arange(7))
    ours = info_nce((f * bank[index].float()).sum(dim=1), others, 0.1).mean()
    naive = sum(loop_cross_entropy(f[i].double(), list(bank), int(index[i]), 0.1) for i in range(3)) / 3
    assert ours.item() == pytest.approx(naive.item(), rel=1e-5)
    torch.testing.assert_close(torch.autograd.grad(ours, f)[0], torch.autograd.grad(naive, f)[0], rtol=1e-4, atol=1e-5)


def test_a_picture_drawn_as_its_own_negative_is_left_out() -> None:
    bank, index = unit(5, 3), torch.tensor([1, 4])
    others = instance_negatives(unit(2, 3, seed=1), bank, index, torch.tensor([1, 2, 1]))
    assert others.isinf().tolist() == [[True, False, True], [False, False, False]]


def test_pictures_without_a_stored_vector_count_as_a_guess_and_teach_nothing() -> None:
    positive, others = torch.rand(4, requires_grad=True), torch.rand(4, 6, requires_grad=True)
    seen = torch.tensor([True, False, False, True])
    loss = taught_by_seen(positive, others, seen, 0.1).mean()
    known = info_nce(positive[seen], others[seen], 0.1).mean()
    assert loss.item() == pytest.approx((known.item() + math.log(7)) / 2, rel=1e-6)
    ours, wanted = (torch.autograd.grad(value, (positive, others)) for value in (loss, known / 2))
    for mine, theirs in zip(ours, wanted, strict=True):
        torch.testing.assert_close(mine, theirs)
        assert not mine[~seen].any()


def test_a_picture_left_out_as_its_own_negative_stays_out_before_it_has_a_vector() -> None:
    others = torch.tensor([[0.5, -torch.inf, 0.2]])
    loss = taught_by_seen(torch.tensor([0.3]), others, torch.tensor([False]), 0.1).mean()
    assert loss.item() == pytest.approx(math.log(3), rel=1e-6)


def test_the_bank_moves_the_seen_pictures_and_no_other() -> None:
    bank = Bank(4, 2)
    old, first, second = bank.rows.clone(), unit(1, 2).float(), unit(1, 2, seed=1).float()
    bank.store(torch.tensor([2]), first, 0.5)
    torch.testing.assert_close(bank.rows[2], first[0])
    bank.store(torch.tensor([2]), second, 0.25)
    torch.testing.assert_close(bank.rows[2], F.normalize(first[0] + 3 * second[0], dim=0))
    assert torch.equal(bank.rows[[0, 1, 3]], old[[0, 1, 3]])
    assert bank.seen.tolist() == [False, False, True, False]


def test_the_bank_is_written_after_the_step_only() -> None:
    objective, backbone = learner(InstanceDiscrimination)
    objective(make_views(InstanceDiscrimination.spec.needs, SAMPLES), backbone)
    assert not objective.bank.seen.any()
    objective.after_step(backbone, 0.5)
    assert objective.bank.seen.sum() == SAMPLES


def test_more_negatives_than_pictures_take_every_picture_once() -> None:
    cpu = torch.device("cpu")
    assert drawn_negatives(40, 39, cpu).tolist() == list(range(40))
    assert drawn_negatives(40, 10, cpu).shape == (10,)


@pytest.mark.parametrize("kind", [MoCo, MoCoV3, NNCLR])
def test_the_figure_shows_at_most_32_queries_and_keys(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, 48)
    figure = objective.figures(make_views(kind.spec.needs, 48), backbone)["similarity"]
    assert figure.shape == (32, 32)
    assert abs(figure).max() <= 1 + 1e-5
