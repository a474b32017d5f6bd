"""The one check at the door of every objective: is this batch what the method needs?"""

from __future__ import annotations

from workbench.core.errors import RunFailed
from workbench.plugins.specs import ObjectiveSpec
from workbench.views.base import Views


def check_views(spec: ObjectiveSpec, views: Views) -> None:
    """Compare a batch with `spec.needs`; raises RunFailed that names what is missing and where to set it."""
    needs, count, samples = spec.needs, len(views.inputs), len(views.index)
    if count < needs.min_views or (needs.max_views is not None and count > needs.max_views):
        most = needs.max_views if needs.max_views is not None else "any number"
        wanted = f"{needs.min_views}" if most == needs.min_views else f"{needs.min_views} to {most}"
        raise RunFailed(
            f"{spec.title} takes {wanted} views of a sample; the view pipeline makes {count}.",
            "Change the number of views in views.branches.",
        )
    if samples < needs.min_batch:
        raise RunFailed(
            f"{spec.title} needs at least {needs.min_batch} samples in a batch; this one has {samples}.",
            f"Set training.batch_size to {needs.min_batch} or more.",
        )
    for name in needs.targets:
        if name not in views.targets:
            raise RunFailed(
                f"{spec.title} needs the target {name!r}, which no view operation makes.",
                "Add the operation that makes it to views.branches.",
            )
    if needs.labels and views.labels is None:
        raise RunFailed(f"{spec.title} needs labels; this data set has none.", "Choose a labelled data set.")
