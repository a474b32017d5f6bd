"""Linear evaluation against scikit-learn, a float64 loop and cases whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from workbench.evaluation.probe import fit_probe


def blobs(samples: int, seed: int, classes: int = 4, width: int = 6, spread: float = 2.0) -> tuple:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(classes, width))
    labels = rng.integers(0, classes, samples)
    x = centres[labels] + spread * rng.normal(size=(samples, width))
    return torch.from_numpy(x * np.geomspace(0.01, 100, width) + 5).float(), torch.from_numpy(labels)


def test_the_probe_reaches_the_minimum_that_scikit_learn_finds() -> None:
    x, y = blobs(300, 0)
    l2 = 0.01
    probe = fit_probe(x, y, classes=4, l2=l2)
    standardised = ((x.double() - x.double().mean(0)) / x.double().std(0, correction=0)).numpy()
    oracle = LogisticRegression(C=1 / (l2 * len(x)), tol=1e-10, max_iter=10_000).fit(standardised, y.numpy())
    expected = oracle.predict_proba(standardised)
    assert torch.softmax(probe.logits(x), dim=1).numpy() == pytest.approx(expected, abs=1e-5)


def test_the_loss_is_the_mean_cross_entropy_and_half_the_squared_weights() -> None:
    x, y = blobs(40, 1)
    probe = fit_probe(x, y, classes=4, l2=0.1)
    total = 0.0
    for row, label in zip(probe.logits(x).tolist(), y.tolist(), strict=True):
        total += math.log(sum(math.exp(value) for value in row)) - row[label]
    penalty = 0.1 / 2 * sum(value * value for row in probe.weight.tolist() for value in row)
    assert probe.loss == pytest.approx(total / 40 + penalty, rel=1e-12)


def test_no_direction_leads_further_down() -> None:
    x, y = blobs(200, 2)
    probe = fit_probe(x, y, classes=4, l2=0.01)
    weight = probe.weight.clone().requires_grad_()
    bias = probe.bias.clone().requires_grad_()
    standardised = (x.double() - probe.mean) / probe.scale
    loss = torch.nn.functional.cross_entropy(standardised @ weight.T + bias, y) + 0.005 * weight.square().sum()
    gradients = torch.autograd.grad(loss, [weight, bias])
    assert max(float(gradient.abs().max()) for gradient in gradients) < 1e-6


def test_classes_that_a_plane_parts_are_told_apart_on_samples_never_seen() -> None:
    x, y = blobs(400, 3, spread=0.1)
    probe = fit_probe(x, y, classes=4)
    assert probe.accuracy(*blobs(200, 4, spread=0.1)) == 1.0


def test_features_without_labels_in_them_stay_near_chance() -> None:
    noise = torch.randn(4000, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(4000) % 4
    probe = fit_probe(noise[:2000], labels[:2000], classes=4)
    assert probe.accuracy(noise[2000:], labels[2000:]) == pytest.approx(0.25, abs=0.05)


def test_the_scale_and_offset_of_a_feature_do_not_matter() -> None:
    x, y = blobs(200, 5)
    moved = x.double() * torch.tensor([1e-3, 7, 1, 1, 40, 1]) - 3
    assert fit_probe(moved, y, classes=4).logits(moved) == pytest.approx(fit_probe(x, y, classes=4).logits(x), abs=1e-3)


def test_a_feature_that_never_varies_is_ignored() -> None:
    x, y = blobs(200, 6)
    padded = torch.cat([x, torch.full((200, 2), 3.0)], dim=1)
    fitted = fit_probe(padded, y, classes=4)
    assert fitted.weight[:, -2:].abs().max() == 0
    assert fitted.accuracy(padded, y) == fit_probe(x, y, classes=4).accuracy(x, y)


def test_unlabelled_samples_neither_teach_nor_count() -> None:
    x, y = blobs(300, 7)
    hidden = y.clone()
    hidden[::3] = -1
    kept = hidden >= 0
    probe = fit_probe(x, hidden, classes=4)
    assert probe.loss == fit_probe(x[kept], y[kept], classes=4).loss
    assert probe.accuracy(x, hidden) == probe.accuracy(x[kept], y[kept])
    assert probe.accuracy(x, torch.full((300,), -1)) == 0.0


def test_the_same_features_give_the_same_bits() -> None:
    x, y = blobs(200, 8)
    assert torch.equal(fit_probe(x, y, classes=4).weight, fit_probe(x, y, classes=4).weight)


@pytest.mark.parametrize("spoil", ["nan", "unlabelled"])
def test_features_that_cannot_be_probed_are_refused(spoil: str) -> None:
    x, y = blobs(20, 9)
    if spoil == "nan":
        x[3, 2] = math.nan
    else:
        y[:] = -1
    with pytest.raises(ValueError, match="labelled samples with finite features"):
        fit_probe(x, y, classes=4)
