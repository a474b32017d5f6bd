"""A batch spread over two processes gives the gradients of one."""

from __future__ import annotations

from pathlib import Path

import torch
from gloo import together
from objectives_batches import make_views
from objectives_gloo import SAMPLES, gradients

from workbench.objectives.vision.contrastive.simclr import SimCLR


def test_averaged_gradients_of_two_processes_equal_those_of_one(tmp_path: Path) -> None:
    spread = together("objectives_gloo.py", tmp_path)[SimCLR.spec.id]
    alone = gradients(make_views(SimCLR.spec.needs, SAMPLES))
    assert spread.keys() == alone.keys()
    for name, tensor in alone.items():
        torch.testing.assert_close(spread[name], tensor, rtol=1e-4, atol=1e-6, msg=lambda text, n=name: f"{n}: {text}")
