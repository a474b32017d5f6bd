"""What is measured while training with labels that the objective never sees: kNN accuracy beside its two floors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.data.base import Dataset, Progress, no_progress
from workbench.engine.experiment import Encoder, Splits
from workbench.engine.sampler import subset
from workbench.evaluation.features import extract
from workbench.evaluation.floors import raw_pixel_features
from workbench.evaluation.knn import knn_accuracy
from workbench.recipes.models import Evaluation


class KnnMonitor:
    """Online kNN on a fixed, seeded draw of labelled samples: a bank from the training split, queries from the test.

    Where both splits are the same set, bank and queries are kept apart.
    """

    def __init__(self, splits: Splits, settings: Evaluation, seed: int, device: torch.device) -> None:
        self._settings, self._device = settings, device
        self._train, self._test = splits.train, splits.test
        self._bank, self._queries = draw(splits, settings, seed)
        self._classes = max(len(splits.train.info.classes), 1)

    @property
    def possible(self) -> bool:
        """Whether there are labels to vote and to be tested against."""
        return len(self._bank) > 0 and len(self._queries) > 0

    @property
    def described(self) -> dict[str, Any]:
        """Everything needed to repeat the measurement."""
        return {
            "k": self._settings.k,
            "temperature": self._settings.temperature,
            "metric": "cosine",
            "bank": len(self._bank),
            "test": len(self._queries),
            "layer": "backbone features",
        }

    def measure(self, encoder: Encoder, progress: Progress = no_progress) -> float:
        """Accuracy in [0, 1] of the encoder's features."""
        bank = self._features(encoder, self._train, self._bank, progress)
        queries = self._features(encoder, self._test, self._queries, progress)
        return self._accuracy(bank, queries)

    def raw_pixels(self) -> float:
        """Accuracy in [0, 1] of the pictures themselves."""
        return self._accuracy(pixels(self._train, self._bank), pixels(self._test, self._queries))

    def _features(self, encoder: Encoder, dataset: Dataset, index: NDArray[np.int64], progress: Progress) -> Tensor:
        return extract(encoder.backbone, encoder.inputs, dataset, index, self._device, progress=progress)

    def _accuracy(self, bank: Tensor, queries: Tensor) -> float:
        return knn_accuracy(
            bank,
            labels_at(self._train, self._bank),
            queries,
            labels_at(self._test, self._queries),
            k=self._settings.k,
            temperature=self._settings.temperature,
            classes=self._classes,
        )


def draw(splits: Splits, settings: Evaluation, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the labelled training samples that an encoder is measured with, and of the test samples."""
    train, test = _labelled(splits.train), _labelled(splits.test)
    if splits.train is splits.test:
        order = train[np.random.Generator(np.random.Philox(key=[seed, 1])).permutation(len(train))]
        test, train = np.sort(order[: len(order) // 5]), np.sort(order[len(order) // 5 :])
    bank = train[subset(len(train), settings.bank, seed)]
    return bank, test[subset(len(test), settings.test, seed)]


def _labelled(dataset: Dataset) -> NDArray[np.int64]:
    if dataset.labels is None:
        return np.empty(0, np.int64)
    return np.flatnonzero(dataset.labels >= 0).astype(np.int64)


def labels_at(dataset: Dataset, index: NDArray[np.int64]) -> Tensor:
    """The labels at these positions, int64."""
    assert dataset.labels is not None
    return torch.from_numpy(dataset.labels[index])


def pixels(dataset: Dataset, index: NDArray[np.int64]) -> Tensor:
    """The pictures at these positions as vectors, (N, D) float."""
    return raw_pixel_features(dataset.batch(index).fields["image"])
