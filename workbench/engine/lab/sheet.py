"""Requests for pictures of the operations themselves: what each does to one sample, at several strengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import WorkbenchError
from workbench.data.base import Dataset
from workbench.engine.embed import small_pictures
from workbench.engine.lab.server import Arrays, Request, Result
from workbench.engine.lab.shelf import SHELF
from workbench.plugins.strength import has_strength, scaled
from workbench.recipes.models import Branch, Choice, Views
from workbench.views.operations.base import Operation
from workbench.views.table import OPERATIONS

COMPANIONS = 4
"""Operations that mix samples need others beside the one that is looked at."""


def operation_sheet(request: Request) -> Result:
    """params: data, index, strengths, seed. One sample through every operation, each applied for sure, at its defaults.

    An operation that no strength scales is drawn anew in each column instead. Result: `ids` of the operations shown,
    `scaled` (whether strengths mean something) and `refused` ({id: why}). Arrays: `original` uint8 (h, w, 3), and for
    each id uint8 (strengths, s, s, 3).
    """
    params = request.params
    data, strengths = Choice(**params["data"]), [float(strength) for strength in params["strengths"]]
    train = SHELF.train_split(data, request.progress)
    index = (int(params["index"]) + np.arange(COMPANIONS)) % len(train)
    arrays: dict[str, NDArray[Any]] = {"original": small_pictures(train.batch(index[:1]).fields["image"])[0]}
    refused = {}
    for number, operation in enumerate(OPERATIONS):
        request.progress(number / len(OPERATIONS), f"Drawing {operation.spec.title.lower()}")
        try:
            arrays[operation.spec.id] = _row(request, data, train, index, operation, strengths)
        except WorkbenchError as error:
            refused[operation.spec.id] = error.message
    ids = [operation.spec.id for operation in OPERATIONS if operation.spec.id in arrays]
    scales = {kind.spec.id: has_strength(kind.Config.model_json_schema()) for kind in OPERATIONS}
    shown: Arrays = arrays
    return {"ids": ids, "scaled": {id_: scales[id_] for id_ in ids}, "refused": refused}, shown


def _row(
    request: Request,
    data: Choice,
    train: Dataset,
    index: NDArray[np.int64],
    operation: type[Operation],
    strengths: Sequence[float],
) -> NDArray[np.uint8]:
    schema = operation.Config.model_json_schema()
    settings = {**operation.Config().model_dump(mode="json"), "p": 1.0}
    scales, seed = has_strength(schema), int(request.params.get("seed", 0))
    batch = train.batch(index)
    row = []
    for column, strength in enumerate(strengths):
        choice = Choice(id=operation.spec.id, **(scaled(settings, schema, strength) if scales else settings))
        pipeline = SHELF.compiled(data, Views(branches=(Branch(ops=(choice,)),)), request.progress)
        key = (seed, 0 if scales else column)
        (shown,) = pipeline.preview(batch, key, as_given=operation.spec.kind in ("task", "normalise"))
        row.append(small_pictures(shown.pictures[:1].transpose(0, 3, 1, 2))[0])
    return np.stack(row)
