"""LARS, the optimiser of large batches.

You, Gitman, Ginsburg: Large Batch Training of Convolutional Networks (2017), arXiv:1708.03888, equation 6.
Each weight tensor gets its own learning rate, in proportion to how long it is beside its gradient:

    g' = g + wd * w
    r  = trust * |w| / (|g| + wd * |w|)      1 where either norm is 0, and for groups with adapt = False
    v  = momentum * v + r * g'
    w  = w - lr * v

We differ from the paper in that the learning rate multiplies the velocity instead of entering it, as in
torch.optim.SGD, so that a falling schedule acts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor
from torch.optim import Optimizer


class LARS(Optimizer):
    """Layer-wise adaptive rate scaling over SGD with momentum.

    Parameters
    ----------
    params : tensors or parameter groups; a group's `adapt` (default True) says whether its tensors are scaled
    lr, momentum, weight_decay : as in SGD
    trust : how long one step may be, as a share of the weights' norm
    """

    def __init__(
        self, params: Iterable[Any], lr: float, momentum: float = 0.9, weight_decay: float = 0.0, trust: float = 0.001
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust, "adapt": True}
        super().__init__(params, defaults)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step over every tensor that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, group)
        return loss

    def _update(self, weight: Tensor, group: dict[str, Any]) -> None:
        gradient = weight.grad.add(weight, alpha=group["weight_decay"])  # type: ignore[union-attr]
        if group["adapt"]:
            gradient.mul_(_trust_ratio(weight, group["weight_decay"], group["trust"]))
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        velocity = state["momentum_buffer"].mul_(group["momentum"]).add_(gradient)
        weight.add_(velocity, alpha=-group["lr"])


def _trust_ratio(weight: Tensor, weight_decay: float, trust: float) -> Tensor:
    w_norm = weight.norm()
    g_norm = weight.grad.norm()  # type: ignore[union-attr]
    ratio = trust * w_norm / (g_norm + weight_decay * w_norm)
    return torch.where((w_norm > 0) & (g_norm > 0), ratio, torch.ones_like(ratio))
