"""Exemplar networks and geometric transforms: which class a picture gets, losses against loops, and figures."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from objectives_batches import SIZE_PX, make_learner, make_views
from torch import Tensor

from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts
from workbench.objectives.vision.pretext.exemplar import Exemplar, ExemplarConfig, classes_with
from workbench.objectives.vision.pretext.geometric_transform import GeometricTransform, transform_loss
from workbench.plugins.specs import evaluate
from workbench.recipes.models import Choice
from workbench.views.base import Views
from workbench.views.operations.known_transform import TRANSFORMS

SPLIT = 12


def make(exemplars: int) -> tuple[Exemplar, Backbone]:
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id="tiny_cnn", width=4), SIZE_PX).eval()
    return Exemplar(ExemplarConfig(exemplars=exemplars), Facts(backbone.width, 0, SPLIT, 4)), backbone


def batch(index: list[int], count: int = 2) -> Views:
    made = make_views(Exemplar.spec.needs, len(index), seed=sum(index), count=count)
    return Views(made.branches, torch.tensor(index))


def loop_cross_entropy(logits: Tensor, labels: list[int]) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for row, label in zip(logits.double(), labels, strict=True):
        total = total - torch.log(torch.exp(row[label]) / sum(torch.exp(value) for value in row))
    return total / len(labels)


# -- exemplar networks ---------------------------------------------------------------------------------------------


def test_pictures_get_the_next_free_numbers_until_there_are_none() -> None:
    start = torch.full((6,), -1)
    first = classes_with(start, torch.tensor([4, 1]), 3)
    assert first.tolist() == [-1, 0, -1, -1, 1, -1]
    second = classes_with(first, torch.tensor([5, 4, 0]), 3)
    assert second.tolist() == [2, 0, -1, -1, 1, -1]
    assert start.tolist() == [-1] * 6


def test_the_order_within_a_batch_does_not_matter() -> None:
    start = torch.tensor([-1, 0, -1, -1])
    assert torch.equal(classes_with(start, torch.tensor([3, 0]), 4), classes_with(start, torch.tensor([0, 3]), 4))


def test_the_loss_equals_a_loop_over_the_views_of_pictures_with_a_class() -> None:
    objective, backbone = make(exemplars=3)
    views = batch([7, 2, 9, 5])
    step = objective(views, backbone)
    logits = objective.head(backbone(torch.cat(views.inputs)))
    kept, labels = [0, 1, 3, 4, 5, 7], [2, 0, 1, 2, 0, 1]  # pictures 2, 5 and 7 in both views; 9 comes too late
    naive = loop_cross_entropy(logits[kept], labels)
    assert step.loss.item() == pytest.approx(naive.item(), rel=1e-5)
    assert step.terms["exemplar_share"].item() == pytest.approx(0.75)
    ours, wanted = (torch.autograd.grad(value, objective.head.weight)[0] for value in (step.loss, naive))
    torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-6)


def test_a_picture_keeps_its_class_when_it_comes_again() -> None:
    objective, backbone = make(exemplars=SPLIT)
    for index in ([7, 2], [3, 7], [2, 11]):
        objective(batch(index), backbone)
        objective.after_step(backbone, 0.1)
    assert {n: int(objective.classes[n]) for n in (2, 7, 3, 11)} == {2: 0, 7: 1, 3: 2, 11: 3}


def test_forward_gives_no_class_for_good() -> None:
    objective, backbone = make(exemplars=4)
    before = copy.deepcopy(objective.state_dict())
    objective(batch([0, 1, 2]), backbone)
    assert all(torch.equal(tensor, before[name]) for name, tensor in objective.state_dict().items())


def test_a_batch_beyond_the_exemplars_teaches_nothing() -> None:
    objective, backbone = make(exemplars=2)
    objective(batch([0, 1]), backbone)
    objective.after_step(backbone, 0.1)
    step = objective(batch([5, 6]), backbone)
    step.loss.backward()
    assert step.loss.item() == 0
    assert not any(p.grad.any() for p in backbone.parameters())


def test_exemplars_are_bounded_by_the_pictures_that_are_learned_from() -> None:
    bounds = {bound.setting: evaluate(bound.at_most, {"samples": 500}) for bound in Exemplar.spec.needs.bounds}
    assert bounds == {"exemplars": 500}


def test_the_figure_shows_a_copy_beside_the_picture_it_is_taken_for_most() -> None:
    objective, backbone = make(exemplars=SPLIT)
    views = batch([0, 1, 2])
    assert objective.figures(views, backbone) == {}
    objective(views, backbone)
    objective.after_step(backbone, 0.1)
    figure = objective.figures(views, backbone)["confused"]
    assert figure.shape == (3, 2, SIZE_PX, SIZE_PX, 3)
    logits = objective.head(backbone(views.inputs[0]))[:, :3]
    for n in range(3):
        rival = max((other for other in range(3) if other != n), key=lambda other: logits[n, other].item())
        assert (figure[n, 1] == figure[rival, 0]).all()


# -- geometric transforms ------------------------------------------------------------------------------------------


def test_the_transform_loss_equals_a_double_loop_in_value_and_gradient() -> None:
    logits = torch.randn(5, 14, dtype=torch.float64, requires_grad=True)
    labels = [0, 13, 4, 4, 9]
    loss, naive = transform_loss(logits, torch.tensor(labels)).mean(), loop_cross_entropy(logits, labels)
    assert loss.item() == pytest.approx(naive.item(), rel=1e-5)
    torch.testing.assert_close(*(torch.autograd.grad(v, logits)[0] for v in (loss, naive)), rtol=1e-4, atol=1e-6)


def test_a_guess_among_the_transforms_costs_the_chance_level() -> None:
    loss = transform_loss(torch.zeros(4, len(TRANSFORMS)), torch.tensor([0, 3, 7, 13])).mean()
    assert loss.item() == pytest.approx(GeometricTransform.spec.chance.value({}), rel=1e-6)
    assert loss.item() == pytest.approx(math.log(len(TRANSFORMS)), rel=1e-6)


def test_targets_are_read_in_the_order_of_the_views() -> None:
    objective, backbone = make_learner(GeometricTransform, 6)
    backbone.eval()
    views = make_views(GeometricTransform.spec.needs, 6, count=3)
    truth = views.targets["transform"]
    single = [
        Views({"A": (v,)}, views.index, None, {"transform": truth[i : i + 1]}) for i, v in enumerate(views.inputs)
    ]
    mean = torch.stack([objective(one, backbone).loss for one in single]).mean()
    torch.testing.assert_close(objective(views, backbone).loss, mean)


def test_the_confusion_has_a_row_and_a_column_for_every_transform() -> None:
    objective, backbone = make_learner(GeometricTransform, 6)
    figure = objective.figures(make_views(GeometricTransform.spec.needs, 6), backbone)["confusion"]
    assert figure.shape == (len(TRANSFORMS), len(TRANSFORMS))
