"""Two steps of a run that is spread over two processes are those of one process, whatever the objective."""

from __future__ import annotations

import pytest
import torch
from every_gloo import CASES, two_steps
from gloo import Found, together

# Single precision, in another order of summation: against the largest number of the tensor, and of all gradients.
TOLERANCE, FLOOR = 1e-3, 1e-6


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return together("every_gloo.py", tmp_path_factory.mktemp("gloo"))


def largest(tensor: torch.Tensor) -> float:
    return tensor.abs().max().item() if tensor.numel() else 0.0


@pytest.mark.parametrize("case", CASES)
def test_loss_gradients_and_what_is_kept_do_not_depend_on_the_number_of_processes(spread: Found, case: str) -> None:
    alone, both = two_steps(*CASES[case]), spread[case]
    assert both.keys() == alone.keys()
    floor = FLOOR * max(largest(tensor) for name, tensor in alone.items() if name.startswith(("backbone", "objective")))
    for name, tensor in alone.items():
        atol = max(TOLERANCE * largest(tensor), floor)
        torch.testing.assert_close(both[name], tensor, rtol=TOLERANCE, atol=atol, msg=lambda t, n=name: f"{n}: {t}")
