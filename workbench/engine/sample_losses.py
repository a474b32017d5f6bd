"""The loss of every sample at a checkpoint: one pass of the run's own objective over the run's own views.

Encoder, heads, queues and teachers are those of the checkpoint, in evaluation mode and without a gradient. Samples go
through in batches of the recipe's size, in an order that the recipe's seed shuffles once; the last batch is filled up
with samples of the first, so that every sample meets equally many others. Views and noise of a batch follow from the
seed and the batch's number, so that the numbers are the same each time.

Shapes: N samples
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.core.errors import DataError, RunError
from workbench.data.base import Dataset, Progress
from workbench.data.progress import portion
from workbench.engine import checkpoint
from workbench.engine.experiment import Learner, Splits, build_encoder, build_learner, load_splits
from workbench.engine.replay import recipe_of
from workbench.models.modes import evaluating
from workbench.objectives.base import Objective
from workbench.runs.embedding_set import EmbeddingSet
from workbench.runs.folder import CheckpointRef, RunFolder, run_of_set
from workbench.views.draws import Key
from workbench.views.pipeline import ViewPipeline

_ORDER_STREAM = 2**34
"""Of the recipe's seed, beside those of the training sampler."""
_LOADING_SHARE = 0.2


@dataclass(frozen=True)
class SampleLosses:
    """The losses of an embedding set's rows.

    title : what they are called
    unit : "" where they have none
    values : (N,), NaN for a row that has none, such as one without a label
    """

    title: str
    unit: str
    values: NDArray[np.float32]

    @property
    def mean(self) -> float | None:
        """Over the rows that have one; None where none has."""
        known = self.values[np.isfinite(self.values)]
        return float(known.mean(dtype=np.float64)) if len(known) else None


def set_losses(opened: EmbeddingSet, device: torch.device, progress: Progress) -> SampleLosses:
    """The loss of every row of a run's embedding set.

    Raises RunError for a set of no run, a checkpoint that is gone or does not fit, and an objective that has no loss of
    each sample; DataError where the data are not those that were embedded; what `progress` raises.
    """
    folder, at = _origin(opened)
    recipe = recipe_of(folder)
    splits = load_splits(recipe.data, portion(progress, 0.0, _LOADING_SHARE))
    _check_data(opened, splits.test)
    with _own_generators(device):
        encoder = build_encoder(recipe, splits.train)
        learner = build_learner(recipe, splits, encoder)
        _check_objective(learner.objective, splits)
        _restore(learner, at)
        learner.to(device)
        measuring = portion(progress, _LOADING_SHARE, 1.0)
        losses_N = _losses(learner, encoder.pipeline, splits.test, recipe.seed, device, measuring)
    objective = learner.objective
    return SampleLosses(f"Loss ({objective.spec.title})", objective.loss_unit, losses_N)


def _losses(
    learner: Learner,
    pipeline: ViewPipeline,
    dataset: Dataset,
    seed: int,
    device: torch.device,
    progress: Progress,
) -> NDArray[np.float32]:
    losses_N = np.full(len(dataset), np.nan, dtype=np.float32)
    batch_size, done = min(learner.objective.facts.batch_size, len(dataset)), 0
    with evaluating(learner):
        for number, (rows, own) in enumerate(batches(len(dataset), batch_size, seed)):
            torch.manual_seed(_noise_seed((seed, number)))
            views = pipeline(dataset.batch(rows), (seed, number), device)
            each_N = learner.objective(views, learner.backbone).per_sample
            if each_N is None:
                raise _without(learner.objective, "its steps do not tell it")
            losses_N[rows[:own]] = each_N[:own].float().cpu().numpy()
            done += own
            progress(done / len(dataset), "Measuring losses")
    return losses_N


def batches(samples: int, batch_size: int, seed: int) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Batches of exactly `batch_size` (at most `samples`) positions, and how many of each are not repeated."""
    order = np.random.Generator(np.random.Philox(key=[seed, _ORDER_STREAM])).permutation(samples).astype(np.int64)
    for start in range(0, samples, batch_size):
        places = np.arange(start, start + batch_size) % samples
        yield order[places], min(batch_size, samples - start)


def _origin(opened: EmbeddingSet) -> tuple[RunFolder, CheckpointRef]:
    """The run and the checkpoint that a set came from."""
    folder, step = run_of_set(opened.folder), opened.meta.step
    if folder is None or step is None:
        raise RunError(
            f"{opened.folder.name} is not the embedding of a run's checkpoint, so no loss is known of its samples.",
            "Open one that lies in a run's folder, under embeddings.",
        )
    return folder, folder.checkpoint(step)


def _check_data(opened: EmbeddingSet, dataset: Dataset) -> None:
    then, now = opened.samples, dataset.table()
    told = [name for name in ("id", "label") if name in then.column_names and name in now.column_names]
    if len(then) != len(now) or any(then[name].to_pylist() != now[name].to_pylist() for name in told):
        found = f"{len(now):,} samples" if len(now) != len(then) else "others, or others' labels"
        raise DataError(
            f"The data have changed: {len(then):,} samples of {dataset.info.title!r} were embedded, now there are "
            f"{found}.",
            "Embed the checkpoint again.",
        )


def _check_objective(objective: Objective, splits: Splits) -> None:
    why = objective.no_sample_loss
    if not why and objective.by_picture and splits.test is not splits.train:
        why = "it keeps something of every picture it learned from, and these are others"
    if why:
        raise _without(objective, why)


def _without(objective: Objective, why: str) -> RunError:
    return RunError(
        f"{objective.spec.title} has no loss of each of these samples: {why}.", "Choose another metric."
    )  # fmt: skip


def _restore(learner: Learner, at: CheckpointRef) -> None:
    try:
        learner.load_state_dict(checkpoint.load_weights(at.path))
    except RuntimeError as error:
        raise RunError(
            f"The checkpoint at step {at.step} does not fit the run's recipe: {str(error).splitlines()[-1].strip()}",
            "The training data may have changed since. Train again.",
        ) from error


def _own_generators(device: torch.device) -> AbstractContextManager[None]:
    """Generators that an objective may draw from, put back afterwards."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def _noise_seed(key: Key) -> int:
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])
