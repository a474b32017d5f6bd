"""The chance level that is shown before a run counts what the run will learn from."""

from __future__ import annotations

import math

import pytest

from workbench.app.chance import chance_of
from workbench.plugins.catalogue import builtin_catalogue


def test_more_negatives_than_training_pictures_leave_those_of_the_training_split() -> None:
    document = {"objective": {"id": "instance_discrimination", "negatives": 60_000}, "data": {"id": "cifar10"}}
    assert chance_of(document, builtin_catalogue()) == pytest.approx(math.log(50_000))
