"""Looking at a network without touching it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def unrecorded(*modules: nn.Module) -> Iterator[None]:
    """Passes that leave no trace in running statistics, though in training mode they use those of their batch.

    For inputs that are not the data, such as adversarial ones.
    """
    norms = [part for module in modules for part in module.modules() if isinstance(part, _BatchNorm)]
    flags = [(part, part.track_running_stats) for part in norms]
    try:
        for part in norms:
            part.track_running_stats = False
        yield
    finally:
        for part, tracking in flags:
            part.track_running_stats = tracking


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; every sub-module's own mode is restored, also after an error.

    Normalisation buffers stay as they were to the bit, because only training mode writes them.
    """
    flags = [(part, part.training) for module in modules for part in module.modules()]
    try:
        for module in modules:
            module.eval()
        with torch.no_grad():
            yield
    finally:
        for part, training in flags:
            part.training = training
