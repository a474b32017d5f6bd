"""Starting fast: what is imported at once costs less without the collector, and without what nothing here uses."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from workbench.recipes.models import Hardware


@contextmanager
def paused_collector() -> Iterator[None]:
    """Import without looking for garbage: modules are kept, yet the collector walks through them again and again.

    What is there at the end is set aside for good, so that later collections do not walk through it either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def fabric_for(hardware: Hardware) -> Fabric:
    """Lightning Fabric on one device of this kind, at this precision."""
    with _as_if_missing("torchmetrics"):
        from lightning_fabric import Fabric

    return Fabric(accelerator=hardware.device, devices=1, precision=hardware.precision)


@contextmanager
def _as_if_missing(module: str) -> Iterator[None]:
    """Fabric asks for the version of torchmetrics by importing it, and with it transformers and matplotlib: seconds."""
    known = module in sys.modules
    if not known:
        sys.modules[module] = None  # type: ignore[assignment]  # how Python is told that there is none
    try:
        yield
    finally:
        if not known:
            del sys.modules[module]
