"""The learning rate over a run: what the engine sets and what the window draws."""

from __future__ import annotations

import math

from workbench.recipes.models import Schedule


def rate_factor(schedule: Schedule, progress: float) -> float:
    """The learning rate as a share of its peak.

    Parameters
    ----------
    progress : done share of the run in [0, 1]

    Returns
    -------
    Linear from 0 over the warm-up share, then constant, or a half cosine down to `schedule.final`
    (Loshchilov & Hutter, "SGDR", 2017, eq. 5 without restarts).
    """
    progress = min(max(progress, 0.0), 1.0)
    if progress < schedule.warmup:
        return progress / schedule.warmup
    if schedule.shape == "constant":
        return 1.0
    along = (progress - schedule.warmup) / (1.0 - schedule.warmup)
    return schedule.final + (1.0 - schedule.final) * 0.5 * (1.0 + math.cos(math.pi * along))
