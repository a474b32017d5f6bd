"""A small decoder: from feature vectors back to pictures.

The mirror of a convolutional encoder: a linear layer makes a small map, and every stage doubles it with nearest
neighbours before a 3x3 convolution, so that no checkerboard can arise as with strided transposed convolutions (Odena,
Dumoulin, Olah: Deconvolution and Checkerboard Artifacts, Distill 2016). On a CPU what happens at full resolution is
what costs, so the last doubling is followed by the layer that makes the colours and by nothing else.

Shapes: N samples, F numbers in a vector, C channels of a picture, S its side
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from workbench.models.tiny_cnn import conv_bn_relu

SMALLEST_MAP = 4
WIDEST = 8
INITIAL_STD = 0.01


class Decoder(nn.Module):
    """Vectors (N, F) -> pictures (N, C, S, S), near 0 at first: the mean colour of a normalised view.

    Parameters
    ----------
    width_in : F
    channels : C, 3 for colour pictures
    size : S, any side from 1 px
    width : channels of the map at half the resolution; each halving below has twice as many, at most eight times
    initial_std : deviation of the last layer's first weights
    """

    def __init__(
        self, width_in: int, channels: int, size: int, width: int = 32, initial_std: float = INITIAL_STD
    ) -> None:
        super().__init__()
        doublings, side = first_map(size)
        self.size = size
        widths = [width * min(2**level, WIDEST) for level in reversed(range(max(1, doublings)))]
        stages: list[nn.Module] = [
            nn.Linear(width_in, widths[0] * side**2),
            nn.Unflatten(1, (widths[0], side, side)),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        ]
        for wide, narrow in pairwise(widths):
            stages += [nn.Upsample(scale_factor=2), conv_bn_relu(wide, narrow, stride=1)]
        if doublings:
            stages.append(nn.Upsample(scale_factor=2))
        self.stages = nn.Sequential(*stages)
        self.colours = nn.Conv2d(widths[-1], channels, 3, padding=1)
        nn.init.normal_(self.colours.weight, std=initial_std)

    def forward(self, h_NF: Tensor) -> Tensor:
        """Pictures, unbounded; what the doublings make beyond S is cut off on all sides alike."""
        x: Tensor = self.colours(self.stages(h_NF))
        first = (x.shape[2] - self.size) // 2
        return x[:, :, first : first + self.size, first : first + self.size]


def first_map(size: int) -> tuple[int, int]:
    """How often a map is doubled to reach `size` px, and its first side: 4 to 8 px, fewer for pictures below 4."""
    doublings = max(0, (size // SMALLEST_MAP).bit_length() - 1)
    return doublings, -(-size // 2**doublings)
