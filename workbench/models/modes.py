"""Looking at a network without touching it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


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
