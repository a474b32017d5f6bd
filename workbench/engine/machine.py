"""What this machine can train on."""

from __future__ import annotations

import os
from typing import Any

import psutil
import torch

from workbench.recipes.resolve import Machine


def probe() -> Machine:
    """The devices, cores and memory that a recipe can be resolved against."""
    devices = {"cpu": 1}
    if torch.cuda.is_available():
        devices["cuda"] = torch.cuda.device_count()
    if torch.backends.mps.is_available():
        devices["mps"] = 1
    bf16 = bool("cuda" in devices and torch.cuda.is_bf16_supported())
    return Machine(devices=devices, bf16=bf16, cores=available_cores(), memory_bytes=int(psutil.virtual_memory().total))


def available_cores() -> int:
    """Physical cores this process may run on: hyper-threads slow convolutions down."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def versions() -> dict[str, Any]:
    """What a run was made with, for its journal and for `workbench doctor`."""
    names = ("torch", "torchvision", "timm", "lightning_fabric", "numpy", "numba", "umap", "sklearn", "PySide6")
    from importlib.metadata import PackageNotFoundError, version

    distributions = {"umap": "umap-learn", "sklearn": "scikit-learn", "PySide6": "PySide6-Essentials"}
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = version(distributions.get(name, name))
        except PackageNotFoundError:
            found[name] = None
    return found


def memory_bytes(device: torch.device) -> int:
    """Memory in use: the device's peak allocation, or this process's resident set on a CPU."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return int(psutil.Process().memory_info().rss)
