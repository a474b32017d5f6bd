"""A batch spread over two processes gives contrastive objectives the gradients and queues of one."""

from __future__ import annotations

import pytest
import torch
from contrastive_gloo import KINDS, step
from gloo import Found, together

from workbench.objectives.base import Objective


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return together("contrastive_gloo.py", tmp_path_factory.mktemp("gloo"))


@pytest.mark.parametrize("kind", KINDS, ids=[kind.spec.id for kind in KINDS])
def test_two_processes_agree_with_one_on_gradients_and_on_what_is_stored(spread: Found, kind: type[Objective]) -> None:
    alone, together = step(kind), spread[kind.spec.id]
    assert alone.keys() == together.keys()
    for name, tensor in alone.items():
        torch.testing.assert_close(
            together[name], tensor, rtol=1e-4, atol=1e-6, msg=lambda text, n=name: f"{n}: {text}"
        )
