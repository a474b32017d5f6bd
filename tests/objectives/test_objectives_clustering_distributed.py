"""Clustering objectives on a batch spread over two processes do what one process does with the whole batch."""

from __future__ import annotations

import pytest
import torch
from clustering_gloo import KINDS, two_steps
from gloo import Found, together


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return together("clustering_gloo.py", tmp_path_factory.mktemp("gloo"))


@pytest.mark.parametrize(("kind", "config"), KINDS, ids=[kind.spec.id for kind, _ in KINDS])
def test_loss_gradients_queue_and_clusters_of_two_processes_equal_those_of_one(kind, config, spread: Found) -> None:  # type: ignore[no-untyped-def]
    alone = two_steps(kind, config, 0, 1)
    both = spread[kind.spec.id]
    assert both.keys() == alone.keys()
    for name, tensor in alone.items():
        torch.testing.assert_close(both[name], tensor, rtol=1e-3, atol=1e-5, msg=lambda text, n=name: f"{n}: {text}")
