"""Losses sample by sample, against losses of batches that hold one sample."""

from __future__ import annotations

import pytest
import torch
from objectives_batches import CLASSES, make_learner, make_views

from workbench.objectives.base import Objective
from workbench.objectives.samples import masked_mean, of_chosen, of_entries, of_views
from workbench.objectives.vision.baseline.supervised import Supervised
from workbench.objectives.vision.contrastive.simclr import SimCLR
from workbench.objectives.vision.distillation.ibot import IBOT
from workbench.objectives.vision.generative.autoencoder import Autoencoder
from workbench.objectives.vision.generative.context_encoder import ContextEncoder
from workbench.views.base import Views

SAMPLES = 24


def evaluated(kind: type[Objective], views: Views, /, **settings: object) -> tuple[Objective, torch.Tensor]:
    objective, backbone = make_learner(kind, SAMPLES, config=kind.Config(**settings))
    step = objective.eval()(views, backbone.eval())
    return objective, step.per_sample


def test_means_of_views_entries_and_chosen_entries_equal_loops() -> None:
    values = torch.arange(12.0)
    assert of_views(values, 4).tolist() == [sum(values[n::4].tolist()) / 3 for n in range(4)]
    assert of_entries(values.view(3, 2, 2)).tolist() == [sum(range(4 * n, 4 * n + 4)) / 4 for n in range(3)]
    chosen = torch.tensor([[True, False, True], [False, False, False], [False, True, False]])
    found = of_chosen(values[:9].view(3, 3), chosen)
    assert found[[0, 2]].tolist() == [1.0, 7.0]
    assert found[1].isnan()
    assert masked_mean(values[:9].view(3, 3), chosen) == (0 + 2 + 7) / 3


def test_the_loss_of_a_sample_is_the_mean_over_its_views() -> None:
    views = make_views(Supervised.spec.needs, SAMPLES, count=2)
    objective, found = evaluated(Supervised, views)
    each = []
    for view in views.inputs:
        one = Views({"A": (view,)}, views.index, views.labels, views.targets)
        each.append(evaluated(Supervised, one)[1])
    assert objective.no_sample_loss == ""
    torch.testing.assert_close(found, (each[0] + each[1]) / 2, rtol=1e-5, atol=1e-6)


def test_a_sample_without_a_label_has_no_loss() -> None:
    views = make_views(Supervised.spec.needs, SAMPLES)
    assert views.labels is not None
    views.labels[[3, 5]] = -1
    _, found = evaluated(Supervised, views)
    assert found.isnan().nonzero().flatten().tolist() == [3, 5]


def test_a_mixed_picture_is_charged_for_both_labels_by_their_shares() -> None:
    plain = make_views(Supervised.spec.needs, SAMPLES, count=1)
    partner, share = torch.arange(SAMPLES).roll(1)[None], torch.linspace(0.1, 0.9, SAMPLES)[None]
    targets = {"mix_partner": partner, "mix_share": share}
    _, found = evaluated(Supervised, Views(plain.branches, plain.index, plain.labels, targets))
    objective, backbone = make_learner(Supervised, SAMPLES)
    logits = objective.eval().head(backbone.eval()(plain.inputs[0])).detach().double()
    assert plain.labels is not None
    assert int(plain.labels.max()) < CLASSES
    for n in range(SAMPLES):
        minus_log = logits[n].exp().sum().log() - logits[n]
        part = share[0, n].double()
        own, other = plain.labels[n], plain.labels[partner[0, n]]
        assert found[n].item() == pytest.approx(
            (part * minus_log[own] + (1 - part) * minus_log[other]).item(), rel=1e-5
        )


def test_a_contrastive_sample_has_the_mean_of_its_two_anchors() -> None:
    views = make_views(SimCLR.spec.needs, SAMPLES)
    objective, found = evaluated(SimCLR, views, temperature=0.5)
    _, backbone = make_learner(SimCLR, SAMPLES)
    h = torch.cat([backbone.eval()(view) for view in views.inputs])
    z = torch.nn.functional.normalize(objective.projector(h).detach().double(), dim=1)
    for n in range(SAMPLES):
        costs = []
        for anchor, other in ((n, n + SAMPLES), (n + SAMPLES, n)):
            total = sum((z[anchor] @ z[k] / 0.5).exp() for k in range(2 * SAMPLES) if k != anchor)
            costs.append(total.log() - z[anchor] @ z[other] / 0.5)
        assert found[n].item() == pytest.approx((sum(costs) / 2).item(), rel=1e-4)


def test_a_sample_of_which_nothing_is_hidden_has_the_loss_of_its_views_alone() -> None:
    views = make_views(IBOT.spec.needs, SAMPLES)
    hidden = {**views.targets, "mask": views.targets["mask"].clone()}
    hidden["mask"][:, 4] = False
    both = evaluated(IBOT, Views(views.branches, views.index, None, hidden))[1]
    alone = evaluated(IBOT, Views(views.branches, views.index, None, hidden), patch_weight=0.0)[1]
    assert both[4].item() == pytest.approx(alone[4].item(), rel=1e-6)
    assert both[5] > alone[5]


@pytest.mark.parametrize(
    ("kind", "settings", "setting"),
    [
        (Autoencoder, {"kind": "sparse", "penalty": "kl"}, "objective.penalty"),
        (ContextEncoder, {"adversarial": 0.1}, "objective.adversarial"),
    ],
)
def test_a_setting_that_ties_samples_together_is_named(kind: type[Objective], settings: dict, setting: str) -> None:
    objective, found = evaluated(kind, make_views(kind.spec.needs, SAMPLES), **settings)
    assert found is None
    assert setting in objective.no_sample_loss
