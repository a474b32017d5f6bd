"""Requests for pictures of the operations themselves: what each does to one sample, at several strengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import Cancelled, WorkbenchError
from workbench.data.base import Samples
from workbench.engine.embed import small_pictures
from workbench.engine.lab.gallery import DRAWS, always, drawn, sample_batch, shown_as_given
from workbench.engine.lab.server import Arrays, Request, Result
from workbench.engine.lab.shelf import SHELF
from workbench.plugins.strength import has_strength, scaled
from workbench.recipes.models import Branch, Choice, Views
from workbench.views.operations.base import Operation
from workbench.views.table import OPERATIONS


def operation_sheet(request: Request) -> Result:
    """params: data, index, strengths, seed. One sample through every operation, each applied for sure, at its defaults.

    Of several draws the one that shows most is taken, the same at every strength. An operation that no strength scales
    is drawn anew in each column instead. Result: `ids` of the operations shown,
    `scaled` (whether strengths mean something) and `refused` ({id: why}). Arrays: `original` uint8 (h, w, 3), and for
    each id uint8 (strengths, s, s, 3).
    """
    params = request.params
    data, strengths = Choice(**params["data"]), [float(strength) for strength in params["strengths"]]
    train = SHELF.train_split(data, request.progress)
    batch = sample_batch(train, int(params["index"]))
    arrays: dict[str, NDArray[Any]] = {"original": small_pictures(batch.fields["image"][:1])[0]}
    refused = {}
    for number, operation in enumerate(OPERATIONS):
        request.progress(number / len(OPERATIONS), f"Drawing {operation.spec.title.lower()}")
        try:
            arrays[operation.spec.id] = _row(request, data, batch, operation, strengths)
        except Cancelled:
            raise
        except WorkbenchError as error:
            refused[operation.spec.id] = error.message
    ids = [operation.spec.id for operation in OPERATIONS if operation.spec.id in arrays]
    scales = {kind.spec.id: has_strength(kind.Config.model_json_schema()) for kind in OPERATIONS}
    shown: Arrays = arrays
    return {"ids": ids, "scaled": {id_: scales[id_] for id_ in ids}, "refused": refused}, shown


def _row(
    request: Request, data: Choice, batch: Samples, operation: type[Operation], strengths: Sequence[float]
) -> NDArray[np.uint8]:
    schema = operation.Config.model_json_schema()
    seed = int(request.params.get("seed", 0))

    def at(strength: float) -> NDArray[np.uint8]:
        choice = Choice(id=operation.spec.id, **scaled(always(operation), schema, strength))
        views = Views(branches=(Branch(ops=(choice,)),))
        found = drawn(request, data, batch, views, shown_as_given(operation), seed)
        return small_pictures(found.transpose(0, 3, 1, 2))

    if not has_strength(schema):
        return at(1.0)[np.arange(len(strengths)) % DRAWS]
    plain = at(0.0).astype(np.int64)
    best = int(np.abs(at(1.0) - plain).mean(axis=(1, 2, 3)).argmax())
    return np.stack([at(strength)[best] for strength in strengths])
