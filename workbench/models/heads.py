"""The small networks that objectives put on top of an encoder."""

from __future__ import annotations

from torch import nn


def mlp(width_in: int, hidden: int, width_out: int, layers: int) -> nn.Sequential:
    """A projector: `layers` linear layers with batch normalisation and ReLU between them.

    Shapes: (N, width_in) -> (N, width_out). One layer is a plain linear map. Hidden layers have no bias, because the
    normalisation after them removes it.
    """
    parts: list[nn.Module] = []
    width = width_in
    for _ in range(layers - 1):
        parts += [nn.Linear(width, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True)]
        width = hidden
    return nn.Sequential(*parts, nn.Linear(width, width_out))
