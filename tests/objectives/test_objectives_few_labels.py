"""Learning from few labels: losses against double loops, what gets no gradient, schedules, and worst changes."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from objectives_batches import CLASSES, make_learner, make_views
from torch import Tensor, nn

from workbench.core.errors import RecipeError
from workbench.models.modes import unrecorded
from workbench.objectives.base import Facts, Objective
from workbench.objectives.build import build_objective
from workbench.objectives.vision.baseline import fixmatch, uda
from workbench.objectives.vision.baseline.fixmatch import FixMatch
from workbench.objectives.vision.baseline.pseudo_label import PseudoLabel, pseudo_label_loss, ramp
from workbench.objectives.vision.baseline.s4l import S4L
from workbench.objectives.vision.baseline.semi import (
    FewLabels,
    common_terms,
    divergence_M,
    log_probabilities,
    shown_first,
)
from workbench.objectives.vision.baseline.uda import UDA, annealed_cross_entropy, annealed_threshold
from workbench.objectives.vision.baseline.vat import VAT, entropy_M, random_directions, unit_length, worst_direction
from workbench.recipes.models import Choice
from workbench.views.base import Views

KINDS: list[type[FewLabels]] = [PseudoLabel, VAT, UDA, FixMatch, S4L]
each = pytest.mark.parametrize("kind", KINDS, ids=[kind.spec.id for kind in KINDS])
LABELS = [-1, 2, -1, -1, 0, -1, -1, 1]


def logits(seed: int, scale: float = 2.0) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(len(LABELS), 3, dtype=torch.float64, generator=g)).requires_grad_()


def shares(row: Tensor) -> list[Tensor]:
    total = sum(torch.exp(value) for value in row)
    return [torch.exp(value) / total for value in row]


def assert_same(ours: Tensor, naive: Tensor, *inputs: Tensor) -> None:
    """Value and gradient."""
    torch.testing.assert_close(ours, naive, rtol=1e-12, atol=1e-14)
    for x in inputs:
        gradients = [torch.autograd.grad(value, x, retain_graph=True)[0] for value in (ours, naive)]
        torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-14)


def likeliest(row: Tensor) -> tuple[int, float]:
    values = [float(share) for share in shares(row.detach())]
    return max(range(len(values)), key=values.__getitem__), max(values)


def with_labels(views: Views, labels: Tensor) -> Views:
    return Views(views.branches, views.index, labels, views.targets)


# -- losses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.0, 0.8])
def test_the_pseudo_label_loss_equals_a_double_loop(threshold: float) -> None:
    x = logits(0, scale=4.0)
    naive, unlabelled = torch.zeros((), dtype=torch.float64), 0
    for row, label in zip(x, LABELS, strict=True):
        guess, sure = likeliest(row)
        unlabelled += label < 0
        if label < 0 and sure >= threshold:
            naive = naive - torch.log(shares(row)[guess])
    assert_same(pseudo_label_loss(log_probabilities(x), torch.tensor(LABELS), threshold), naive / unlabelled, x)


def test_the_consistency_of_fixmatch_equals_a_double_loop() -> None:
    weak, strong = logits(1), logits(2)
    naive, unlabelled = torch.zeros((), dtype=torch.float64), 0
    for before, after, label in zip(weak, strong, LABELS, strict=True):
        guess, sure = likeliest(before)
        unlabelled += label < 0
        if label < 0 and sure >= 0.7:
            naive = naive - torch.log(shares(after)[guess])
    ours = fixmatch.consistency_loss(log_probabilities(weak), log_probabilities(strong), torch.tensor(LABELS), 0.7)
    assert_same(ours, naive / unlabelled, strong)


def test_the_consistency_of_uda_equals_a_double_loop() -> None:
    weak, strong = logits(3), logits(4)
    naive, unlabelled = torch.zeros((), dtype=torch.float64), 0
    for before, after, label in zip(weak, strong, LABELS, strict=True):
        unlabelled += label < 0
        if label >= 0 or likeliest(before)[1] < 0.6:
            continue
        sharp = [share.detach() for share in shares(before / 0.4)]
        for target, share in zip(sharp, shares(after), strict=True):
            naive = naive + target * (torch.log(target) - torch.log(share))
    ours = uda.consistency_loss(weak, log_probabilities(strong), torch.tensor(LABELS), 0.6, 0.4)
    assert_same(ours, naive / unlabelled, strong)


def test_the_annealed_cross_entropy_equals_a_loop_over_labels_that_are_not_known_yet() -> None:
    x, eta = logits(5, scale=0.5), 0.4
    kept = [(row, label) for row, label in zip(x, LABELS, strict=True) if label >= 0 and shares(row)[label] < eta]
    assert 0 < len(kept) < 3
    naive = sum((-torch.log(shares(row)[label]) for row, label in kept), torch.zeros(())) / len(kept)
    ours, released = annealed_cross_entropy(log_probabilities(x), torch.tensor(LABELS), torch.tensor(eta))
    assert_same(ours, naive, x)
    assert released.item() == pytest.approx(len(kept) / 3)


def test_divergence_and_entropy_equal_double_loops() -> None:
    x, y = logits(6), logits(7)
    naive = torch.stack([sum(p * torch.log(p / q) for p, q in zip(shares(a), shares(b), strict=True)) for a, b in zip(x, y, strict=True)])  # fmt: skip  # noqa: E501
    assert_same(divergence_M(log_probabilities(x), log_probabilities(y)).sum(), naive.sum(), x, y)
    entropies = torch.stack([-sum(p * torch.log(p) for p in shares(row)) for row in x])
    assert_same(entropy_M(log_probabilities(x)).sum(), entropies.sum(), x)


@pytest.mark.parametrize("module", [fixmatch, uda])
def test_what_gives_the_pseudo_label_gets_no_gradient(module) -> None:
    weak, strong = logits(1), logits(2)
    given = log_probabilities(weak) if module is fixmatch else weak
    settings = (0.5,) if module is fixmatch else (0.5, 0.4)
    loss = module.consistency_loss(given, log_probabilities(strong), torch.tensor(LABELS), *settings)
    assert loss > 0
    assert torch.autograd.grad(loss, weak, allow_unused=True) == (None,)


def test_a_threshold_that_nobody_reaches_teaches_nothing() -> None:
    weak, strong = logits(1, scale=0.1), logits(2)
    loss = fixmatch.consistency_loss(log_probabilities(weak), log_probabilities(strong), torch.tensor(LABELS), 0.95)
    assert loss == 0
    assert torch.autograd.grad(loss, strong)[0].abs().sum() == 0


def test_shares_count_the_unlabelled_samples_only() -> None:
    log_p = log_probabilities(torch.tensor([[9.0, 0], [0, 0], [9, 0], [0, 9]]))
    terms = common_terms(torch.ones(()), torch.ones(()), log_p, torch.tensor([-1, -1, 0, 0]), 0.9)
    assert terms["share_above"].item() == 0.5
    assert terms["accuracy"].item() == 0.5


# -- schedules -----------------------------------------------------------------------------------------------------


def test_pseudo_labels_begin_late_and_rise_in_a_line() -> None:
    found = [ramp(torch.tensor(done), 0.2, 0.6).item() for done in (0.0, 0.2, 0.3, 0.4, 0.6, 1.0)]
    assert found == pytest.approx([0, 0, 0.25, 0.5, 1, 1])


@pytest.mark.parametrize(("schedule", "half"), [("linear", 0.5), ("log", 1 - math.exp(-2.5)), ("exp", math.exp(-2.5))])
def test_labels_are_released_from_one_in_k_to_all(schedule: uda.Annealing, half: float) -> None:
    found = [annealed_threshold(torch.tensor(done), schedule, 10).item() for done in (0.0, 0.5, 1.0)]
    assert found[1] == pytest.approx(half * 0.9 + 0.1)
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.1, abs=0.01)
    assert found[2] == pytest.approx(1, abs=0.01)


def test_without_annealing_every_label_is_learned() -> None:
    x = logits(5)
    eta = annealed_threshold(torch.zeros(()), "none", 3)
    assert annealed_cross_entropy(log_probabilities(x), torch.tensor(LABELS), eta)[1] == 1


@pytest.mark.parametrize("kind", [PseudoLabel, UDA])
def test_how_far_the_run_is_belongs_to_the_state(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, 8)
    objective.after_step(backbone, 0.75)
    fresh, _ = make_learner(kind, 8)
    fresh.load_state_dict(objective.state_dict())
    assert fresh.done.item() == 0.75


# -- batches -------------------------------------------------------------------------------------------------------


@each
def test_a_batch_without_any_label_has_a_finite_loss_and_no_supervised_part(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, 12)
    views = make_views(kind.spec.needs, 12)
    step = objective(with_labels(views, torch.full((12,), -1)), backbone)
    step.loss.backward()
    assert step.loss.isfinite()
    assert step.terms["supervised_loss"] == 0
    assert all(p.grad is None or p.grad.isfinite().all() for p in [*backbone.parameters(), *objective.parameters()])


@each
def test_hidden_labels_do_not_matter(kind: type[Objective]) -> None:
    views = make_views(kind.spec.needs, 12)
    hidden = views.labels.clone()
    hidden[4:] = -1
    found = []
    for labels in (views.labels, (views.labels + 1) % CLASSES):
        objective, backbone = make_learner(kind, 12)
        found.append(objective(with_labels(views, torch.where(hidden < 0, -1, labels)), backbone).loss)
    assert found[0] != found[1]
    objective, backbone = make_learner(kind, 12)
    assert torch.equal(objective(with_labels(views, hidden), backbone).loss, found[0])


@each
def test_no_classes_are_refused_at_the_recipe(kind: type[Objective]) -> None:
    with pytest.raises(RecipeError, match=r"objective\.id.*needs labels"):
        build_objective(Choice(id=kind.spec.id), Facts(width=8, classes=0, samples=10, batch_size=4))


@each
def test_every_figure_of_the_spec_is_shown(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, 12)
    figures = objective.figures(make_views(kind.spec.needs, 12), backbone)
    assert set(figures) == {figure.name for figure in kind.spec.figures}
    assert figures["balance"].sum() == pytest.approx(1)
    if "pictures" in figures:
        assert len(figures["pictures"]) == len(figures["confidence"]) == 8
        assert 0 <= figures["pictures"].min() <= figures["pictures"].max() <= 1


def test_pictures_without_a_label_are_shown_first() -> None:
    views = make_views(FixMatch.spec.needs, 6)
    labels = torch.tensor([0, -1, 1, -1, -1, 2])
    assert shown_first(with_labels(views, labels)).tolist() == [1, 3, 4, 0, 2, 5]


def test_s4l_is_the_sum_of_the_labels_and_the_turns() -> None:
    objective, backbone = make_learner(S4L, 12)
    step = objective(make_views(S4L.spec.needs, 12), backbone)
    torch.testing.assert_close(step.loss, step.terms["supervised_loss"] + step.terms["unsupervised_loss"])


# -- the worst change ----------------------------------------------------------------------------------------------


class Quadratic(nn.Module):
    """A divergence r^T A r of each sample, whose worst direction is the first eigenvector of A."""

    def __init__(self) -> None:
        super().__init__()
        basis, _ = torch.linalg.qr(torch.randn(12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
        self.worst = basis[:, 0]
        self.matrix = basis @ torch.diag(torch.tensor([9.0, *[1.0] * 11], dtype=torch.float64)) @ basis.T

    def forward(self, r: Tensor) -> Tensor:
        flat = r.flatten(1)
        return ((flat @ self.matrix) * flat).sum(dim=1)


def test_power_iterations_find_the_direction_in_which_the_answer_changes_most() -> None:
    quadratic = Quadratic()
    start = unit_length(torch.randn(5, 3, 2, 2, dtype=torch.float64))
    found = worst_direction(quadratic, start, xi=0.5, iterations=8).flatten(1)
    torch.testing.assert_close((found @ quadratic.worst).abs(), torch.ones(5, dtype=torch.float64))


def test_the_probe_in_float32_finds_the_direction_of_a_tiny_one_in_float64() -> None:
    objective, backbone = make_learner(VAT, 16)
    views = make_views(VAT.spec.needs, 16, count=1)
    x = views.inputs[0]
    start = random_directions(views.index, 1, objective.steps, objective.key, x.shape)
    found = []
    for dtype, xi in ((torch.float32, objective.config.xi), (torch.float64, 1e-6)):
        net = copy.deepcopy(nn.Sequential(backbone, objective.head)).to(dtype)
        given = log_probabilities(net(x.to(dtype))).detach()
        answer = worst_direction(
            lambda r, net=net, given=given, dtype=dtype: divergence_M(given, log_probabilities(net(x.to(dtype) + r))),
            start.to(dtype),
            xi,
            1,
        )
        found.append(answer.double().flatten(1))
    assert (found[0] * found[1]).sum(dim=1).mean() > 0.9


def test_the_worst_change_alters_the_answer_more_than_a_random_one() -> None:
    objective, backbone = make_learner(VAT, 16)
    views = make_views(VAT.spec.needs, 16, count=1)
    x = views.inputs[0]
    given = log_probabilities(objective.head(backbone(x))).detach()
    random = objective.config.epsilon * random_directions(views.index, 1, objective.steps, objective.key, x.shape)
    worst = objective._worst_change(x, given, views, backbone)
    torch.testing.assert_close(worst.flatten(1).norm(dim=1), torch.full((16,), objective.config.epsilon))
    changes = [objective._divergence_M(x + r, given, backbone).mean() for r in (random, worst)]
    assert changes[1] > 3 * changes[0]


def test_directions_follow_the_sample_the_view_and_the_step_but_not_the_order() -> None:
    index, shape = torch.tensor([5, 9, 1]), torch.Size([6, 3, 4, 4])
    zero, key = torch.tensor(0), torch.tensor(77)
    found = random_directions(index, 2, zero, key, shape)
    turned = random_directions(index.flip(0), 2, zero, key, shape)
    assert torch.equal(turned.view(2, 3, -1).flip(1), found.view(2, 3, -1))
    assert len({round(float(row.sum()), 6) for row in found}) == 6
    assert not torch.equal(random_directions(index, 2, torch.tensor(1), key, shape), found)
    torch.testing.assert_close(found.flatten(1).norm(dim=1), torch.ones(6))


def test_random_directions_have_no_common_part() -> None:
    found = random_directions(torch.arange(2000), 1, torch.tensor(3), torch.tensor(1), torch.Size([2000, 3, 4, 4]))
    assert found.mean(dim=0).abs().max() < 5 / math.sqrt(48 * 2000)


def test_adversarial_passes_leave_the_running_statistics_to_the_pictures() -> None:
    views = make_views(VAT.spec.needs, 16)
    objective, backbone = make_learner(VAT, 16)
    plain = copy.deepcopy(backbone)
    objective(views, backbone)
    plain(torch.cat(views.inputs))
    assert all(torch.equal(a, b) for a, b in zip(backbone.buffers(), plain.buffers(), strict=True))


def test_unrecorded_passes_use_the_statistics_of_their_batch_and_tracking_goes_on_afterwards() -> None:
    norm, x = nn.BatchNorm1d(3), 5 + torch.randn(40, 3)
    with unrecorded(norm):
        out = norm(x)
    torch.testing.assert_close(out.mean(dim=0), torch.zeros(3), atol=1e-5, rtol=0)
    assert norm.num_batches_tracked == 0
    norm(x)
    assert norm.num_batches_tracked == 1


def test_unsteady_answers_are_what_vat_pays_for() -> None:
    objective, backbone = make_learner(VAT, 16)
    step = objective(make_views(VAT.spec.needs, 16), backbone)
    terms = step.terms
    torch.testing.assert_close(step.loss, terms["supervised_loss"] + terms["smoothness"] + terms["answer_entropy"])
    with torch.no_grad():
        objective.head.weight.zero_()
    assert objective(make_views(VAT.spec.needs, 16), backbone).terms["smoothness"] == 0
