"""The request behind the gallery of operations: one picture of what each does to a sample."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import Cancelled, RecipeError, WorkbenchError
from workbench.data.base import Dataset, Samples
from workbench.engine.experiment import image_shape
from workbench.engine.lab.server import Request, Result
from workbench.engine.lab.shelf import SHELF
from workbench.recipes.models import Branch, Choice, Views
from workbench.views.operations.base import Operation
from workbench.views.table import OPERATIONS

DRAWS = 6
"""Copies of the sample in the batch, each drawn by itself; as many others follow, for operations that mix."""
_LARGEST_PX = 96
_DIVISIBLE_PX = 96


def operation_gallery(request: Request) -> Result:
    """params: data, index, ids (null: all). Operations at their defaults, applied for sure, to one sample.

    Arrays: `original` and for each id uint8 (h, w, 3), tasks as they are depicted. Result: `refused` ({id: why}) for
    the operations that cannot be applied to these pictures.
    """
    data = Choice(**request.params["data"])
    train = SHELF.train_split(data, request.progress)
    batch = sample_batch(train, int(request.params["index"]))
    size = min(*image_shape(train)[1:], _LARGEST_PX)
    original = drawn(request, data, batch, Views(size=size))[0]
    arrays: dict[str, NDArray[Any]] = {"original": original}
    refused: dict[str, str] = {}
    ids = request.params.get("ids")
    operations = [one for one in OPERATIONS if one.spec.modality == "image" and (ids is None or one.spec.id in ids)]
    for number, operation in enumerate(operations):
        request.progress(number / len(operations), f"Drawing {operation.spec.title.lower()}")
        try:
            arrays[operation.spec.id] = _picture(request, data, batch, original, operation, size)
        except Cancelled:
            raise
        except Exception as error:  # one operation of a plugin must not cost the others their pictures
            refused[operation.spec.id] = error.message if isinstance(error, WorkbenchError) else repr(error)
    return {"refused": refused}, arrays


def _picture(
    request: Request,
    data: Choice,
    batch: Samples,
    original: NDArray[np.uint8],
    operation: type[Operation],
    size: int,
) -> NDArray[np.uint8]:
    """The sample after the operation, by the first of the attempts that suits it."""
    refusal: RecipeError | None = None
    for views in _attempts(operation, size):
        try:
            found = drawn(request, data, batch, views, shown_as_given(operation))
        except RecipeError as error:
            refusal = refusal or error
        else:
            return _telling(found, original)
    assert refusal is not None
    raise refusal


def _attempts(operation: type[Operation], size: int) -> Iterator[Views]:
    """The operation alone; where it asks for it, normalised, and at a size that most patches divide."""
    choice = Choice(id=operation.spec.id, **always(operation))
    for side in dict.fromkeys((size, _DIVISIBLE_PX)):
        for ops in ((choice,), (choice, Choice(id="normalize"))):
            yield Views(size=side, branches=(Branch(ops=ops),))


def sample_batch(train: Dataset, index: int) -> Samples:
    """`DRAWS` times the sample at `index`, and as many that follow it."""
    others = (index + 1 + np.arange(DRAWS)) % len(train)
    return train.batch(np.concatenate([np.full(DRAWS, index % len(train)), others]))


def always(operation: type[Operation]) -> dict[str, Any]:
    """An operation's defaults, applied for sure."""
    return {**operation.Config().model_dump(mode="json"), "p": 1.0}


def shown_as_given(operation: type[Operation]) -> bool:
    """Whether what it does only shows in what the encoder is given."""
    return operation.spec.kind in ("task", "normalise")


def drawn(
    request: Request, data: Choice, batch: Samples, views: Views, as_given: bool = False, seed: int = 0
) -> NDArray[np.uint8]:
    """The draws of the sample of a `sample_batch`, uint8 (DRAWS, h, w, 3)."""
    (shown,) = SHELF.compiled(data, views, request.progress).preview(batch, (seed, 0), as_given)
    pictures: NDArray[np.uint8] = shown.pictures[:DRAWS]
    return pictures


def _telling(found: NDArray[np.uint8], original: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Neither the tamest draw, which may change nothing, nor the wildest."""
    chosen = 0
    if found.shape[1:] == original.shape:
        change = np.abs(found.astype(np.float32) - original).mean(axis=(1, 2, 3))
        chosen = int(np.argsort(change, kind="stable")[-2])
    picture: NDArray[np.uint8] = found[chosen]
    return picture
