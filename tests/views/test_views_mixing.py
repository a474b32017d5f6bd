"""Mixup and cutmix: against loops and torchvision's formula, their shares and partners, and the loss that uses them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from views_helpers import CPU, choice, noise, only_view, pipeline

from workbench.core.errors import RecipeError
from workbench.data.base import Samples
from workbench.objectives.base import Facts
from workbench.objectives.vision.baseline.supervised import Supervised, mixed_costs, shared_mean
from workbench.recipes.models import Branch, Views
from workbench.views.batched import run_batched
from workbench.views.draws import stream
from workbench.views.pipeline import compile_views

MIXES = ("mixup", "cutmix")


def drawn_of(pipe, samples, key=(0, 0), position=0):
    (drawn,) = pipe.parameters(samples, key)
    return drawn, drawn.draws[position, 0]


def batched_view(pipe, samples, drawn):
    """The torch backend, run on the CPU."""
    return run_batched(torch.from_numpy(samples.fields["image"]), pipe._steps(0, drawn))


def test_mixup_blends_each_sample_with_its_partner_as_it_was_before():
    samples, crop = noise(16), choice("random_resized_crop")
    pipe, plain = pipeline(crop, choice("mixup", p=0.7, alpha=1.0)), only_view(pipeline(crop), samples).double()
    drawn, draw = drawn_of(pipe, 16, position=1)
    (view,) = pipe.render(samples, [drawn], CPU).inputs
    changed = 0
    for n in range(16):
        share, partner = (float(draw.values["share"][n]), int(draw.values["partner"][n])) if draw.applied[n] else (1, n)
        changed += partner != n
        expected = share * plain[n] + (1 - share) * plain[partner]
        torch.testing.assert_close(view[n].double(), expected, atol=1e-6, rtol=0)
    assert changed > 5


def box_of_torchvision(width, height, share, centre_x, centre_y):
    """The box that torchvision's CutMix cuts, and the share that it then publishes."""
    r = 0.5 * math.sqrt(1.0 - share)
    half_w, half_h = int(r * width), int(r * height)
    left, top = max(centre_x - half_w, 0), max(centre_y - half_h, 0)
    right, bottom = min(centre_x + half_w, width), min(centre_y + half_h, height)
    return (top, bottom, left, right), 1.0 - (right - left) * (bottom - top) / (width * height)


def test_cutmix_pastes_torchvisions_box_and_publishes_the_share_that_is_left():
    samples, shape = noise(64, 3, 20, 30), (3, 20, 30)
    pipe = pipeline(choice("cutmix"), shape=shape)
    drawn, draw = drawn_of(pipe, 64)
    views = pipe.render(samples, [drawn], CPU)
    plain = only_view(pipeline(shape=shape), samples)
    for n, (top, bottom, left, right) in enumerate(draw.values["box"].tolist()):
        partner = int(draw.values["partner"][n])
        expected = plain[n].clone()
        expected[:, top:bottom, left:right] = plain[partner][:, top:bottom, left:right]
        assert torch.equal(views.inputs[0][n], expected)
        left_over = 1 - (bottom - top) * (right - left) / (20 * 20) if partner != n else 1.0
        assert views.targets["mix_share"][0, n].item() == pytest.approx(left_over)


def test_cutmix_boxes_equal_torchvisions_for_the_same_share_and_centre():
    rng = stream((3, 0), 0, 0)
    rng.random(500)
    partner, share, centre = rng.permutation(500), rng.beta(1, 1, 500), rng.random((2, 500))
    _, draw = drawn_of(pipeline(choice("cutmix"), shape=(3, 48, 48)), 500, (3, 0))
    assert np.array_equal(draw.values["partner"], partner)
    for n in np.flatnonzero(partner != np.arange(500)):
        box, left_over = box_of_torchvision(48, 48, share[n], int(centre[0, n] * 48), int(centre[1, n] * 48))
        assert tuple(draw.values["box"][n]) == box
        assert draw.values["share"][n] == pytest.approx(left_over)


@pytest.mark.parametrize("name", MIXES)
def test_both_backends_mix_alike(name):
    samples, pipe = noise(17), pipeline(choice("random_resized_crop"), choice(name, p=0.8))
    drawn = pipe.parameters(17, (2, 5))
    (ours,) = pipe.render(samples, drawn, CPU).inputs
    torch.testing.assert_close(batched_view(pipe, samples, drawn[0]), ours, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", MIXES)
def test_a_batch_of_one_gives_the_picture_itself_with_share_one(name):
    samples = noise(1)
    views = pipeline(choice(name))(samples, (0, 0), CPU)
    assert torch.equal(views.inputs[0], only_view(pipeline(), samples))
    assert views.targets["mix_share"].tolist() == [[1.0]]
    assert views.targets["mix_partner"].tolist() == [[0]]


@pytest.mark.parametrize("name", MIXES)
def test_samples_that_are_not_mixed_keep_every_bit_and_say_share_one(name):
    samples = noise(64)
    pipe = pipeline(choice(name, p=0.5))
    views, untouched = pipe(samples, (0, 0), CPU), torch.from_numpy(~drawn_of(pipe, 64)[1].applied)
    assert 10 < untouched.sum() < 54
    assert torch.equal(views.inputs[0][untouched], only_view(pipeline(), samples)[untouched])
    assert (views.targets["mix_share"][0][untouched] == 1).all()
    assert torch.equal(views.targets["mix_partner"][0][untouched], torch.arange(64)[untouched])


@pytest.mark.parametrize("name", MIXES)
def test_two_views_mix_with_other_partners_and_the_same_key_with_the_same(name):
    pipe = pipeline(choice(name), count=2)
    first, second = pipe(noise(32), (4, 1), CPU), pipe(noise(32), (4, 1), CPU)
    assert all(torch.equal(a, b) for a, b in zip(first.inputs, second.inputs, strict=True))
    assert not torch.equal(*first.targets["mix_partner"])
    assert first.targets["mix_partner"].shape == (2, 32)
    assert first.targets["mix_partner"].dtype == torch.int64
    assert first.targets["mix_share"].dtype == torch.float32


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_mixup_shares_follow_the_beta_distribution(alpha):
    _, draw = drawn_of(pipeline(choice("mixup", alpha=alpha)), 20_000)
    shares = draw.values["share"][draw.values["partner"] != np.arange(20_000)]
    assert kstest(shares, "beta", (alpha, alpha)).pvalue > 0.01


def test_every_sample_is_the_partner_of_one_other_and_each_is_equally_likely():
    pipe = pipeline(choice("mixup"))
    partners = np.stack([drawn_of(pipe, 6, (0, step))[1].values["partner"] for step in range(3000)])
    assert (np.sort(partners, axis=1) == np.arange(6)).all()
    counts = np.stack([(partners == other).sum(axis=0) for other in range(6)])
    assert np.abs(counts - 500).max() < 5 * np.sqrt(500)


def test_the_caption_says_how_much_of_which_picture():
    pipe = pipeline(choice("mixup", alpha=8.0))
    _, draw = drawn_of(pipe, 3, (1, 0))
    (shown,) = pipe.preview(noise(3), (1, 0))
    for n, caption in enumerate(shown.captions):
        share, partner = draw.values["share"][n], draw.values["partner"][n]
        assert caption == ("" if partner == n else f"{share:.0%} own, {1 - share:.0%} picture {partner + 1}")


def test_two_mixes_in_one_branch_are_refused_and_in_two_branches_are_not():
    with pytest.raises(RecipeError, match="'mix_partner' is already made by operation 1"):
        pipeline(choice("mixup"), choice("cutmix"))
    branches = (Branch(name="A", ops=(choice("mixup"),)), Branch(name="B", ops=(choice("cutmix"),)), Branch(name="C"))
    views = compile_views(Views(branches=branches), 3, 32, 32, (0.5,), (0.2,))(noise(), (0, 0), CPU)
    assert torch.isnan(views.targets["mix_share"][2]).all()
    assert (views.targets["mix_partner"][2] == -1).all()


def loop_mixed_loss(logits, labels, shares, smoothing):
    """Share by share in float64; labels below 0 are left out with their shares."""
    total, weight, classes = torch.zeros((), dtype=torch.float64), 0.0, logits.shape[1]
    for row, pair, parts in zip(logits.double(), labels.T.tolist(), shares.double().T.tolist(), strict=True):
        logs = row - torch.log(sum(torch.exp(value) for value in row))
        for label, part in zip(pair, parts, strict=True):
            if label >= 0:
                truth = [(1 - smoothing) * (k == label) + smoothing / classes for k in range(classes)]
                total = total - part * sum(share * log for share, log in zip(truth, logs, strict=True))
                weight += part
    return total / (weight or 1)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_mixed_loss_equals_a_float64_loop_in_value_and_gradient(smoothing):
    torch.manual_seed(0)
    logits = torch.randn(6, 3, requires_grad=True)
    labels, share = torch.tensor([[0, 2, -1, 1, -1, 0], [1, 2, 0, -1, -1, 0]]), torch.rand(6)
    shares = torch.stack([share, 1 - share])
    ours, naive = (
        shared_mean(mixed_costs(logits, labels, smoothing), labels, shares),
        loop_mixed_loss(logits, labels, shares, smoothing),
    )
    assert ours.item() == pytest.approx(naive.item(), rel=1e-5)
    theirs = torch.autograd.grad(naive, logits)[0]
    torch.testing.assert_close(torch.autograd.grad(ours, logits)[0], theirs, atol=1e-6, rtol=1e-5)


def test_a_mixed_batch_without_any_label_has_loss_zero_and_a_finite_gradient():
    logits = torch.randn(4, 3, requires_grad=True)
    nothing = torch.full((2, 4), -1)
    loss = shared_mean(mixed_costs(logits, nothing), nothing, torch.rand(2, 4))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros(4, 3))


def supervised(width=4):
    torch.manual_seed(0)
    objective = Supervised(Supervised.Config(), Facts(width=width, classes=3, samples=8, batch_size=8))
    return objective, torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(), torch.nn.Linear(12, width))


def test_the_supervised_objective_charges_each_view_its_own_and_its_partners_label():
    objective, backbone = supervised()
    mixing, plain = Branch(name="A", count=2, ops=(choice("mixup", alpha=1.0),)), Branch(name="B")
    samples = noise(8)
    samples = Samples(samples.fields, np.array([0, 1, 2, 0, 1, 2, -1, 1]), samples.index)
    views = compile_views(Views(branches=(mixing, plain)), 3, 32, 32, (0.5,), (0.2,))(samples, (0, 0), CPU)
    partner, share = views.targets["mix_partner"], views.targets["mix_share"]
    partner = torch.stack([partner[0], partner[1], torch.arange(8)])
    share = torch.stack([share[0], share[1], torch.ones(8)])
    labels = torch.stack([views.labels.expand(3, 8), views.labels[partner]]).flatten(1)
    logits = objective.head(backbone(torch.cat(views.inputs)))
    expected = loop_mixed_loss(logits, labels, torch.stack([share, 1 - share]).flatten(1), 0.0)
    step = objective(views, backbone)
    assert step.loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert 0 <= step.terms["accuracy"].item() <= 1


def test_a_mix_that_is_never_applied_leaves_the_supervised_loss_as_it_is():
    objective, backbone = supervised()
    samples = Samples(noise(8).fields, np.array([0, 1, 2, 0, 1, 2, -1, 1]), np.arange(8))
    with_it, without = (pipeline(*ops)(samples, (0, 0), CPU) for ops in ((choice("mixup", p=0.0),), ()))
    mixed, plain = objective(with_it, backbone), objective(without, backbone)
    torch.testing.assert_close(mixed.loss, plain.loss)
    torch.testing.assert_close(mixed.terms["accuracy"], plain.terms["accuracy"])
