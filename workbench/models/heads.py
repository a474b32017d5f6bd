"""The small networks that objectives put on top of an encoder."""

from __future__ import annotations

from torch import nn


def mlp(
    width_in: int, hidden: int, width_out: int, layers: int, normalised: bool = False, bias: bool = True
) -> nn.Sequential:
    """A projector: `layers` linear layers with batch normalisation and ReLU between them.

    Shapes: (N, width_in) -> (N, width_out). One layer is a plain linear map. Hidden layers have no bias, because the
    normalisation after them removes it; the last has none with `bias=False`, for losses that centre their input.
    Where the output is `normalised`, a last batch normalisation without scale and shift follows.
    """
    parts: list[nn.Module] = []
    width = width_in
    for _ in range(layers - 1):
        parts += [nn.Linear(width, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True)]
        width = hidden
    if normalised:
        return nn.Sequential(*parts, nn.Linear(width, width_out, bias=False), nn.BatchNorm1d(width_out, affine=False))
    return nn.Sequential(*parts, nn.Linear(width, width_out, bias=bias))
