"""Noise and holes: the random fields behind them, what they do to pixels, and how their parameters are distributed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, ks_2samp, kstest, norm
from torchvision.transforms import RandomErasing
from views_helpers import CPU, both_backends, choice, noise, only_view, pipeline, unit, with_values

from workbench.core.errors import RecipeError
from workbench.data.base import Samples
from workbench.views.fields import LEVELS, normal_quantiles, words

MANY = 20_000
MASK = 2**64 - 1


def splitmix_word(seed, element):
    """One 16-bit word of a field in Python's own integers."""
    z = (seed + (element // 4 + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return ((z ^ (z >> 31)) >> (16 * (element % 4))) & 0xFFFF


def grey(samples, side):
    return Samples({"image": np.full((samples, 3, side, side), 128, np.uint8)}, None, np.arange(samples))


def draws_of(op, side=64, samples=MANY):
    return pipeline(op, shape=(3, side, side)).parameters(samples, (5, 0))[0].draws[0, 0]


def test_fields_are_splitmix64_words():
    seeds = np.array([0, 1, 2**62 + 12345, 2**63 - 1])
    found = words(seeds, 11, CPU)
    assert found.tolist() == [[splitmix_word(int(seed), element) for element in range(11)] for seed in seeds]


def test_words_are_uniform_and_neighbours_independent():
    found = words(np.arange(50), 4000, CPU).numpy()
    assert chisquare(np.bincount(found.ravel() // 256, minlength=256)).pvalue > 0.01
    for one, other in ((found[:, 1:], found[:, :-1]), (found[:, 4:], found[:, :-4]), (found[1:], found[:-1])):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.01


def test_the_table_holds_the_quantiles_of_the_normal_distribution():
    table = normal_quantiles()
    exact = norm.ppf((np.arange(LEVELS) + 0.5) / LEVELS)
    np.testing.assert_allclose(table, exact, rtol=2e-4, atol=1e-6)
    assert abs(table.astype(np.float64).std() - 1) < 1e-6


def test_gaussian_noise_is_the_field_times_its_deviation():
    samples, pipe = grey(3, 4), pipeline(choice("gaussian_noise"), shape=(3, 4, 4))
    (drawn,) = pipe.parameters(3, (0, 0))
    values = drawn.draws[0, 0].values
    expected = np.array([[splitmix_word(int(seed), element) for element in range(48)] for seed in values["seed"]])
    added = norm.ppf((expected + 0.5) / LEVELS) * values["deviation"][:, None]
    expected = np.clip(128 / 255 + added, 0, 1).reshape(3, 3, 4, 4)
    for ours in both_backends(pipe, samples, drawn):
        np.testing.assert_allclose(ours.numpy(), expected, atol=1e-4)


def test_gaussian_noise_has_its_deviation_and_no_mean():
    pipe = pipeline(choice("gaussian_noise", deviation=[0.08, 0.08]), shape=(3, 64, 64))
    added = (only_view(pipe, grey(16, 64)) - 128 / 255).numpy() / 0.08
    assert kstest(added.ravel(), "norm").pvalue > 0.01
    assert abs(np.corrcoef(added[:, 0].ravel(), added[:, 1].ravel())[0, 1]) < 0.02


def test_no_two_samples_or_views_get_the_same_noise():
    pipe = pipeline(choice("gaussian_noise", deviation=[0.1, 0.1]), shape=(3, 8, 8), count=2)
    added = torch.cat([view.flatten(1) for view in pipe(grey(20, 8), (0, 0), CPU).inputs])
    alike = torch.corrcoef(added) - torch.eye(40)
    assert alike.abs().max() < 0.4


def test_noise_is_the_same_again_at_the_same_key_and_other_at_another():
    pipe = pipeline(choice("gaussian_noise"), shape=(3, 8, 8))
    assert torch.equal(only_view(pipe, grey(4, 8), (3, 4)), only_view(pipe, grey(4, 8), (3, 4)))
    assert not torch.equal(only_view(pipe, grey(4, 8), (3, 4)), only_view(pipe, grey(4, 8), (3, 5)))


@pytest.mark.parametrize("amount", [0.0, 0.02, 0.4, 1.0])
def test_specks_have_their_amount_half_white_half_black_and_cover_all_channels(amount):
    pipe = pipeline(choice("salt_and_pepper", p=1.0, amount=[amount, amount]), shape=(3, 64, 64))
    view = only_view(pipe, grey(16, 64))
    assert torch.equal(view[:, 0], view[:, 1])
    assert torch.equal(view[:, 0], view[:, 2])
    pixels, spread = view[:, 0].numel(), 4 * (amount * (1 - amount / 2) / 2 / view[:, 0].numel()) ** 0.5
    for speck in (0.0, 1.0):
        assert abs(float((view[:, 0] == speck).sum()) / pixels - amount / 2) <= spread + 1e-9
    assert ((view == 0) | (view == 1) | (view - 128 / 255).abs().lt(1e-6)).all()


@pytest.mark.parametrize(
    ("op", "name", "low", "high"),
    [
        (choice("gaussian_noise", deviation=[0.05, 0.2]), "deviation", 0.05, 0.2),
        (choice("salt_and_pepper", amount=[0.1, 0.3]), "amount", 0.1, 0.3),
        (choice("sharpness", factor=[0.5, 3.0]), "factor", 0.5, 3.0),
    ],
)
def test_strengths_are_uniform_over_their_range(op, name, low, high):
    assert kstest(draws_of(op).values[name], "uniform", (low, high - low)).pvalue > 0.01


def test_jpeg_qualities_are_equally_likely_and_reach_both_bounds():
    found, counts = np.unique(draws_of(choice("jpeg", quality=[30, 49])).values["quality"], return_counts=True)
    assert found.tolist() == list(range(30, 50))
    assert chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("p", [0.2, 0.7])
@pytest.mark.parametrize(
    "name",
    [
        *("invert", "solarize", "posterize", "equalize", "autocontrast", "sharpness", "channel_drop"),
        *("channel_shuffle", "gaussian_noise", "salt_and_pepper", "cutout", "random_erasing", "sobel", "jpeg"),
    ],
)
def test_a_filter_is_applied_to_its_share_of_the_views(name, p):
    rate = draws_of(choice(name, p=p)).applied.mean()
    assert abs(rate - p) < 4 * np.sqrt(p * (1 - p) / MANY)


def test_cutouts_are_centred_on_every_pixel_alike_and_cut_off_at_the_border():
    values = draws_of(choice("cutout", size=0.25), side=16).values
    bottom, right = values["top"] + values["height"], values["left"] + values["width"]
    assert values["top"].min() == values["left"].min() == 0
    assert bottom.max() == right.max() == 16
    # A side of 4 px about pixel c covers c - 2 to c + 1, so c of 0, 1 and 15 lose 2, 1 and 1 of it.
    for extent in (values["height"], values["width"]):
        counts = [(extent == size).sum() for size in (2, 3, 4)]
        assert chisquare(counts, np.array([1, 2, 13]) * MANY / 16).pvalue > 0.01


def test_a_cutout_hides_its_square_and_nothing_else():
    samples, pipe = noise(32, high=100), pipeline(choice("cutout", size=0.5))
    (drawn,) = pipe.parameters(32, (0, 0))
    values = drawn.draws[0, 0].values
    for ours in both_backends(pipe, samples, drawn):
        hidden = (ours == 0.5).all(dim=1)
        assert torch.equal(hidden.sum(dim=(1, 2)), torch.from_numpy(values["height"] * values["width"]).long())
        kept = ~hidden[:, None].expand_as(ours)
        torch.testing.assert_close(ours[kept], unit(samples)[kept], atol=1e-6, rtol=0)


def test_the_mean_that_fills_a_hole_is_that_of_the_whole_view():
    samples, pipe = noise(8), pipeline(choice("random_erasing", p=1.0, fill="mean"))
    box = {"top": np.full(8, 3), "left": np.full(8, 4), "height": np.full(8, 5), "width": np.full(8, 6)}
    drawn = with_values(pipe, pipe.parameters(8, (0, 0))[0], (3, 32, 32), **box)
    mean = unit(samples).mean(dim=(2, 3), keepdim=True).expand(-1, -1, 5, 6)
    for ours in both_backends(pipe, samples, drawn):
        torch.testing.assert_close(ours[:, :, 3:8, 4:10], mean, atol=1e-5, rtol=0)


def test_the_noise_that_fills_a_hole_is_uniform_in_every_channel():
    pipe = pipeline(choice("cutout", size=1.0, fill="noise"), shape=(3, 64, 64))
    view = only_view(pipe, grey(8, 64))
    for channel in range(3):
        inside = view[:, channel][(view[:, channel] - 128 / 255).abs() > 1e-6].numpy()
        assert kstest(inside, "uniform").pvalue > 0.01


def test_erased_boxes_are_distributed_as_torchvisions():
    torch.manual_seed(0)
    image = torch.empty(3, 64, 64)
    theirs = np.array([RandomErasing.get_params(image, (0.02, 0.33), (0.3, 3.3), [0.0])[:4] for _ in range(4000)])
    values = draws_of(choice("random_erasing")).values
    for column, name in enumerate(("top", "left", "height", "width")):
        assert ks_2samp(values[name], theirs[:, column]).pvalue > 0.01
    assert ks_2samp(values["height"] * values["width"], theirs[:, 2] * theirs[:, 3]).pvalue > 0.01


def test_a_view_into_which_no_box_fits_stays_as_it_is():
    samples, pipe = noise(4), pipeline(choice("random_erasing", p=1.0, scale=[1.0, 1.0], ratio=[1.0, 1.0]))
    torch.testing.assert_close(only_view(pipe, samples), unit(samples), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("op", "key"),
    [
        (choice("solarize", threshold=300), "threshold"),
        (choice("posterize", bits=0), "bits"),
        (choice("sharpness", factor=[2.0, 1.0]), "factor"),
        (choice("gaussian_noise", deviation=[-0.1, 0.1]), "deviation.0"),
        (choice("salt_and_pepper", amount=[0.0, 1.1]), "amount.1"),
        (choice("cutout", size=1.5), "size"),
        (choice("random_erasing", fill="pink"), "fill"),
        (choice("jpeg", quality=[0, 50]), "quality.0"),
        (choice("channel_drop", dropped=3), "dropped"),
        (choice("colour_jitter", mode="hsv"), "mode"),
    ],
)
def test_a_setting_out_of_its_range_is_named_with_its_key(op, key):
    with pytest.raises(RecipeError, match=rf"views\.branches\.0\.ops\.0\.{key}"):
        pipeline(op)
