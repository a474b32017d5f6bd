"""The decoder paints pictures of any size, near the mean colour at first."""

from __future__ import annotations

import pytest
import torch

from workbench.models.decoder import Decoder, first_map

SIDES = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 28, 31, 32, 36, 64, 96, 224]


@pytest.mark.parametrize("size", SIDES)
def test_pictures_have_the_size_that_was_asked_for(size: int) -> None:
    assert Decoder(6, 3, size, width=4)(torch.randn(2, 6)).shape == (2, 3, size, size)


@pytest.mark.parametrize("channels", [1, 2, 3, 313])
def test_pictures_have_the_channels_that_were_asked_for(channels: int) -> None:
    assert Decoder(6, channels, 16, width=4)(torch.randn(2, 6)).shape == (2, channels, 16, 16)


def test_doubling_the_first_map_covers_the_picture_and_wastes_less_than_a_quarter_of_a_side() -> None:
    for size in range(1, 300):
        doublings, side = first_map(size)
        assert size <= side * 2**doublings < 1.25 * size + 1
        assert side <= 8


def test_an_untrained_decoder_paints_the_mean_colour() -> None:
    torch.manual_seed(0)
    painted = Decoder(64, 3, 32)(torch.randn(32, 64))
    assert painted.square().mean() < 0.1


def test_every_pixel_of_a_picture_that_was_cut_to_size_can_be_painted() -> None:
    torch.manual_seed(0)
    decoder = Decoder(6, 1, 17, width=4)
    codes = torch.randn(4, 6)
    painted = decoder(codes)
    changed = (painted - decoder(-codes)).abs().sum(dim=(0, 1))
    assert (changed > 0).all()


def test_a_wider_picture_has_more_and_no_wider_stages_than_eight_times_the_last() -> None:
    shapes = [p.shape for p in Decoder(6, 3, 512, width=4).parameters()]
    assert max(shape[0] for shape in shapes if len(shape) == 4) <= 32


def test_gradients_reach_the_codes_and_every_weight() -> None:
    torch.manual_seed(0)
    decoder, codes = Decoder(6, 3, 28, width=4), torch.randn(4, 6, requires_grad=True)
    decoder(codes).sub(1).square().sum().backward()
    assert codes.grad.abs().sum() > 0
    assert [name for name, p in decoder.named_parameters() if not p.grad.abs().sum() > 0] == []


def test_a_picture_is_learned_by_heart() -> None:
    torch.manual_seed(0)
    decoder, code = Decoder(4, 3, 20, width=8), torch.randn(2, 4)
    picture = torch.rand(2, 3, 5, 5).repeat_interleave(4, 2).repeat_interleave(4, 3)
    optimiser = torch.optim.Adam(decoder.parameters(), lr=1e-2)
    for _ in range(120):
        optimiser.zero_grad()
        loss = (decoder(code) - picture).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 0.1 * picture.var()
