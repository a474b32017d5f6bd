"""A batch spread over two processes gives the gradients of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch
from objectives_batches import make_views
from objectives_gloo import SAMPLES, gradients

from workbench.objectives.vision.contrastive.simclr import SimCLR


def test_averaged_gradients_of_two_processes_equal_those_of_one(tmp_path: Path) -> None:
    program = str(Path(__file__).with_name("objectives_gloo.py"))
    store, out = str(tmp_path / "store"), str(tmp_path / "gradients.pt")
    processes = [subprocess.Popen([sys.executable, program, str(rank), "2", store, out]) for rank in range(2)]
    try:
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    spread = torch.load(out, weights_only=True)
    alone = gradients(make_views(SimCLR.spec.needs, SAMPLES))
    assert spread.keys() == alone.keys()
    for name, tensor in alone.items():
        torch.testing.assert_close(spread[name], tensor, rtol=1e-4, atol=1e-6, msg=lambda text, n=name: f"{n}: {text}")
