"""The filters of colour and detail, against torchvision and scipy with the same parameters, on both backends."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import sobel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torchvision.transforms.v2 import functional as F
from views_helpers import both_backends, choice, noise, only_view, pipeline, unit, with_values

from workbench.data.base import Samples

FILTERS = {
    "solarize": {},
    "posterize": {},
    "equalize": {},
    "autocontrast": {},
    "sharpness": {},
    "gaussian_noise": {},
    "salt_and_pepper": {},
    "cutout": {},
    "random_erasing": {},
    "sobel": {},
    "jpeg": {},
    "cutout mean": {"fill": "mean"},
    "random_erasing noise": {"fill": "noise"},
}


def filter_choice(name, **changes):
    return choice(name.split()[0], **{"p": 1.0, **FILTERS[name], **changes})


def pictures(seed, shape, samples=5):
    """Bytes of random contrast: some pictures use few shades, some nearly all."""
    rng = np.random.default_rng(seed)
    low, span = rng.integers(0, 200, samples), rng.integers(1, 256, samples)
    images = [rng.integers(a, min(a + b, 256), shape, dtype=np.uint8) for a, b in zip(low, span, strict=True)]
    return Samples({"image": np.stack(images)}, None, np.arange(samples))


def square(channels, side):
    return (channels, side, side)


def assert_equals(theirs, name, values, seed, shape, on_bytes, tolerance=1e-5):
    """Both backends of an operation with these values, a row a sample, give what torchvision gives."""
    samples = pictures(seed, shape)
    pipe = pipeline(choice(name, p=1.0), shape=shape)
    drawn = with_values(pipe, pipe.parameters(5, (0, 0))[0], shape, **values)
    images = torch.from_numpy(samples.fields["image"]) if on_bytes else unit(samples)
    rows = zip(images.expand(-1, 3, -1, -1), *values.values(), strict=True)
    expected = torch.stack([theirs(image, *parameters) for image, *parameters in rows])
    expected = expected.float() / 255 if on_bytes else expected
    for ours in both_backends(pipe, samples, drawn):
        torch.testing.assert_close(ours, expected, atol=tolerance, rtol=0)


CASES = settings(max_examples=15, deadline=None)
SHAPES = st.builds(square, st.sampled_from([1, 3]), st.integers(1, 40))
SEEDS = st.integers(0, 2**31)


@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_solarize_equals_torchvisions_of_bytes(seed, shape):
    thresholds = np.random.default_rng(seed).integers(0, 256, 5)
    assert_equals(lambda x, t: F.solarize(x, int(t)), "solarize", {"threshold": thresholds}, seed, shape, True)


@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_posterize_equals_torchvisions_of_bytes(seed, shape):
    bits = np.random.default_rng(seed).integers(0, 9, 5)
    assert_equals(lambda x, b: F.posterize(x, int(b)), "posterize", {"bits": bits}, seed, shape, True)


@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_equalize_equals_torchvisions_of_bytes(seed, shape):
    assert_equals(F.equalize, "equalize", {}, seed, shape, True)


@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_autocontrast_equals_torchvisions_of_floats(seed, shape):
    assert_equals(F.autocontrast, "autocontrast", {}, seed, shape, False)


@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_sharpness_equals_torchvisions_of_floats(seed, shape):
    factors = np.random.default_rng(seed).uniform(0, 3, 5)
    assert_equals(lambda x, f: F.adjust_sharpness(x, float(f)), "sharpness", {"factor": factors}, seed, shape, False)


@pytest.mark.filterwarnings("ignore:The image decoding and encoding capabilities:DeprecationWarning")
@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_jpeg_equals_torchvisions_of_bytes(seed, shape):
    quality = np.random.default_rng(seed).integers(1, 101, 5)
    assert_equals(lambda x, q: F.jpeg(x, int(q)), "jpeg", {"quality": quality}, seed, shape, True)


@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_invert_equals_torchvisions_of_bytes(seed, shape):
    assert_equals(F.invert, "invert", {}, seed, shape, True)


@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_shuffled_channels_equal_torchvisions(seed, shape):
    order = np.random.default_rng(seed).random((5, 3)).argsort(axis=1)
    assert_equals(
        lambda x, o: F.permute_channels(x, o.tolist()), "channel_shuffle", {"order": order}, seed, shape, False
    )


@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_erased_boxes_are_torchvisions(seed, shape):
    rng, side = np.random.default_rng(seed), shape[1]
    top, left = rng.integers(0, side, (2, 5))
    height, width = rng.integers(0, side - top + 1), rng.integers(0, side - left + 1)
    values = {"top": top, "left": left, "height": height, "width": width}

    def theirs(x, i, j, h, w):
        return F.erase(x, int(i), int(j), int(h), int(w), torch.zeros(3, 1, 1))

    assert_equals(theirs, "random_erasing", values, seed, shape, False)


@CASES
@given(seed=SEEDS, shape=SHAPES)
def test_sobel_is_the_gradients_length_by_scipy(seed, shape):
    def theirs(x):
        grey = x.numpy().astype(np.float64).mean(axis=0)
        length = np.hypot(sobel(grey, 0, mode="nearest"), sobel(grey, 1, mode="nearest"))
        return torch.from_numpy(np.clip(length / 4, 0, 1)).float().expand(3, -1, -1)

    assert_equals(theirs, "sobel", {}, seed, shape, False)


def test_sobel_gives_one_on_a_straight_step_from_black_to_white():
    images = np.zeros((1, 3, 8, 8), np.uint8)
    images[..., 4:] = 255
    view = only_view(pipeline(choice("sobel"), shape=(3, 8, 8)), Samples({"image": images}, None, np.arange(1)))
    assert view[0, 0, 0].tolist() == [0, 0, 0, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 2, 5), (3, 16, 16)])
def test_flat_and_tiny_pictures_give_finite_views_in_range_and_both_backends_agree(name, level, shape):
    samples = Samples({"image": np.full((6, *shape), level, np.uint8)}, None, np.arange(6))
    pipe = pipeline(filter_choice(name), shape=shape)
    ours, batched = both_backends(pipe, samples, pipe.parameters(6, (0, 0))[0])
    assert ours.dtype == batched.dtype == torch.float32
    assert torch.isfinite(ours).all()
    assert 0 <= ours.min() <= ours.max() <= 1
    torch.testing.assert_close(ours, batched, atol=1 / 255, rtol=0)


@pytest.mark.parametrize("name", FILTERS)
def test_both_backends_agree_on_resampled_pictures(name):
    coarse = torch.rand(32, 3, 9, 9, generator=torch.Generator().manual_seed(1))
    smooth = torch.nn.functional.interpolate(coarse, 48, mode="bicubic").clamp(0, 1)
    samples = Samples({"image": (smooth * 255).to(torch.uint8).numpy()}, None, np.arange(32))
    pipe = pipeline(choice("random_resized_crop"), choice("colour_jitter"), filter_choice(name), shape=(3, 48, 48))
    ours, batched = both_backends(pipe, samples, pipe.parameters(32, (0, 0))[0])
    # A value within a rounding error of a threshold or of half a count may fall to either side of it.
    assert ((ours - batched).abs() > 1 / 255).float().mean() < 2e-4


@pytest.mark.parametrize("name", FILTERS)
def test_samples_that_a_filter_is_not_applied_to_keep_every_bit_on_both_backends(name):
    samples, pipe = noise(64, height=16, width=16), pipeline(filter_choice(name, p=0.5), shape=(3, 16, 16))
    (drawn,) = pipe.parameters(64, (0, 0))
    untouched = torch.from_numpy(~drawn.draws[0, 0].applied)
    assert 10 < untouched.sum() < 54
    plain = pipeline(shape=(3, 16, 16))
    without = both_backends(plain, samples, plain.parameters(64, (0, 0))[0])
    for ours, unchanged in zip(both_backends(pipe, samples, drawn), without, strict=True):
        assert torch.equal(ours[untouched], unchanged[untouched])


@pytest.mark.parametrize("name", ["solarize", "posterize", "equalize", "autocontrast", "sharpness", "sobel"])
def test_a_grey_picture_stays_grey(name):
    view = only_view(pipeline(filter_choice(name), shape=(1, 32, 32)), noise(4, channels=1))
    assert torch.equal(view[:, 0], view[:, 1])
    assert torch.equal(view[:, 0], view[:, 2])


@pytest.mark.parametrize(
    ("name", "neutral"),
    [
        ("solarize", {"threshold": 256}),
        ("posterize", {"bits": 8}),
        ("sharpness", {"factor": [1, 1]}),
        ("gaussian_noise", {"deviation": [0, 0]}),
        ("salt_and_pepper", {"amount": [0, 0]}),
        ("cutout", {"size": 0}),
        ("random_erasing", {"scale": [0, 0]}),
    ],
)
def test_a_filter_at_its_neutral_setting_changes_nothing(name, neutral):
    samples = noise()
    view = only_view(pipeline(filter_choice(name, **neutral)), samples)
    torch.testing.assert_close(view, unit(samples), atol=1e-6, rtol=0)


def test_a_range_of_less_than_half_a_count_is_not_stretched_to_the_whole_range():
    # Seventeen equal weights are no power of two, so a resampled flat picture is flat but for rounding errors.
    samples = Samples({"image": np.full((4, 3, 40, 40), 77, np.uint8)}, None, np.arange(4))
    crop = choice("random_resized_crop", scale=[0.3, 0.9])
    view = only_view(pipeline(crop, choice("autocontrast", p=1.0), shape=(3, 40, 40), size=17), samples)
    torch.testing.assert_close(view, torch.full_like(view, 77 / 255), atol=1e-5, rtol=0)


@pytest.mark.parametrize("batched", [0, 1])
def test_halves_that_resampling_makes_are_rounded_up_wherever_they_are_rounded(batched):
    images = np.zeros((1, 3, 2, 4), np.uint8)
    images[..., 1::2] = 37
    samples = Samples({"image": images}, None, np.arange(1))
    shrunk = pipeline(choice("posterize", p=1.0, bits=8), shape=(3, 2, 4), size=1)
    view = both_backends(shrunk, samples, shrunk.parameters(1, (0, 0))[0])[batched]
    torch.testing.assert_close(view * 255, torch.full_like(view, 19.0), atol=1e-3, rtol=0)


class PeakMemory(TorchDispatchMode):
    """Counts the bytes of all storages that operations have touched and that still live."""

    def __init__(self):
        super().__init__()
        self.live, self.peak, self._seen = 0, 0, set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves((args, result)):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return result

    def _count(self, storage):
        key, size = storage._cdata, storage.nbytes()
        if key not in self._seen:
            self._seen.add(key)
            self.live += size
            self.peak = max(self.peak, self.live)
            weakref.finalize(storage, self._gone, key, size)

    def _gone(self, key, size):
        self._seen.discard(key)
        self.live -= size


@pytest.mark.parametrize("name", ["gaussian_noise", "equalize"])
def test_a_batched_filter_needs_at_most_three_times_its_output_its_input_included(name):
    pipe = pipeline(filter_choice(name), shape=(3, 224, 224))
    step = pipe._steps(0, pipe.parameters(48, (0, 0))[0])[1]
    x = torch.full((48, 3, 224, 224), 0.5)
    with PeakMemory() as memory:
        step.operation.on_device(x, step.values, step.applied)
    assert 2 < memory.peak / (x.numel() * 4) <= 3
