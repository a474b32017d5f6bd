"""Checkpoints: weights that anyone may open, and the state that makes a resumed run bit-equal.

step_00001200/model.safetensors   backbone.* and objective.*, with the heads, queues and teachers
step_00001200/train_state.pt      optimiser, generators, clocks: tensors and plain containers, nothing pickled
"""

from __future__ import annotations

import io
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from workbench.core.errors import RunError
from workbench.core.files import atomic_folder
from workbench.runs.figures import crowded
from workbench.runs.folder import RunFolder, step_name


@dataclass(frozen=True)
class TrainState:
    """Everything beside the weights.

    step : optimiser steps done
    elapsed_s : seconds of training done, without evaluation and pauses
    fingerprint : of the resolved recipe: a checkpoint resumes only the run it came from
    floors : name -> accuracy, measured once at the start
    """

    step: int
    elapsed_s: float
    fingerprint: str
    optimiser: dict[str, Any]
    scaler: dict[str, Any] = field(default_factory=dict)
    generators: dict[str, Any] = field(default_factory=dict)
    floors: dict[str, float] = field(default_factory=dict)


def save(folder: RunFolder, model: nn.Module, state: TrainState) -> Path:
    """Write a checkpoint, whole or not at all; raises OSError when the disk is full, with the older ones intact."""
    target = folder.checkpoints / step_name(state.step)
    folder.checkpoints.mkdir(exist_ok=True)
    weights = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    with atomic_folder(target) as draft:
        try:
            save_file(weights, draft / "model.safetensors", metadata={"step": str(state.step)})
        except SafetensorError as error:
            raise _as_os_error(error) from error
        serialised = io.BytesIO()  # torch's own writer hides a full disk behind another error
        torch.save(vars(state), serialised)
        (draft / "train_state.pt").write_bytes(serialised.getbuffer())
    return target


def load_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a checkpoint folder; raises RunError naming the file when it cannot be read."""
    file = path / "model.safetensors"
    try:
        return dict(load_file(file))
    except (OSError, SafetensorError) as error:
        raise RunError(f"The weights {file} cannot be read: {error}.", "Choose an older checkpoint.") from error


def load_state(path: Path) -> TrainState:
    """The training state of a checkpoint folder; raises RunError naming the file when it cannot be read."""
    file = path / "train_state.pt"
    try:
        return TrainState(**torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:
        raise RunError(f"The training state {file} cannot be read: {error}.", "Choose an older checkpoint.") from error


def generator_states() -> dict[str, Any]:
    """The state of every global generator, as tensors and plain containers."""
    version, words, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "torch": torch.get_rng_state(),
        "cuda": list(torch.cuda.get_rng_state_all()) if torch.cuda.is_available() else [],
        "python": [version, list(words), gauss],
        "numpy": [kind, torch.from_numpy(np.asarray(keys, np.int64)), int(position), int(has_gauss), float(cached)],
    }


def restore_generators(states: dict[str, Any]) -> None:
    """Set every global generator as `generator_states` found it."""
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
    kind, keys, position, has_gauss, cached = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), position, has_gauss, cached))


def thin_out(folder: RunFolder, keep: int) -> list[int]:
    """Remove checkpoints until `keep` are left (0 keeps all); returns the steps removed.

    The newest and the oldest stay; of the others goes the one whose neighbours are closest together, so that
    what is left stays evenly spread over the run.
    """
    removed: list[int] = []
    kept = folder.whole_checkpoints()
    while keep and len(kept) > max(keep, 1):
        victim = crowded([ref.step for ref in kept]) if len(kept) > 2 else 0
        shutil.rmtree(kept[victim].path)
        removed.append(kept.pop(victim).step)
    return removed


def _as_os_error(error: SafetensorError) -> Exception:
    """safetensors wraps the operating system's error in words; a full disk must stay recognisable."""
    if "No space left" in str(error) or "os error 28" in str(error):
        return OSError(28, "No space left on device")
    return error
