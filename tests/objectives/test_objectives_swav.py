"""Balanced assignments and their swapped prediction, against loops and lightly, and what keeps them from collapse."""

from __future__ import annotations

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from objectives_batches import SIZE_PX, make_views
from torch import Tensor

from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts
from workbench.objectives.vision.clustering.swav import SwAV, SwAVConfig, assignment_terms, sinkhorn, swapped_loss
from workbench.plugins.specs import evaluate
from workbench.recipes.models import Choice
from workbench.views.base import Views

SAMPLES = 12


def make(seed: int = 0, **settings: object) -> tuple[SwAV, Backbone]:
    torch.manual_seed(seed)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    config = SwAVConfig(**{"prototypes": 8, "hidden": 16, "output": 8, **settings})
    return SwAV(config, Facts(backbone.width, 0, 100, SAMPLES)), backbone


def batch(seed: int = 0) -> Views:
    return make_views(SwAV.spec.needs, SAMPLES, seed)


def train(objective: SwAV, backbone: Backbone, shares: list[float], first: int = 0) -> None:
    optimiser = torch.optim.SGD([*backbone.parameters(), *objective.parameters()], lr=0.1, weight_decay=0.1)
    for number, progress in enumerate(shares, start=first):
        optimiser.zero_grad()
        objective(batch(number), backbone).loss.backward()
        optimiser.step()
        objective.after_step(backbone, progress)


def loop_sinkhorn(scores: list[list[float]], epsilon: float, rounds: int) -> list[list[float]]:
    """Rescale exp(scores / epsilon), one entry after another: columns to 1/K, rows to 1/N, as the paper says."""
    count, width = len(scores), len(scores[0])
    q = [[math.exp(entry / epsilon) for entry in row] for row in scores]
    for _ in range(rounds):
        for k in range(width):
            total = sum(q[n][k] for n in range(count))
            for n in range(count):
                q[n][k] /= total * width
        for n in range(count):
            total = sum(q[n])
            q[n] = [entry / (total * count) for entry in q[n]]
    return [[entry * count for entry in row] for row in q]


def loop_loss(q: Tensor, scores: Tensor, temperature: float) -> Tensor:
    """Equations 1 and 2, one pair of views, sample and prototype after another."""
    total, pairs = torch.zeros((), dtype=torch.float64), 0
    for a in range(len(q)):
        for v in range(len(scores)):
            if a == v:
                continue
            pairs += 1
            for n in range(scores.shape[1]):
                partition = sum(torch.exp(scores[v, n, j] / temperature) for j in range(scores.shape[2]))
                for k in range(scores.shape[2]):
                    p = torch.exp(scores[v, n, k] / temperature) / partition
                    total = total - q[a, n, k] * torch.log(p) / scores.shape[1]
    return total / pairs


def cosines(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


# -- Sinkhorn ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("samples", "prototypes"), [(7, 4), (4, 7)])
@pytest.mark.parametrize("rounds", [1, 3])
def test_assignments_equal_a_loop_over_the_matrix(samples: int, prototypes: int, rounds: int) -> None:
    scores = cosines(samples, prototypes)
    wanted = torch.tensor(loop_sinkhorn(scores.tolist(), 0.05, rounds))
    torch.testing.assert_close(sinkhorn(scores, 0.05, rounds), wanted, rtol=1e-4, atol=1e-6)


def test_assignments_equal_those_of_lightly() -> None:
    peer = pytest.importorskip("lightly.loss.swav_loss")
    scores = cosines(64, 32).float()
    torch.testing.assert_close(sinkhorn(scores, 0.05, 3), peer.sinkhorn(scores, 3, 0.05), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("rounds", "tolerance"), [(3, 0.3), (200, 0.01)])
def test_prototypes_get_equal_parts_of_the_batch(rounds: int, tolerance: float) -> None:
    q = sinkhorn(0.4 * cosines(96, 16), 0.05, rounds)
    torch.testing.assert_close(q.sum(dim=1), torch.ones(96), rtol=1e-5, atol=0)
    torch.testing.assert_close(q.sum(dim=0), torch.full((16,), 6.0), rtol=tolerance, atol=0)


def test_without_rounds_a_favoured_prototype_takes_everything() -> None:
    scores = cosines(96, 16) * 0.2
    scores[:, 3] = 1.0
    assert sinkhorn(scores, 0.05, 0).sum(dim=0)[3] > 95
    assert sinkhorn(scores, 0.05, 50).sum(dim=0)[3] == pytest.approx(6, rel=0.05)


def test_pictures_that_look_alike_are_assigned_to_all_prototypes_alike() -> None:
    q = sinkhorn(cosines(1, 16).expand(10, 16), 0.05, 3)
    torch.testing.assert_close(q, torch.full((10, 16), 1 / 16))


@pytest.mark.parametrize("epsilon", [0.05, 0.001])
def test_half_precision_scores_give_the_assignments_of_double_precision(epsilon: float) -> None:
    scores = cosines(16, 8).half()
    q = sinkhorn(scores, epsilon, 3)
    log_q = scores.double() / epsilon
    for _ in range(3):
        log_q = log_q - log_q.logsumexp(0)
        log_q = log_q - log_q.logsumexp(1, keepdim=True)
    assert q.isfinite().all()
    torch.testing.assert_close(q.double(), log_q.exp(), rtol=2e-3, atol=1e-5)


def test_rows_without_mass_have_no_influence_on_the_others() -> None:
    scores = cosines(20, 6)
    mass = torch.ones(20)
    mass[13:] = 0
    torch.testing.assert_close(sinkhorn(scores, 0.05, 3, mass)[:13], sinkhorn(scores[:13], 0.05, 3))


# -- the loss ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("assigning", "views"), [(2, 2), (2, 4), (1, 3)])
def test_value_and_gradient_equal_a_loop_over_pairs_of_different_views(assigning: int, views: int) -> None:
    scores = cosines(views, 3, 4).requires_grad_()
    q = cosines(assigning, 3, 4, seed=1).softmax(dim=-1)
    loss, naive = swapped_loss(q, scores, 0.1).mean(), loop_loss(q, scores, 0.1)
    torch.testing.assert_close(loss, naive, rtol=1e-10, atol=1e-12)
    (ours,), (wanted,) = torch.autograd.grad(loss, scores), torch.autograd.grad(naive, scores)
    torch.testing.assert_close(ours, wanted, rtol=1e-8, atol=1e-10)


def test_the_loss_of_two_large_and_two_small_views_equals_lightlys() -> None:
    peer = pytest.importorskip("lightly.loss.swav_loss").SwaVLoss(temperature=0.1, sinkhorn_epsilon=0.05)
    scores = cosines(4, 32, 8).float()
    q = torch.stack([sinkhorn(view, 0.05, 3) for view in scores[:2]])
    wanted = peer(list(scores[:2]), list(scores[2:]))
    torch.testing.assert_close(swapped_loss(q, scores, 0.1).mean(), wanted.squeeze(), rtol=1e-4, atol=1e-5)


def test_a_view_does_not_predict_its_own_assignment() -> None:
    scores = cosines(2, 5, 4).requires_grad_()
    q = cosines(1, 5, 4, seed=1).softmax(dim=-1)
    (gradient,) = torch.autograd.grad(swapped_loss(q, scores, 0.1).mean(), scores)
    assert torch.equal(gradient[0], torch.zeros_like(gradient[0]))
    assert (gradient[1] != 0).all()


def test_equal_scores_give_the_chance_level() -> None:
    chance = SwAV.spec.chance
    assert chance is not None
    q = cosines(2, 5, 16).softmax(dim=-1)
    wanted = chance.value({"prototypes": 16})
    assert swapped_loss(q, torch.ones(3, 5, 16, dtype=torch.float64), 0.1).mean().item() == pytest.approx(wanted)


def test_views_that_agree_on_a_prototype_each_reach_no_loss() -> None:
    sharp = torch.eye(6).expand(2, 6, 6)
    assert swapped_loss(sharp, sharp, 0.02).mean().item() == pytest.approx(0, abs=1e-6)


def test_terms_tell_one_prototype_from_many() -> None:
    even, alike = torch.eye(4).expand(2, 4, 4), torch.eye(4)[:1].expand(2, 4, 4)
    healthy, collapsed = assignment_terms(even, even), assignment_terms(torch.full((2, 4, 4), 0.25), alike)
    assert {name: value.item() for name, value in healthy.items()} == pytest.approx(
        {"prototype_entropy": 1, "prototype_usage": 1, "assignment_entropy": 0, "assignment_accuracy": 1}
    )
    assert collapsed["prototype_entropy"].item() == pytest.approx(0, abs=1e-6)
    assert collapsed["prototype_usage"].item() == pytest.approx(0.25)
    assert collapsed["assignment_entropy"].item() == pytest.approx(1)


# -- the objective -------------------------------------------------------------------------------------------------


def test_the_largest_views_assign_wherever_they_stand() -> None:
    objective, backbone = make()
    views = batch()
    small = tuple(F.avg_pool2d(view, 2) for view in views.inputs)
    last = Views({"local": small, "global": views.inputs}, views.index)
    first = Views({"global": views.inputs, "local": small}, views.index)
    step = objective(last, backbone)
    assert step.embedding is not None
    assert len(step.embedding) == 2 * SAMPLES
    torch.testing.assert_close(step.loss, objective(first, backbone).loss)


def test_assignments_have_no_gradient() -> None:
    objective, backbone = make()
    views = batch()
    z = [F.normalize(objective.projector(backbone(torch.cat(views.inputs))), dim=1) for _ in range(2)]
    protos = F.normalize(objective.prototypes, dim=1)
    fixed = (z[0].detach() @ protos.detach().T).unflatten(0, (2, SAMPLES))
    q = torch.tensor([loop_sinkhorn(view.tolist(), 0.05, 3) for view in fixed])
    wanted = swapped_loss(q, (z[1] @ protos.T).unflatten(0, (2, SAMPLES)), 0.1).mean()
    loss = objective(views, backbone).loss
    weights = [objective.prototypes, *objective.projector.parameters()]
    for ours, theirs in zip(torch.autograd.grad(loss, weights), torch.autograd.grad(wanted, weights), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_prototypes_are_held_to_the_bit_and_then_move_at_length_1() -> None:
    objective, backbone = make(freeze=0.5)
    start = objective.prototypes.detach().clone()
    train(objective, backbone, [0.25, 0.5])
    assert torch.equal(objective.prototypes, start)
    train(objective, backbone, [0.75, 1.0])
    assert (objective.prototypes - start).abs().max() > 1e-3
    torch.testing.assert_close(objective.prototypes.norm(dim=1), torch.ones(8))


def test_the_queue_stores_nothing_before_its_time_and_batches_after() -> None:
    objective, backbone = make(queue=30, queue_start=0.5)
    assert objective.queue is not None
    train(objective, backbone, [0.2, 0.4])
    assert objective.queue.filled() == 0
    train(objective, backbone, [0.6, 0.8])
    assert objective.queue.filled().item() == pytest.approx(2 * SAMPLES / 30)
    torch.testing.assert_close(objective.queue.rows.norm(dim=1), torch.ones(30))


def test_an_empty_queue_changes_no_loss_and_a_filled_one_does() -> None:
    objective, backbone = make(queue=30, queue_start=0.0)
    plain, _ = make(queue=0)
    plain.load_state_dict({name: t for name, t in objective.state_dict().items() if not name.startswith("queue")})
    assert torch.equal(objective(batch(), backbone).loss, plain(batch(), backbone).loss)
    objective.after_step(backbone, 0.1)
    assert not torch.equal(objective(batch(1), backbone).loss, plain(batch(1), backbone).loss)


def test_a_batch_enters_the_queue_after_the_step_only() -> None:
    objective, backbone = make(queue=30, queue_start=0.0)
    before = copy.deepcopy(objective.queue.state_dict()) if objective.queue is not None else {}
    objective(batch(), backbone)
    assert objective.queue is not None
    assert all(torch.equal(tensor, before[name]) for name, tensor in objective.queue.state_dict().items())


def test_a_run_taken_up_in_the_middle_ends_with_the_same_bits() -> None:
    whole, whole_backbone = make(queue=30, queue_start=0.3, freeze=0.3)
    shares = [0.25, 0.5, 0.75, 1.0]
    train(whole, whole_backbone, shares[:2])
    resumed, resumed_backbone = make(seed=5, queue=30, queue_start=0.3, freeze=0.3)
    resumed.load_state_dict(copy.deepcopy(whole.state_dict()))
    resumed_backbone.load_state_dict(copy.deepcopy(whole_backbone.state_dict()))
    for objective, backbone in ((whole, whole_backbone), (resumed, resumed_backbone)):
        train(objective, backbone, shares[2:], first=2)
    ours, wanted = resumed.state_dict(), whole.state_dict()
    assert all(torch.equal(ours[name], wanted[name]) for name in wanted)


def final_terms(rounds: int) -> dict[str, float]:
    """40 steps on 32 pictures and 16 prototypes that are free from the first step."""
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    objective = SwAV(SwAVConfig(prototypes=16, rounds=rounds, hidden=64, freeze=0), Facts(backbone.width, 0, 32, 32))
    noise = torch.Generator().manual_seed(1)
    pictures = torch.randn(32, 3, SIZE_PX, SIZE_PX, generator=noise)
    optimiser = torch.optim.Adam([*backbone.parameters(), *objective.parameters()], lr=3e-3)
    terms: dict[str, Tensor] = {}
    for number in range(40):
        pair = tuple(pictures + 0.5 * torch.randn(pictures.shape, generator=noise) for _ in range(2))
        optimiser.zero_grad()
        step = objective(Views({"A": pair}, torch.arange(32)), backbone)
        step.loss.backward()
        optimiser.step()
        objective.after_step(backbone, (number + 1) / 40)
        terms = dict(step.terms)
    return {name: value.item() for name, value in terms.items()}


def test_equal_parts_keep_all_prototypes_in_use() -> None:
    assert final_terms(rounds=3)["prototype_entropy"] > 0.9


def test_without_equal_parts_all_pictures_end_at_one_prototype() -> None:
    terms = final_terms(rounds=0)
    assert terms["prototype_entropy"] < 0.1
    assert terms["prototype_usage"] <= 2 / 16


def test_figures_show_how_sinkhorn_evens_out_the_assignments() -> None:
    objective, backbone = make()
    figures = objective.figures(batch(), backbone)
    assert figures["usage"].shape == (8,)
    assert figures["usage"].sum() == pytest.approx(1)
    assert figures["before"].shape == figures["after"].shape == (SAMPLES, 8)
    assert figures["after"].sum(axis=0).std() < figures["before"].sum(axis=0).std()
    assert figures["nearest"].shape == (8, 6, SIZE_PX, SIZE_PX, 3)
    assert figures["nearest"].min() >= 0
    assert figures["nearest"].max() <= 1


def test_prototypes_and_queue_are_bounded_by_the_training_split() -> None:
    bounds = {bound.setting: evaluate(bound.at_most, {"samples": 500}) for bound in SwAV.spec.needs.bounds}
    assert bounds == {"prototypes": 500, "queue": 500}
