"""Maps that turn, shear, tilt or look beyond the picture: against torchvision and against the filter's definition."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstest
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.transforms import RandomPerspective
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F
from views_helpers import CPU, both_backends, choice, noise, only_view, pipeline, unit, with_values

from workbench.recipes.models import Branch, Views
from workbench.views import batched
from workbench.views.pipeline import compile_views

BILINEAR = InterpolationMode.BILINEAR
LEVELS = {"black": 0.0, "grey": 0.5, "white": 1.0}
SIDES = st.integers(1, 24)
degrees = st.floats(-180, 180)


def smooth(samples, shape):
    """Pictures whose detail spans many pixels, as a batch of bytes."""
    batch = noise(samples, *shape)
    coarse = 0.25 + 0.5 * torch.rand(samples, shape[0], 4, 4, generator=torch.Generator().manual_seed(3))
    large = torch.nn.functional.interpolate(coarse, shape[1:], mode="bicubic")
    batch.fields["image"][:] = (large * 255).round().to(torch.uint8).numpy()
    return batch


def view_of(samples, name, size=0, fill="black", **values):
    """The view that one operation makes with these parameters."""
    shape = samples.fields["image"].shape[1:]
    pipe = pipeline(choice(name, fill=fill, p=1.0), shape=shape, size=size)
    (drawn,) = pipe.parameters(len(samples), (0, 0))
    (view,) = pipe.render(samples, [with_values(pipe, drawn, shape, **values)], CPU).inputs
    return view


def square(side, other):
    """Height and width whose difference is even, so that the view's centre square lies on whole pixels."""
    return side, side + 2 * other


@settings(max_examples=40, deadline=None)
@given(angle=degrees, side=SIDES, more=st.integers(0, 6), tall=st.booleans(), fill=st.sampled_from(sorted(LEVELS)))
def test_rotation_equals_torchvisions(angle, side, more, tall, fill):
    height, width = square(side, more)[:: -1 if tall else 1]
    samples = noise(1, 3, height, width)
    ours = view_of(samples, "rotation", fill=fill, degrees=[angle])
    theirs, seen = F.rotate(unit(samples), angle, BILINEAR, fill=[LEVELS[fill]]), torch.ones(1, 1, height, width)
    theirs, seen = (F.center_crop(x, [side, side]) for x in (theirs, F.rotate(seen, angle, BILINEAR)))
    # Where the picture ends torchvision multiplies by its coverage twice, once for each of its two samplings.
    whole = ((seen > 1 - 1e-4) | (seen < 1e-4)).expand(-1, 3, -1, -1)
    torch.testing.assert_close(ours[whole], theirs[whole], atol=1 / 255, rtol=0)


@settings(max_examples=20, deadline=None)
@given(angle=degrees, side=SIDES)
def test_rotation_on_black_equals_torchvisions_zero_padding_up_to_the_border(angle, side):
    samples = noise(1, 3, side, side)
    ours = view_of(samples, "rotation", degrees=[angle])
    torch.testing.assert_close(ours, F.rotate(unit(samples), angle, BILINEAR), atol=1 / 255, rtol=0)


@settings(max_examples=20, deadline=None)
@given(angle=degrees, side=SIDES)
def test_an_edge_fill_continues_the_last_pixels(angle, side):
    samples = noise(1, 3, side, side)
    turn = np.radians(angle)
    theta = torch.tensor([[[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0]]]).float()
    grid = torch.nn.functional.affine_grid(theta, [1, 3, side, side], align_corners=False)
    theirs = torch.nn.functional.grid_sample(unit(samples), grid, padding_mode="border", align_corners=False)
    ours = view_of(samples, "rotation", fill="edge", degrees=[angle])
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=0)


@settings(max_examples=40, deadline=None)
@given(
    angle=degrees,
    shift=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    scale=st.floats(1.5, 4),
    shear=st.tuples(st.floats(-30, 30), st.floats(-30, 30)),
    side=SIDES,
    more=st.integers(0, 6),
)
def test_an_affine_map_that_enlarges_equals_torchvisions(angle, shift, scale, shear, side, more):
    height, width = square(side, more)
    samples = noise(1, 3, height, width)
    values = {"degrees": [angle], "scale": [scale], "shift_x": [shift[0]], "shift_y": [shift[1]]}
    # These shears lengthen the rows of the map's Jacobian by 1.45 at most, so nothing shrinks.
    ours = view_of(samples, "affine", shear_x=[shear[0]], shear_y=[shear[1]], **values)
    given_ = (angle, list(shift), scale, list(shear), BILINEAR)
    theirs, seen = F.affine(unit(samples), *given_), F.affine(torch.ones(1, 3, height, width), *given_)
    theirs, seen = F.center_crop(theirs, [side, side]), F.center_crop(seen, [side, side])
    # At the border torchvision's fill reaches half a source pixel into the picture, ours half a pixel of the view.
    whole = (seen > 1 - 1e-4) | (seen < 1e-4)
    torch.testing.assert_close(ours[whole], theirs[whole], atol=1 / 255, rtol=0)


@settings(max_examples=30, deadline=None)
@given(
    angle=degrees,
    scale=st.floats(0.8, 2),
    shear=st.tuples(st.floats(-30, 30), st.floats(-30, 30)),
    shift=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
)
def test_an_affine_map_of_a_smooth_picture_equals_torchvisions_inside(angle, scale, shear, shift):
    samples = smooth(1, (3, 64, 64))
    values = {"degrees": [angle], "scale": [scale], "shift_x": [shift[0]], "shift_y": [shift[1]]}
    ours = view_of(samples, "affine", shear_x=[shear[0]], shear_y=[shear[1]], **values)
    given_ = (angle, list(shift), scale, list(shear), BILINEAR)
    theirs, seen = F.affine(unit(samples), *given_), F.affine(unit(samples) * 0 + inner(64, 4), *given_)
    inside = seen > 1 - 1e-4
    torch.testing.assert_close(ours[inside], theirs[inside], atol=2 / 255, rtol=0)


def inner(side, margin):
    """Ones that keep a margin from the border."""
    ones = torch.zeros(side, side)
    ones[margin:-margin, margin:-margin] = 1
    return ones


@pytest.mark.parametrize("shrink", [2, 4, 16, 64])
def test_a_shrinking_affine_map_equals_torchvisions_antialiased_resize(shrink):
    samples, side = noise(2, 3, 64, 64), 64 // shrink
    ours = view_of(samples, "affine", degrees=[0, 0], scale=[1 / shrink] * 2, shift_x=[0, 0], shift_y=[0, 0])
    theirs = F.resize(unit(samples), [side, side], antialias=True)
    low = (64 - side) / 2
    shifted = view_of(samples, "affine", degrees=[0, 0], scale=[1 / shrink] * 2, shift_x=[0.5] * 2, shift_y=[0.5] * 2)
    # An odd side lies between pixels of the view; half a pixel brings it onto them.
    view, first = (ours, int(low)) if low == int(low) else (shifted, int(low + 0.5))
    torch.testing.assert_close(view[:, :, first : first + side, first : first + side], theirs, atol=1e-5, rtol=0)


@settings(max_examples=30, deadline=None)
@given(corners=st.lists(st.floats(0, 0.6), min_size=8, max_size=8), side=st.integers(2, 24), more=st.integers(0, 6))
def test_perspective_puts_pixels_where_torchvision_does(corners, side, more):
    height, width = square(side, more)
    samples = smooth(1, (3, height, width))
    ours = view_of(samples, "perspective", fill="edge", corners=np.reshape(corners, (1, 4, 2)))
    seen, theirs = (perspective(x, corners) for x in (torch.ones(1, 3, height, width), unit(samples)))
    seen, theirs = F.center_crop(seen, [side, side]), F.center_crop(theirs, [side, side])
    gradient = (unit(samples).diff(dim=2).abs().amax() if height > 1 else 0) + unit(samples).diff(dim=3).abs().amax()
    inside = seen > 1 - 1e-4
    # Averaging over a footprint, which torchvision does not do, moves a value by less than the gradient within it.
    assert (ours - theirs)[inside].abs().amax() <= 2 * gradient + 1 / 255 if inside.any() else True


def perspective(image, corners):
    height, width = image.shape[2:]
    start = [[0, 0], [width, 0], [width, height], [0, height]]
    inwards = np.reshape(corners, (4, 2)) * np.array([width, height]) / 2 * [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    return F.perspective(image, start, (np.array(start) + inwards).tolist(), BILINEAR)


def by_definition(image, to_source, size):
    """The filter of `workbench.views.warp`, written out over all source pixels in float64; black beyond the picture."""
    channels, height, width = image.shape
    out = np.zeros((channels, size, size))
    for i in range(size):
        for j in range(size):
            x, y = to_source(j + 0.5, i + 0.5)
            step = 1e-5
            slopes = [
                (np.array(to_source(j + 0.5 + dx, i + 0.5 + dy)) - np.array([x, y])) / step
                for dx, dy in ((step, 0), (0, step))
            ]
            footprint = np.hypot(*slopes)
            radius_x, radius_y = np.maximum(1, footprint)
            edges = [(x, 0), (width - x, 0), (y, 1), (height - y, 1)]
            cover = np.prod([min(max(away / min(footprint[axis], 1) + 0.5, 0), 1) for away, axis in edges])
            x, y = min(max(x, 0), width), min(max(y, 0), height)
            weights_x = np.maximum(0, 1 - np.abs(np.arange(width) + 0.5 - x) / radius_x)
            weights_y = np.maximum(0, 1 - np.abs(np.arange(height) + 0.5 - y) / radius_y)
            weights = np.outer(weights_y / weights_y.sum(), weights_x / weights_x.sum())
            out[:, i, j] = cover * (image * weights).sum(axis=(1, 2))
    return out


@settings(max_examples=15, deadline=None)
@given(corners=st.lists(st.floats(0, 0.7), min_size=8, max_size=8), side=st.sampled_from([1, 2, 3, 7, 12]))
def test_a_tilted_picture_is_read_through_its_footprint(corners, side):
    samples = noise(1, 3, side, side)
    ours = view_of(samples, "perspective", corners=np.reshape(corners, (1, 4, 2)))
    start = np.array([[0, 0], [side, 0], [side, side], [0, side]], float)
    ends = start + np.reshape(corners, (4, 2)) * side / 2 * [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    rows = [[x, y, 1, 0, 0, 0, -x * u, -y * u] for (x, y), (u, _) in zip(ends, start, strict=True)]
    rows += [[0, 0, 0, x, y, 1, -x * v, -y * v] for (x, y), (_, v) in zip(ends, start, strict=True)]
    a, b, c, d, e, f, g, h = np.linalg.solve(rows, [*start[:, 0], *start[:, 1]])

    def to_source(x, y):
        depth = g * x + h * y + 1
        return (a * x + b * y + c) / depth, (d * x + e * y + f) / depth

    expected = by_definition(unit(samples)[0].numpy().astype(np.float64), to_source, side)
    np.testing.assert_allclose(ours[0].numpy(), expected, atol=1 / 255)


@settings(max_examples=15, deadline=None)
@given(angle=degrees, scale=st.floats(0.1, 1), side=st.sampled_from([1, 2, 5, 12]))
def test_a_turned_and_shrunk_picture_is_read_through_its_footprint(angle, scale, side):
    samples = noise(1, 3, side, side)
    ours = view_of(samples, "affine", degrees=[angle], scale=[scale], shift_x=[0], shift_y=[0])
    cos, sin = np.cos(np.radians(angle)) / scale, np.sin(np.radians(angle)) / scale

    def to_source(x, y):
        x, y = x - side / 2, y - side / 2
        return side / 2 + cos * x + sin * y, side / 2 - sin * x + cos * y

    expected = by_definition(unit(samples)[0].numpy().astype(np.float64), to_source, side)
    np.testing.assert_allclose(ours[0].numpy(), expected, atol=1e-4)


def test_crop_flip_turn_and_shear_in_one_resampling_equal_torchvision_one_by_one():
    shape, size = (3, 96, 96), 48
    samples = smooth(4, shape)
    ops = [choice("random_resized_crop"), choice("horizontal_flip", p=1.0), choice("rotation"), choice("affine")]
    pipe = pipeline(*ops, shape=shape, size=size)
    (drawn,) = pipe.parameters(4, (0, 0))
    box = {"top": [10.0] * 4, "left": [20.0] * 4, "height": [64.0] * 4, "width": [56.0] * 4}
    drawn = with_values(pipe, drawn, shape, 0, **box)
    drawn = with_values(pipe, drawn, shape, 2, degrees=[25.0, -70.0, 140.0, 5.0])
    slants = {"shear_x": [12.0] * 4, "shear_y": [-8.0] * 4, "degrees": [0.0] * 4}
    drawn = with_values(pipe, drawn, shape, 3, scale=[1.2] * 4, shift_x=[3] * 4, shift_y=[-2] * 4, **slants)
    (ours,) = pipe.render(samples, [drawn], CPU).inputs
    for n, angle in enumerate((25.0, -70.0, 140.0, 5.0)):
        cropped = F.resized_crop(unit(samples)[n], 10, 20, 64, 56, [size, size], antialias=True)
        marked = torch.cat([cropped, inner(size, 2)[None], torch.ones(1, size, size)])
        turned = F.rotate(F.horizontal_flip(marked), angle, BILINEAR)
        theirs = F.affine(turned, 0.0, [3, -2], 1.2, [12.0, -8.0], BILINEAR)
        inside, outside = theirs[3] > 1 - 1e-4, theirs[4] == 0
        assert inside.float().mean() > 0.4
        torch.testing.assert_close(ours[n][:, inside], theirs[:3, inside], atol=2 / 255, rtol=0)
        assert (ours[n][:, outside] == 0).all()


@pytest.mark.parametrize("fill", ["black", "edge"])
def test_a_turn_after_a_crop_never_shows_the_picture_beyond_the_box(fill):
    shape = (3, 40, 40)
    samples = noise(8, *shape, low=255)
    samples.fields["image"][:, :, 10:30, 10:30] = 100
    pipe = pipeline(choice("random_resized_crop"), choice("rotation", fill=fill), shape=shape)
    (drawn,) = pipe.parameters(8, (0, 0))
    box = {name: [value] * 8 for name, value in {"top": 10.0, "left": 10.0, "height": 20.0, "width": 20.0}.items()}
    drawn = with_values(pipe, drawn, shape, 0, **box)
    drawn = with_values(pipe, drawn, shape, 1, degrees=np.linspace(-170, 160, 8))
    for view in both_backends(pipe, samples, drawn):
        assert view.amax() < 100.1 / 255
        assert (view[:, :, 0, 0] < (0.1 if fill == "black" else 1)).all()
        assert fill == "black" or view.amin() > 99.9 / 255


def test_a_crop_after_a_turn_shows_the_corners_that_the_turn_left_empty():
    samples = noise(1, 3, 32, 32, low=255)
    pipe = pipeline(choice("rotation", fill="grey"), choice("centre_crop", share=0.5))
    (drawn,) = pipe.parameters(1, (0, 0))
    assert pipe.render(samples, [with_values(pipe, drawn, (3, 32, 32), degrees=[45.0])], CPU).inputs[0].amin() > 0.999
    whole = view_of(samples, "rotation", fill="grey", degrees=[45.0])
    torch.testing.assert_close(whole[0, :, 0, 0], torch.full((3,), 0.5), atol=1e-6, rtol=0)


def test_a_fill_is_not_recoloured_by_what_came_before_and_is_by_what_comes_after():
    dark, turn = choice("colour_jitter", p=1.0), choice("rotation", fill="white", degrees=[45.0, 45.0])
    for ops, position, corner in (((dark, turn), 0, 1.0), ((turn, dark), 1, 0.0)):
        pipe = pipeline(*ops)
        (drawn,) = pipe.parameters(8, (0, 0))
        drawn = with_values(pipe, drawn, (3, 32, 32), position, brightness=np.zeros(8))
        (view,) = pipe.render(noise(), [drawn], CPU).inputs
        assert (view[:, :, 0, 0] == corner).all()
        assert view[:, :, 16, 16].abs().amax() < 1e-6


@pytest.mark.parametrize("before", [(), ("colour_jitter",), ("gaussian_blur",), ("colour_jitter", "greyscale")])
def test_samples_that_are_not_turned_keep_every_bit_whatever_came_before(before):
    samples = noise(64)
    ops = [choice("random_resized_crop"), *(choice(name, p=1.0) for name in before)]
    pipe, plain = pipeline(*ops, choice("rotation", p=0.5), choice("normalize")), pipeline(*ops, choice("normalize"))
    kept = torch.from_numpy(~pipe.parameters(64, (0, 0))[0].draws[len(ops), 0].applied)
    assert 10 < kept.sum() < 54
    assert torch.equal(only_view(pipe, samples)[kept], only_view(plain, samples)[kept])


fills = st.sampled_from(["black", "grey", "white", "edge"])
WARPS = st.one_of(
    st.builds(
        lambda fill, p: choice("rotation", fill=fill, p=p, degrees=[-180, 180]), fills, st.sampled_from([0.5, 1])
    ),
    st.builds(
        lambda fill, p: choice(
            "affine", fill=fill, p=p, scale=[0.1, 3], shear_x=[-60, 60], shear_y=[-30, 30], translate_x=1.0
        ),
        fills,
        st.sampled_from([0.5, 1]),
    ),
    st.builds(lambda fill, d: choice("perspective", fill=fill, distortion_scale=d), fills, st.floats(0, 1)),
    st.sampled_from(
        [
            choice("random_resized_crop"),
            choice("quarter_turn", p=0.5),
            choice("resize", mode="stretch"),
            choice("vertical_flip"),
        ]
    ),
)


@settings(max_examples=60, deadline=None)
@given(
    ops=st.lists(WARPS, min_size=1, max_size=5),
    shape=st.tuples(st.sampled_from([1, 3]), st.integers(1, 40), st.integers(1, 40)),
    size=st.sampled_from([0, 1, 2, 9, 33]),
    step=st.integers(0, 2**40),
)
def test_any_chain_gives_finite_views_in_range_and_both_backends_agree(ops, shape, size, step):
    assume(sum(op.id == "quarter_turn" for op in ops) < 2)
    samples, pipe = noise(3, *shape), pipeline(*ops, shape=shape, size=size)
    (drawn,) = pipe.parameters(3, (0, step))
    compiled, batched = both_backends(pipe, samples, drawn)
    assert torch.isfinite(compiled).all()
    assert compiled.min() >= 0
    assert compiled.max() <= 1
    assert (compiled - batched).abs().max() < 1 / 255


def test_a_picture_of_one_pixel_turns_into_itself_and_its_fill():
    samples = noise(4, 3, 1, 1)
    pipe = pipeline(
        choice("rotation", degrees=[-180, 180], fill="edge"), choice("perspective", p=1.0, fill="edge"), shape=(3, 1, 1)
    )
    torch.testing.assert_close(only_view(pipe, samples), unit(samples), atol=1e-6, rtol=0)


def test_a_large_picture_is_shrunk_and_turned_to_its_mean():
    samples = noise(1, 3, 600, 600)
    samples.fields["image"][:, :, ::2] = 0
    samples.fields["image"][:, :, 1::2] = 200
    ours = only_view(
        pipeline(choice("rotation", degrees=[30.0, 30.0], fill="edge"), shape=(3, 600, 600), size=8), samples
    )
    torch.testing.assert_close(ours, torch.full_like(ours, 100 / 255), atol=2 / 255, rtol=0)


MANY = 20_000


def drawn_values(op, shape=(3, 40, 60), samples=MANY):
    (drawn,) = pipeline(op, shape=shape).parameters(samples, (5, 0))
    return drawn.draws[0, 0]


def assert_uniform(values, low, high):
    assert kstest(values, "uniform", (low, high - low)).pvalue > 0.01


def test_angles_are_uniform_over_their_range():
    assert_uniform(drawn_values(choice("rotation", degrees=[-20, 50])).values["degrees"], -20, 50)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("degrees", -40, 10),
        ("shift_x", -0.3 * 60, 0.3 * 60),
        ("shift_y", -0.1 * 40, 0.1 * 40),
        ("scale", 0.5, 1.5),
        ("shear_x", 5, 30),
        ("shear_y", -30, -5),
    ],
)
def test_affine_parameters_are_uniform_over_their_ranges(name, low, high):
    ranges = {"degrees": [-40, 10], "scale": [0.5, 1.5], "shear_x": [5, 30], "shear_y": [-30, -5]}
    assert_uniform(drawn_values(choice("affine", translate_x=0.3, translate_y=0.1, **ranges)).values[name], low, high)


def test_corners_move_inwards_uniformly_as_torchvisions_do():
    corners = drawn_values(choice("perspective", p=1.0, distortion_scale=0.4)).values["corners"]
    for corner in range(4):
        for axis in (0, 1):
            assert_uniform(corners[:, corner, axis], 0, 0.4)
    torch.manual_seed(0)
    start, end = zip(*(RandomPerspective.get_params(4000, 2000, 0.4) for _ in range(2000)), strict=True)
    moved = np.abs(np.array(end) - np.array(start)) / [2000, 1000]
    assert ks_2samp(moved.ravel(), corners[:2000].ravel()).pvalue > 0.01


@pytest.mark.parametrize("p", [0.2, 0.8])
@pytest.mark.parametrize(
    "name", ["rotation", "affine", "perspective", "elastic", "vertical_flip", "centre_crop", "resize"]
)
def test_a_geometric_operation_is_applied_to_its_share_of_the_views(name, p):
    rate = drawn_values(choice(name, p=p)).applied.mean()
    assert abs(rate - p) < 4 * np.sqrt(p * (1 - p) / MANY)


@pytest.mark.parametrize("name", ["rotation", "affine", "perspective", "centre_crop", "elastic"])
def test_at_strength_zero_nothing_moves(name):
    samples = noise()
    views = Views(strength=0.0, branches=(Branch(name="A", count=1, ops=(choice(name, p=1.0),)),))
    (view,) = compile_views(views, 3, 32, 32, (0.5,), (0.25,))(samples, (0, 0), CPU).inputs
    torch.testing.assert_close(view, unit(samples), atol=1e-5, rtol=0)


class Held(TorchDispatchMode):
    """The most bytes that tensors made under it held at once."""

    def __init__(self):
        super().__init__()
        self.live, self.most = {}, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and made.untyped_storage().data_ptr() not in self.live:
            storage = made.untyped_storage()
            self.live[storage.data_ptr()] = storage.nbytes()
            weakref.finalize(storage, self.live.pop, storage.data_ptr(), None)
            self.most = max(self.most, sum(self.live.values()))
        return made


@pytest.mark.parametrize("op", [choice("rotation"), choice("perspective", p=1.0)], ids=["rotation", "perspective"])
def test_the_batched_backend_holds_at_most_three_times_what_it_makes(op, monkeypatch):
    # Batches of a few megabytes are worked on in larger parts; here the parts are those of a large batch.
    monkeypatch.setattr(batched, "_TOGETHER", 1)
    samples, pipe = noise(12, 3, 64, 64), pipeline(op, shape=(3, 64, 64))
    steps, images = pipe._steps(0, pipe.parameters(12, (0, 0))[0]), torch.from_numpy(samples.fields["image"])
    with Held() as held:
        view = batched.run_batched(images, steps)
    assert held.most <= 3 * view.numel() * view.element_size()


def test_a_fill_does_not_reach_into_a_picture_that_is_enlarged():
    samples = noise(2, 3, 4, 4, low=255)
    view = only_view(
        pipeline(choice("centre_crop", share=0.01), choice("rotation", degrees=[90, 90]), shape=(3, 4, 4)), samples
    )
    assert view.amin() > 0.999
