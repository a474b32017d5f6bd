"""From a checkpoint and a data set to an embedding set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.core.errors import RunError
from workbench.data.base import Dataset, Progress, no_progress
from workbench.engine import checkpoint
from workbench.engine.experiment import Encoder, build_encoder, image_shape, load_splits
from workbench.engine.origin import run_source
from workbench.evaluation.features import extract
from workbench.recipes.models import Recipe
from workbench.runs.embedding_meta import SetMeta
from workbench.runs.embedding_set import write_embedding_set
from workbench.runs.folder import RunFolder, step_name

THUMBNAIL_PX = 64


def embed_split(
    folder: RunFolder,
    step: int,
    encoder: Encoder,
    dataset: Dataset,
    device: torch.device,
    fingerprint: str,
    progress: Progress = no_progress,
) -> Path:
    """Write `embeddings/step_...` of a run: every sample of the split with its vector, table row and thumbnail."""
    target = folder.embeddings / step_name(step)
    write_embeddings(target, encoder, dataset, device, run_meta(folder, step, dataset, fingerprint), progress)
    return target


def run_meta(folder: RunFolder, step: int, dataset: Dataset, fingerprint: str, on: str = "") -> SetMeta:
    """What a set of a run's checkpoint says of itself; `on` names the data where they are not the run's own."""
    return SetMeta(
        title=f"{folder.name} at step {step}{f' on {on}' if on else ''}",
        source=dataset.info.title,
        step=step,
        fingerprint=fingerprint,
        encoder=run_source(folder, step, image_shape(dataset)),
    )


def write_embeddings(
    target: Path,
    encoder: Encoder,
    dataset: Dataset,
    device: torch.device,
    meta: SetMeta,
    progress: Progress = no_progress,
) -> None:
    """Write an embedding set of a whole split."""
    index = np.arange(len(dataset), dtype=np.int64)
    vectors = extract(encoder.backbone, encoder.inputs, dataset, index, device, progress=progress)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_embedding_set(target, vectors.cpu().numpy(), dataset.table(), thumbnails(dataset), meta)


def thumbnails(dataset: Dataset) -> NDArray[np.uint8]:
    """Small pictures of every sample, (N, h, w, 3) with the longer side at most 64 px."""
    chunks = []
    for start in range(0, len(dataset), 1024):
        index = np.arange(start, min(start + 1024, len(dataset)), dtype=np.int64)
        chunks.append(small_pictures(dataset.batch(index).fields["image"]))
    return np.concatenate(chunks)


def small_pictures(images_NCHW: NDArray[np.uint8], limit_px: int = THUMBNAIL_PX) -> NDArray[np.uint8]:
    """Pictures as (N, h, w, 3), shrunk so that the longer side is at most `limit_px`."""
    images = torch.from_numpy(np.ascontiguousarray(images_NCHW))
    longest = max(images.shape[-2:])
    if longest > limit_px:
        size = [max(1, round(side * limit_px / longest)) for side in images.shape[-2:]]
        images = (
            torch.nn.functional.interpolate(images.float(), size, mode="bilinear", antialias=True)
            .round()
            .clamp(0, 255)
            .byte()
        )
    return images.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().numpy()


def load_encoder(folder: RunFolder, recipe: Recipe, step: int | None, progress: Progress) -> tuple[Encoder, int]:
    """The encoder of a run at a checkpoint (None: the latest) and its step; raises RunError naming what is missing."""
    whole = folder.whole_checkpoints()
    if not whole:
        raise RunError(f"The run {folder.path.name} has no whole checkpoint.", "Train it for longer, then try again.")
    chosen = next((ref for ref in whole if ref.step == step), None) if step is not None else whole[-1]
    if chosen is None:
        steps = ", ".join(str(ref.step) for ref in whole)
        raise RunError(f"The run {folder.path.name} has no checkpoint at step {step}.", f"There are: {steps}.")
    encoder = build_encoder(recipe, load_splits(recipe.data, progress).train)
    weights = checkpoint.load_weights(chosen.path)
    prefix = "backbone."
    encoder.backbone.load_state_dict(
        {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
    )
    return encoder, chosen.step
