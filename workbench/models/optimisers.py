"""The optimisers, and which parameters decay.

Biases and the scales and shifts of normalisations are left out of weight decay everywhere, and out of LARS's scaling:
they are the parameters with at most one dimension.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from workbench.core.model import Model, setting
from workbench.models.configure import chosen, configured
from workbench.models.lars import LARS
from workbench.plugins.specs import ChoiceSpec
from workbench.recipes.models import Choice


class SGDConfig(Model):
    """Settings of SGD."""

    lr: float = setting(0.2, "Learning rate", "peak of the schedule", gt=0, le=100, log=True)
    momentum: float = setting(0.9, "Momentum", "share of the last step that is kept", ge=0, lt=1)
    weight_decay: float = setting(
        5e-4, "Weight decay", "pull of the weights towards 0; biases and norms are exempt", ge=0, le=1, log=True
    )
    nesterov: bool = setting(False, "Nesterov", "look one step ahead; needs momentum", advanced=True)


class AdamWConfig(Model):
    """Settings of AdamW."""

    lr: float = setting(1e-3, "Learning rate", "peak of the schedule", gt=0, le=10, log=True)
    beta1: float = setting(0.9, "Beta 1", "memory of the mean gradient", ge=0, lt=1, advanced=True)
    beta2: float = setting(0.999, "Beta 2", "memory of the squared gradient", ge=0, lt=1, advanced=True)
    weight_decay: float = setting(
        0.01, "Weight decay", "pull of the weights towards 0; biases and norms are exempt", ge=0, le=1, log=True
    )


class LARSConfig(Model):
    """Settings of LARS."""

    lr: float = setting(0.4, "Learning rate", "peak of the schedule", gt=0, le=100, log=True)
    momentum: float = setting(0.9, "Momentum", "share of the last step that is kept", ge=0, lt=1)
    weight_decay: float = setting(
        1e-4, "Weight decay", "pull of the weights towards 0; biases and norms are exempt", ge=0, le=1, log=True
    )
    trust: float = setting(
        0.02,
        "Trust",
        "length of a step at learning rate 1, as a share of the weights' norm",
        gt=0,
        le=1,
        log=True,
        advanced=True,
    )


Groups = list[dict[str, Any]]


@dataclass(frozen=True)
class OptimiserEntry:
    """One optimiser: what lists say of it, its settings, and how it is made from parameter groups and settings."""

    spec: ChoiceSpec
    Config: type[Model]
    make: Callable[[Groups, Any], Optimizer]


def _sgd(groups: Groups, config: SGDConfig) -> Optimizer:
    nesterov = config.nesterov and config.momentum > 0
    return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=nesterov)


def _adamw(groups: Groups, config: AdamWConfig) -> Optimizer:
    return torch.optim.AdamW(groups, lr=config.lr, betas=(config.beta1, config.beta2))


def _lars(groups: Groups, config: LARSConfig) -> Optimizer:
    adapted: Groups = [{**group, "adapt": group["name"] == "weights"} for group in groups]
    return LARS(adapted, lr=config.lr, momentum=config.momentum, trust=config.trust)


OPTIMISERS: tuple[OptimiserEntry, ...] = (
    OptimiserEntry(
        ChoiceSpec(id="sgd", title="SGD", summary="Stochastic gradient descent with momentum; the usual choice."),
        SGDConfig,
        _sgd,
    ),
    OptimiserEntry(
        ChoiceSpec(id="adamw", title="AdamW", summary="Adam with decoupled weight decay; what transformers want."),
        AdamWConfig,
        _adamw,
    ),
    OptimiserEntry(
        ChoiceSpec(id="lars", title="LARS", summary="SGD with a rate for each layer, for batches of 1,000 and more."),
        LARSConfig,
        _lars,
    ),
)


def build_optimiser(choice: Choice, module: nn.Module) -> Optimizer:
    """The optimiser that a recipe names, over the trainable parameters of a module.

    Its groups are named "weights" (decayed) and "biases and norms" (not decayed); an empty one is left out.

    Raises
    ------
    RecipeError
        At `optimiser.<key>`, for an unknown id or a wrong setting.
    """
    entry = chosen("optimiser", choice, {entry.spec.id: entry for entry in OPTIMISERS})
    config: Any = configured("optimiser", choice, entry.Config)
    return entry.make(parameter_groups(module, config.weight_decay), config)


def parameter_groups(module: nn.Module, weight_decay: float) -> Groups:
    """Trainable parameters split by whether they decay: those with two dimensions and more do."""
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups: Groups = [
        {"name": "weights", "params": [p for p in trainable if p.ndim > 1], "weight_decay": weight_decay},
        {"name": "biases and norms", "params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
