"""A batch spread over two processes gives contrastive objectives the gradients and queues of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from contrastive_gloo import KINDS, step

from workbench.objectives.base import Objective

Found = dict[str, dict[str, torch.Tensor]]


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("gloo")
    program = str(Path(__file__).with_name("contrastive_gloo.py"))
    store, out = str(folder / "store"), str(folder / "found.pt")
    processes = [subprocess.Popen([sys.executable, program, str(rank), "2", store, out]) for rank in range(2)]
    try:
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    found: Found = torch.load(out, weights_only=True)
    return found


@pytest.mark.parametrize("kind", KINDS, ids=[kind.spec.id for kind in KINDS])
def test_two_processes_agree_with_one_on_gradients_and_on_what_is_stored(spread: Found, kind: type[Objective]) -> None:
    alone, together = step(kind), spread[kind.spec.id]
    assert alone.keys() == together.keys()
    for name, tensor in alone.items():
        torch.testing.assert_close(
            together[name], tensor, rtol=1e-4, atol=1e-6, msg=lambda text, n=name: f"{n}: {text}"
        )
