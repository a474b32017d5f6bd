"""Two players in one optimiser step: a discriminator that tells pictures apart, and those who try to deceive it.

Goodfellow et al.: Generative Adversarial Nets (NeurIPS 2014). With s the logit that the discriminator gives,

    L_D = mean log(1 + exp(-s_real)) + mean log(1 + exp(s_fake))
    L_G = mean log(1 + exp(-s_fake))                                    (section 3, the loss that does not saturate)

Usually the players have an optimiser each and take turns. Here both losses are computed in one forward pass and summed,
and each player's parameters get the gradient of its own loss alone: the discriminator judges detached samples for its
own loss, and for the others' it is called through detached parameters, through which gradients pass to its input
and stop there. The players then step at once, from the same weights, instead of one after the other.

Shapes: N samples, one logit each
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from workbench.models.decoder import first_map
from workbench.plugins.specs import MetricSpec

SLOPE = 0.2
WIDEST = 8

DISCRIMINATOR_ACCURACY = MetricSpec(
    name="discriminator_accuracy",
    title="Discriminator accuracy",
    better="neither",
    description="share of real and made samples that it tells apart; 0.5 is a draw, 1 is a lost game",
)


def discriminator_loss(real_N: Tensor, fake_N: Tensor) -> Tensor:
    """What it costs the discriminator to take one for the other, a scalar; 2 ln 2 when it knows nothing."""
    return F.softplus(-_precise(real_N)).mean() + F.softplus(_precise(fake_N)).mean()


def deceiver_loss(fake_N: Tensor) -> Tensor:
    """What it costs a player that its samples are not taken for real, a scalar; ln 2 when nothing is known."""
    return F.softplus(-_precise(fake_N)).mean()


def told_apart(real_N: Tensor, fake_N: Tensor) -> Tensor:
    """The mean over real and made samples of how often the sign of the logit is right, in [0, 1]."""
    return ((real_N > 0).float().mean() + (fake_N <= 0).float().mean()) / 2


def through(module: nn.Module, *inputs: Tensor) -> Any:
    """What `module` gives, with gradients to its inputs and none to its parameters.

    The module must not have running statistics: it is called twice a step.
    """
    return functional_call(module, {name: value.detach() for name, value in module.named_parameters()}, inputs)


class PictureCritic(nn.Module):
    """Pictures (N, C, S, S) -> vectors (N, width_out): strided convolutions and leaky ReLU (Radford et al. 2016).

    There is no normalisation: that of a batch would let samples see each other, and a normalisation of each picture
    would hide its contrast. Maps are halved as often as the decoder doubles them.

    Parameters
    ----------
    channels : C
    size : S
    width : channels of the first map, doubled with every halving up to eight times
    """

    def __init__(self, channels: int, size: int, width: int) -> None:
        super().__init__()
        halvings, _ = first_map(size)
        layers: list[nn.Module] = []
        for level in range(max(1, halvings)):
            wide = width * min(2**level, WIDEST)
            layers += [nn.Conv2d(channels, wide, 3, 2, padding=1), nn.LeakyReLU(SLOPE)]
            channels, size = wide, (size + 1) // 2
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.width = channels * size**2
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """The last map as one vector a picture."""
        vectors: Tensor = self.layers(x.contiguous(memory_format=torch.channels_last))
        return vectors


def kaiming(module: nn.Module) -> None:
    """Weights for leaky ReLU, so that signals keep their size through the layers; biases of 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, a=SLOPE)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def _precise(logits: Tensor) -> Tensor:
    return logits if logits.dtype == torch.float64 else logits.float()


def verdict(width: int) -> nn.Linear:
    """The linear layer that gives a logit, near 0 at first: a game begins as a draw."""
    layer = nn.Linear(width, 1)
    nn.init.normal_(layer.weight, std=0.1 / width**0.5)
    nn.init.zeros_(layer.bias)
    return layer
