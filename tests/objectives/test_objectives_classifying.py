"""Rotation prediction and the supervised baseline: cross-entropies against a double loop, ignored labels, confusion."""

from __future__ import annotations

import math

import pytest
import torch
from objectives_batches import CLASSES, make_learner, make_views
from torch import Tensor

from workbench.core.errors import RecipeError
from workbench.objectives.base import Facts
from workbench.objectives.build import build_objective
from workbench.objectives.figures import confusion_KK
from workbench.objectives.vision.baseline.supervised import Supervised, labelled_accuracy, labelled_cross_entropy
from workbench.objectives.vision.pretext.rotation import Rotation, rotation_loss
from workbench.recipes.models import Choice
from workbench.views.base import Views


def loop_cross_entropy(logits: Tensor, labels: list[int], smoothing: float = 0.0) -> Tensor:
    total, known, classes = torch.zeros((), dtype=torch.float64), 0, logits.shape[1]
    for row, label in zip(logits, labels, strict=True):
        if label < 0:
            continue
        known += 1
        partition = sum(torch.exp(value) for value in row)
        for k in range(classes):
            share = (1 - smoothing) * (k == label) + smoothing / classes
            total = total - share * torch.log(torch.exp(row[k]) / partition)
    return total / max(known, 1)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_labelled_cross_entropy_equals_a_double_loop_in_value_and_gradient(smoothing: float) -> None:
    logits = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    labels = [2, -1, 0, 1, -1, 2]
    loss = labelled_cross_entropy(logits, torch.tensor(labels), smoothing)
    naive = loop_cross_entropy(logits, labels, smoothing)
    assert loss.item() == pytest.approx(naive.item(), rel=1e-5)
    torch.testing.assert_close(*(torch.autograd.grad(v, logits)[0] for v in (loss, naive)), rtol=1e-5, atol=1e-7)


def test_rotation_loss_equals_a_double_loop_in_value_and_gradient() -> None:
    logits = torch.randn(7, 4, dtype=torch.float64, requires_grad=True)
    turns = [0, 1, 2, 3, 3, 1, 0]
    loss, naive = rotation_loss(logits, torch.tensor(turns)).mean(), loop_cross_entropy(logits, turns)
    assert loss.item() == pytest.approx(naive.item(), rel=1e-5)
    torch.testing.assert_close(*(torch.autograd.grad(v, logits)[0] for v in (loss, naive)), rtol=1e-5, atol=1e-7)


def test_a_batch_without_any_label_has_loss_zero_and_a_gradient_of_zero() -> None:
    logits = torch.randn(4, 3, requires_grad=True)
    loss = labelled_cross_entropy(logits, torch.full((4,), -1))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros(4, 3))
    assert labelled_accuracy(logits, torch.full((4,), -1)).item() == 0


def test_unlabelled_samples_do_not_move_the_classifier() -> None:
    objective, backbone = make_learner(Supervised, 8)
    views = make_views(Supervised.spec.needs, 8)
    labels = views.labels.clone()
    labels[3:] = -1
    loss = objective(Views(views.branches, views.index, labels), backbone.eval()).loss
    few = Views({"A": tuple(v[:3] for v in views.inputs)}, views.index[:3], labels[:3])
    torch.testing.assert_close(loss, objective(few, backbone).loss)


def test_every_view_is_classified_with_its_sample_label() -> None:
    objective, backbone = make_learner(Supervised, 8)
    views = make_views(Supervised.spec.needs, 8, count=3)
    single = [Views({"A": (v,)}, views.index, views.labels) for v in views.inputs]
    backbone.eval()
    mean = torch.stack([objective(one, backbone).loss for one in single]).mean()
    torch.testing.assert_close(objective(views, backbone).loss, mean)


def test_rotation_reads_its_targets_in_the_order_of_the_views() -> None:
    objective, backbone = make_learner(Rotation, 8)
    views = make_views(Rotation.spec.needs, 8, count=4)
    backbone.eval()
    turns = views.targets["rotation"]
    single = [Views({"A": (v,)}, views.index, None, {"rotation": turns[i : i + 1]}) for i, v in enumerate(views.inputs)]
    mean = torch.stack([objective(one, backbone).loss for one in single]).mean()
    torch.testing.assert_close(objective(views, backbone).loss, mean)


def test_rotation_learns_a_mark_that_turns_with_the_picture() -> None:
    objective, backbone = make_learner(Rotation, 32)
    upright = 0.1 * torch.randn(32, 3, 16, 16)
    upright[:, :, :4] += 2
    turned = tuple(torch.rot90(upright, turn, dims=(2, 3)) for turn in range(4))
    views = Views({"A": turned}, torch.arange(32), None, {"rotation": torch.arange(4)[:, None].expand(4, 32)})
    optimiser = torch.optim.Adam([*backbone.parameters(), *objective.parameters()], lr=3e-3)
    for _ in range(20):
        optimiser.zero_grad()
        step = objective(views, backbone)
        step.loss.backward()
        optimiser.step()
    assert step.terms["rotation_accuracy"].item() == 1
    assert step.loss.item() < 0.5 * math.log(4)
    assert objective.figures(views, backbone)["confusion"].shape == (4, 4)


def test_confusion_rows_are_shares_of_the_true_class() -> None:
    truth, guess = torch.tensor([0, 0, 0, 1, -1, 1]), torch.tensor([0, 0, 2, 1, 0, 0])
    figure = confusion_KK(truth, guess, 3)
    torch.testing.assert_close(figure, torch.tensor([[2 / 3, 0, 1 / 3], [0.5, 0.5, 0], [0, 0, 0]]))


def test_the_supervised_confusion_has_a_row_for_every_class() -> None:
    objective, backbone = make_learner(Supervised, 6)
    assert objective.figures(make_views(Supervised.spec.needs, 6), backbone)["confusion"].shape == (CLASSES, CLASSES)


def test_a_supervised_baseline_without_classes_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"objective\.id.*labels"):
        build_objective(Choice(id="supervised"), Facts(width=8, classes=0, samples=10, batch_size=4))
