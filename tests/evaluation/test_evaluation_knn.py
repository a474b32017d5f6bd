"""Nearest-neighbour classification: limits, an outside oracle, and bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from workbench.evaluation import knn
from workbench.evaluation.floors import raw_pixel_features
from workbench.evaluation.knn import knn_accuracy, knn_predict


def clusters(samples: int, seed: int, noise: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(4, (samples,), generator=g)
    centres = torch.randn(4, 8, generator=torch.Generator().manual_seed(99))
    return centres[labels] + noise * torch.randn(samples, 8, generator=g), labels


def test_queries_that_are_in_the_bank_are_all_recognised() -> None:
    z, y = clusters(200, 0)
    assert knn_accuracy(z, y, z, y, k=200, temperature=0.001, classes=4) == 1.0


def test_permuted_bank_labels_give_chance() -> None:
    bank, y = clusters(4000, 0)
    queries, truth = clusters(4000, 1)
    shuffled = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(2))]
    found = knn_accuracy(bank, shuffled, queries, truth, k=20, temperature=0.1, classes=4)
    assert found == pytest.approx(0.25, abs=0.06)


@pytest.mark.parametrize("k", [1, 7, 50])
def test_agrees_with_scikit_learn_under_the_same_weights(k: int) -> None:
    bank, y = clusters(500, 0)
    queries, _ = clusters(300, 1)
    oracle = KNeighborsClassifier(k, metric="cosine", algorithm="brute", weights=lambda d: np.exp((1 - d) / 0.1))
    wanted = oracle.fit(bank.double().numpy(), y.numpy()).predict(queries.double().numpy())
    assert knn_predict(bank, y, queries, k=k, temperature=0.1, classes=4).tolist() == wanted.tolist()


def test_a_cold_vote_is_the_nearest_neighbour_and_a_hot_one_the_majority() -> None:
    bank = torch.tensor([[1.0, 0.0], [0.9, 0.4], [0.9, 0.5]])
    labels = torch.tensor([0, 1, 1])
    query = torch.tensor([[2.0, 0.0]])
    assert knn_predict(bank, labels, query, k=3, temperature=0.001, classes=2).item() == 0
    assert knn_predict(bank, labels, query, k=3, temperature=10.0, classes=2).item() == 1


def test_the_scale_of_features_does_not_matter() -> None:
    bank, y = clusters(100, 0)
    queries, _ = clusters(50, 1)
    plain, scaled = (knn_predict(s * bank, y, queries / s, k=5, temperature=0.1, classes=4) for s in (1.0, 1000.0))
    assert torch.equal(plain, scaled)


def test_chunks_give_what_one_piece_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    bank, y = clusters(100, 0)
    queries, _ = clusters(53, 1)
    whole = knn_predict(bank, y, queries, k=9, temperature=0.1, classes=4)
    monkeypatch.setattr(knn, "CHUNK_CELLS", 700)
    assert torch.equal(knn_predict(bank, y, queries, k=9, temperature=0.1, classes=4), whole)


def test_k_beyond_the_bank_takes_all_of_it() -> None:
    bank, y = clusters(10, 0)
    queries, _ = clusters(5, 1)
    at_most, more = (knn_predict(bank, y, queries, k=k, temperature=0.1, classes=4) for k in (10, 1000))
    assert torch.equal(at_most, more)


def test_a_class_that_no_query_has_is_no_obstacle() -> None:
    bank, y = clusters(200, 0, noise=0.01)
    keep = y != 3
    assert knn_accuracy(bank, y, bank[keep], y[keep], k=5, temperature=0.1, classes=4) == 1.0


def test_a_class_that_the_bank_lacks_is_never_guessed() -> None:
    bank, y = clusters(200, 0)
    keep = y != 3
    assert 3 not in knn_predict(bank[keep], y[keep], bank, k=5, temperature=0.1, classes=4)


def test_unlabelled_samples_neither_vote_nor_count() -> None:
    bank, y = clusters(200, 0, noise=0.01)
    hidden = y.clone()
    hidden[::2] = -1
    assert knn_accuracy(bank, hidden, bank, hidden, k=200, temperature=0.01, classes=4) == 1.0


def test_nothing_labelled_is_no_guess_and_no_accuracy() -> None:
    bank, _ = clusters(6, 0)
    none = torch.full((6,), -1)
    assert knn_predict(bank, none, bank, k=2, temperature=0.1, classes=4).tolist() == [-1] * 6
    assert knn_accuracy(bank, torch.zeros(6, dtype=torch.int64), bank, none, k=2, temperature=0.1, classes=4) == 0.0
    assert len(knn_predict(bank, torch.zeros(6, dtype=torch.int64), bank[:0], k=2, temperature=0.1, classes=4)) == 0


def test_zero_vectors_and_a_tiny_temperature_stay_within_the_classes() -> None:
    bank, y = clusters(20, 0)
    guess = knn_predict(bank, y, torch.zeros(3, 8), k=5, temperature=1e-6, classes=4)
    assert ((guess >= 0) & (guess < 4)).all()


def test_raw_pixels_are_the_pictures_row_by_row() -> None:
    images = np.arange(2 * 3 * 2 * 2, dtype=np.uint8).reshape(2, 3, 2, 2)
    features = raw_pixel_features(images[:, :, ::-1])
    assert features.shape == (2, 12)
    assert features[1, 0].item() == pytest.approx(images[1, 0, 1, 0] / 255)
    assert features.max() <= 1
    assert math.isclose(raw_pixel_features(np.full((1, 1, 2, 2), 255, np.uint8)).min().item(), 1.0)
