"""The lab's pictures for the gallery of operations."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.core.wire import Message
from workbench.engine.lab.handlers import HANDLERS
from workbench.engine.lab.server import Request
from workbench.views.table import OPERATIONS

DATA = {"id": "fashion-mnist-10k"}


def ask(**params):
    head = {"id": 1, "name": "operation_gallery", "params": {"data": DATA, "index": 3, **params}}
    return HANDLERS["operation_gallery"](Request(Message(head, {}), lambda _message: None))


@pytest.fixture(scope="module")
def gallery():
    return ask()


def test_every_operation_of_pictures_has_one_beside_the_original(gallery):
    result, arrays = gallery
    assert result["refused"] == {}
    assert set(arrays) == {"original", *(one.spec.id for one in OPERATIONS if one.spec.modality == "image")}
    assert all(picture.dtype == np.uint8 and picture.shape[2] == 3 for picture in arrays.values())


@pytest.mark.parametrize("id_", ["random_resized_crop", "gaussian_blur", "quarter_turn", "colour_jitter"])
def test_an_operation_that_changes_pictures_is_not_shown_doing_nothing(gallery, id_):
    arrays = gallery[1]
    assert not np.array_equal(arrays[id_], arrays["original"])


def test_asking_again_and_for_a_few_gives_the_same_pictures(gallery):
    _result, arrays = ask(ids=["gaussian_blur", "horizontal_flip"])
    assert set(arrays) == {"original", "gaussian_blur", "horizontal_flip"}
    assert all(np.array_equal(picture, gallery[1][id_]) for id_, picture in arrays.items())
