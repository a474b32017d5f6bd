"""How the layouts of a run's time-lapse are called, and what is known of its checkpoints."""

from __future__ import annotations

import json

from workbench.runs.folder import RunFolder
from workbench.runs.glance import lifecycle

METHODS = ("pca", "umap", "tsne")
"""The projections that a time-lapse can be drawn by."""


def time_layout(method: str) -> str:
    """The name under which the layouts of a time-lapse are stored, which is also their method in meta.json."""
    return f"{method}-time"


def accuracies(folder: RunFolder) -> dict[int, float]:
    """kNN accuracy in [0, 1] by step, as far as it was measured: while the run trained, or afterwards."""
    found = dict(lifecycle(folder.events).evaluated("knn")) if folder.events.exists() else {}
    for path in folder.evaluation.glob("knn_step_*.json"):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            found[int(told["step"])] = float(told["knn"])
        except (OSError, ValueError, TypeError, KeyError):
            continue  # a measurement that cannot be read is one that is not known
    return found
