"""PIRL: its loss, what each of its two heads learns from, and what its bank keeps."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from objectives_batches import SIZE_PX, make_learner, make_views
from torch import Tensor

from workbench.core.errors import RunFailed
from workbench.data.base import Samples
from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts
from workbench.objectives.vision.contrastive.instance_discrimination import Bank
from workbench.objectives.vision.contrastive.pirl import PIRL, PIRLConfig, own_vector, weighted
from workbench.recipes.models import Choice
from workbench.views.base import Views
from workbench.views.pipeline import compile_views
from workbench.views.presets import PRESETS

SAMPLES, BANK = 6, 20
CPU = torch.device("cpu")


def unit(rows: int, seed: int = 0) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(rows, 5, generator=g, dtype=torch.float64), dim=1)


def bank_of(rows: Tensor) -> Bank:
    """A bank that holds these vectors as stored ones."""
    bank = Bank(*rows.shape)
    bank.rows, bank.seen = rows.detach(), torch.ones(len(rows), dtype=torch.bool)
    return bank


def learner(bank: int = BANK, **settings: object) -> tuple[PIRL, Backbone]:
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    return PIRL(PIRLConfig(**settings), Facts(backbone.width, 0, bank, SAMPLES)), backbone


def pair_of_pictures() -> Views:
    pictures = torch.randn(2, SAMPLES, 3, SIZE_PX, SIZE_PX, generator=torch.Generator().manual_seed(1))
    return Views({"A": tuple(pictures)}, torch.arange(SAMPLES))


def loop_loss(z: Tensor, bank: Tensor, index: list[int], chosen: list[int], temperature: float) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for row, own in zip(z, index, strict=True):
        others = [j for j in chosen if j != own]
        score = {j: sum(a * b for a, b in zip(row, bank[j], strict=True)) / temperature for j in [own, *others]}
        partition = torch.exp(score[own]) + sum(torch.exp(score[j]) for j in others)
        total = total + torch.log(partition) - score[own]
    return total / len(index)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
@pytest.mark.parametrize("chosen", [list(range(9)), [3, 7, 3, 1]])
def test_finding_ones_own_vector_equals_a_double_loop_in_value_and_gradient(
    temperature: float, chosen: list[int]
) -> None:
    z, rows, index = unit(4).requires_grad_(), unit(9, seed=1), [3, 0, 8, 1]
    ours, _, _ = own_vector(z, bank_of(rows), torch.tensor(index), torch.tensor(chosen), temperature)
    naive = loop_loss(z, rows, index, chosen, temperature)
    torch.testing.assert_close(ours.mean(), naive, rtol=1e-5, atol=1e-6, check_dtype=False)
    gradients = [torch.autograd.grad(value.mean(), z)[0] for value in (ours, naive)]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_loss_is_the_weighted_sum_of_both_searches(weight: float) -> None:
    objective, backbone = learner(weight=weight, transform="rotation")
    objective.bank.seen.fill_(True)
    views = pair_of_pictures()
    loss = objective(views, backbone).loss.item()
    heads = (objective.copy_head, objective.head)
    copy, picture = (
        loop_loss(
            torch.nn.functional.normalize(head(backbone(view)).detach().double(), dim=1),
            objective.bank.rows.double(),
            list(range(SAMPLES)),
            list(range(BANK)),
            0.1,
        )
        for head, view in zip(heads, reversed(views.inputs), strict=True)
    )
    assert loss == pytest.approx(float(weight * copy + (1 - weight) * picture), rel=1e-4)


@pytest.mark.parametrize(("weight", "idle"), [(0.0, "copy_head"), (1.0, "head")])
def test_a_weight_at_its_end_leaves_one_head_alone(weight: float, idle: str) -> None:
    objective, backbone = learner(weight=weight)
    objective.bank.seen.fill_(True)
    objective(make_views(PIRL.spec.needs, SAMPLES), backbone).loss.backward()
    moved = {name for name in ("head", "copy_head") if any(p.grad.any() for p in getattr(objective, name).parameters())}
    assert moved == {"head", "copy_head"} - {idle}


def test_half_the_weight_is_the_mean_of_both() -> None:
    assert weighted(torch.tensor(4.0), torch.tensor(2.0), 0.5) == 3


def test_equal_vectors_cost_the_logarithm_of_their_number() -> None:
    same = torch.nn.functional.normalize(torch.ones(BANK, 5), dim=1)
    loss, _, _ = own_vector(same[:4], bank_of(same), torch.arange(4), torch.arange(BANK), 0.1)
    assert loss.mean().item() == pytest.approx(math.log(BANK), rel=1e-5)
    names = {"negatives": 4096.0, "samples": float(BANK)}
    assert PIRL.spec.chance.value(names) == pytest.approx(math.log(BANK))


def test_vectors_that_stand_alone_cost_nothing() -> None:
    rows = torch.eye(8)
    loss, _, _ = own_vector(rows[:4], bank_of(rows), torch.arange(4), torch.arange(8), 0.05)
    assert loss.mean().item() == pytest.approx(0, abs=1e-6)


def test_the_bank_keeps_the_pictures_and_not_their_copies() -> None:
    objective, backbone = learner()
    views = make_views(PIRL.spec.needs, SAMPLES)
    before = objective.bank.rows.clone()
    objective(views, backbone)
    assert torch.equal(objective.bank.rows, before)
    wanted = torch.nn.functional.normalize(objective.head(backbone(views.inputs[0])), dim=1)
    objective.after_step(backbone, 0.5)
    torch.testing.assert_close(objective.bank.rows[:SAMPLES], wanted)
    assert torch.equal(objective.bank.rows[SAMPLES:], before[SAMPLES:])


def test_a_picture_that_is_not_stored_yet_counts_as_a_guess_and_teaches_nothing() -> None:
    z, bank = unit(4).requires_grad_(), bank_of(unit(9, seed=1))
    bank.seen[2] = False
    loss, _, _ = own_vector(z, bank, torch.arange(4), torch.arange(9), 0.2)
    loss.mean().backward()
    guess = z.detach() * bank.seen[:4, None]  # similarities of 0 to all
    naive = loop_loss(guess, bank.rows, list(range(4)), list(range(9)), 0.2)
    torch.testing.assert_close(loss.mean(), naive, rtol=1e-5, atol=1e-6, check_dtype=False)
    assert torch.equal(z.grad.any(dim=1), bank.seen[:4])


def test_a_second_after_step_stores_nothing_twice() -> None:
    objective, backbone = learner(momentum=0.9)
    objective(make_views(PIRL.spec.needs, SAMPLES), backbone)
    objective.after_step(backbone, 0.5)
    stored = objective.bank.rows.clone()
    objective.after_step(backbone, 0.5)
    assert torch.equal(objective.bank.rows, stored)


def test_the_order_of_the_tiles_changes_the_copy_and_not_the_picture() -> None:
    objective, backbone = learner()
    views = make_views(PIRL.spec.needs, SAMPLES)
    objective.eval()
    backbone.eval()
    with torch.no_grad():
        given = objective._encode(*views.inputs, backbone)
        turned = objective._encode(views.inputs[0], views.inputs[1].flip(1), backbone)
    torch.testing.assert_close(given[1], turned[1])
    assert not torch.allclose(given[2], turned[2])


def test_invariance_is_the_mean_cosine_of_pictures_and_copies() -> None:
    objective, backbone = learner()
    views = make_views(PIRL.spec.needs, SAMPLES)
    _, f, g = (part.detach() for part in objective._encode(*views.inputs, backbone))
    wanted = sum(float(a @ b) for a, b in zip(f.double(), g.double(), strict=True)) / SAMPLES
    assert objective(views, backbone).terms["invariance"].item() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(("preset", "transform"), [("pirl-cifar", "jigsaw"), ("pirl-rotation-cifar", "rotation")])
def test_the_presets_make_what_each_version_takes(preset: str, transform: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (SAMPLES, 3, 32, 32), dtype=np.uint8)
    pipeline = compile_views(PRESETS[preset], 3, 32, 32, (0.5,), (0.25,))
    views = pipeline(Samples({"image": images}, None, np.arange(SAMPLES)), (0, 0), CPU)
    objective, backbone = learner(transform=transform)
    assert objective(views, backbone).loss.isfinite()
    assert objective.figures(views, backbone)["similarity"].shape == (SAMPLES, SAMPLES)


def test_turned_copies_are_refused_where_tiles_are_due() -> None:
    objective, backbone = learner()
    with pytest.raises(RunFailed, match="cut into 9 tiles; these are whole pictures"):
        objective(pair_of_pictures(), backbone)


@pytest.mark.parametrize("transform", ["jigsaw", "rotation"])
def test_tiles_in_the_place_of_a_picture_are_refused(transform: str) -> None:
    objective, backbone = learner(transform=transform)
    tiles = make_views(PIRL.spec.needs, SAMPLES).inputs[1]
    with pytest.raises(RunFailed, match=f"PIRL with {transform} was given tiles where it takes whole pictures"):
        objective(Views({"A": (tiles, tiles)}, torch.arange(SAMPLES)), backbone)


def test_a_batch_of_one_has_a_finite_loss() -> None:
    objective, backbone = make_learner(PIRL, 1)
    assert objective(make_views(PIRL.spec.needs, 1), backbone).loss.isfinite()
