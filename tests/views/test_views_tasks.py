"""Puzzles made of a view: what is hidden, cut up or split, and what the objective is told."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from views_helpers import CPU, choice, noise, only_view, pipeline, unit

from workbench.core.errors import RecipeError
from workbench.views.lab import lab_of, rgb_of
from workbench.views.operations.patch_grid import standardised
from workbench.views.operations.permutations import permutation_set

MASKS = [
    choice("patch_mask", patch=4, ratio=0.75, kind="random"),
    choice("patch_mask", patch=4, ratio=0.6, kind="block"),
    choice("patch_mask", patch=4, ratio=0.75, kind="grid"),
    choice("patch_mask", patch=4, ratio=0.5, kind="grid"),
]
REGIONS = [choice("region_mask", kind=kind, area=[0.1, 0.3]) for kind in ("centre", "blocks", "silhouette")]
GRIDS = [choice("patch_grid"), choice("jigsaw"), choice("relative_position")]
SPLITS = [choice("colour_split", given=given) for given in ("lightness", "colour", "both")]
TASKS = [*MASKS, *REGIONS, *GRIDS, *SPLITS]


def ids(op):
    return " ".join([op.id, *(str(op.params[key]) for key in ("kind", "given", "ratio") if key in op.params)])


def posed(op, samples=8, size=32, key=(0, 0), shape=(3, 32, 32)):
    """The view without the task, what is given with it, and the targets."""
    batch = noise(samples, *shape)
    views = pipeline(op, shape=shape, size=size)(batch, key, CPU)
    whole = only_view(pipeline(shape=shape, size=size), batch, key)
    return whole, views.inputs[0], {name: target[0] for name, target in views.targets.items()}


@pytest.mark.parametrize("op", TASKS, ids=ids)
def test_the_same_key_poses_the_same_puzzle_and_two_views_pose_others(op):
    samples, pipe = noise(16), pipeline(choice("random_resized_crop"), op, count=2)
    first, second = pipe(samples, (3, 1), CPU), pipe(samples, (3, 1), CPU)
    assert all(torch.equal(a, b) for a, b in zip(first.inputs, second.inputs, strict=True))
    assert all(torch.equal(first.targets[name], second.targets[name]) for name in first.targets)
    assert not torch.equal(*first.inputs)


@pytest.mark.parametrize("op", TASKS, ids=ids)
@pytest.mark.parametrize(("samples", "shape"), [(1, (3, 32, 32)), (3, (1, 28, 28)), (0, (3, 32, 32))])
def test_small_and_grey_batches_give_finite_puzzles(op, samples, shape):
    _, given, targets = posed(op, samples, 24, shape=shape)
    assert len(given) == samples
    assert torch.isfinite(given).all()
    assert all(len(target) == samples for target in targets.values())
    assert all(torch.isfinite(target.double()).all() for target in targets.values())


@pytest.mark.parametrize("op", TASKS, ids=ids)
def test_a_puzzle_is_shown_as_a_picture_with_its_label(op):
    samples, plain = noise(5), pipeline(op)
    (shown,), (before,) = plain.preview(samples, (0, 0), as_given=True), plain.preview(samples, (0, 0))
    assert len(shown.pictures) == len(shown.captions) == 5
    assert np.array_equal(before.pictures.transpose(0, 3, 1, 2), samples.fields["image"])


# Patch masks


@pytest.mark.parametrize("op", MASKS, ids=ids)
def test_a_patch_mask_hides_the_stated_share_of_every_sample_and_leaves_the_view_whole(op):
    whole, given, targets = posed(op, 64)
    assert torch.equal(given, whole)
    assert targets["mask"].dtype == torch.bool
    assert targets["mask"].shape == (64, 64)
    assert (targets["mask"].sum(dim=1) == round(op.params["ratio"] * 64)).all()


@pytest.mark.parametrize("ratio", [0.03, 0.4, 0.6, 0.9, 0.98])
@pytest.mark.parametrize("kind", ["random", "block"])
@pytest.mark.parametrize("patch", [2, 8, 16])
def test_every_ratio_gives_its_exact_count(ratio, kind, patch):
    patches = (32 // patch) ** 2
    hidden = min(max(round(ratio * patches), 1), patches - 1)
    _, _, targets = posed(choice("patch_mask", patch=patch, ratio=hidden / patches, kind=kind), 40)
    assert (targets["mask"].sum(dim=1) == hidden).all()


def test_random_patches_are_each_hidden_equally_often_and_in_pairs():
    _, _, targets = posed(choice("patch_mask", patch=8, ratio=0.5), 4000)
    mask = targets["mask"].double()
    assert (mask.mean(dim=0) - 0.5).abs().max() < 5 * math.sqrt(0.25 / 4000)
    together = (mask.T @ mask / 4000)[~torch.eye(16, dtype=torch.bool)]
    expected = 8 / 16 * 7 / 15
    assert (together - expected).abs().max() < 5 * math.sqrt(expected * (1 - expected) / 4000)


def test_blocks_are_more_compact_than_random_patches():
    def neighbours(kind):
        _, _, targets = posed(choice("patch_mask", patch=2, ratio=0.4, kind=kind), 100)
        grid = targets["mask"].view(-1, 16, 16)
        return (grid[:, 1:] & grid[:, :-1]).float().mean() + (grid[:, :, 1:] & grid[:, :, :-1]).float().mean()

    assert neighbours("block") > 1.6 * neighbours("random")


def test_a_grid_sees_every_other_patch_from_a_start_of_its_own():
    _, _, targets = posed(choice("patch_mask", patch=8, ratio=0.75, kind="grid"), 200)
    patterns = {tuple(map(tuple, (~mask).view(4, 4).nonzero().tolist())) for mask in targets["mask"]}
    expected = {
        tuple((y, x) for y in range(4) for x in range(4) if y % 2 == top and x % 2 == left)
        for top in (0, 1)
        for left in (0, 1)
    }
    assert patterns == expected
    _, _, targets = posed(choice("patch_mask", patch=8, ratio=0.5, kind="grid"), 200)
    boards = {tuple(mask.view(4, 4).nonzero().sum(dim=1).remainder(2).unique().tolist()) for mask in targets["mask"]}
    assert boards == {(0,), (1,)}


def test_the_mask_counts_patches_row_by_row_and_hidden_ones_are_shown_grey():
    samples, pipe = noise(6), pipeline(choice("patch_mask", patch=16, ratio=0.25))
    mask = pipe(samples, (0, 0), CPU).targets["mask"][0]
    (shown,) = pipe.preview(samples, (0, 0), as_given=True)
    for n, patch in itertools.product(range(6), range(4)):
        top, left = 16 * (patch // 2), 16 * (patch % 2)
        seen = shown.pictures[n, top : top + 16, left : left + 16].transpose(2, 0, 1)
        if mask[n, patch]:
            assert (seen == 128).all()
        else:
            assert np.array_equal(seen, samples.fields["image"][n, :, top : top + 16, left : left + 16])
    assert shown.captions == ["1 of 4 hidden"] * 6


# Grids


def cell_corner(size, rows, gap, cell):
    side = size // rows
    start = (size - rows * side) // 2 + gap // 2
    return start + side * (cell // rows), start + side * (cell % rows)


def test_jigsaw_tiles_are_those_of_the_permutation_row_in_its_order():
    op = choice("jigsaw", rows=3, gap=2, jitter=0, permutations=50)
    whole, given, targets = posed(op, 32)
    table = permutation_set(9, 50)
    assert given.shape == (32, 9, 3, 8, 8)
    assert targets["permutation"].dtype == torch.int64
    for n, tile in itertools.product(range(32), range(9)):
        top, left = cell_corner(32, 3, 2, int(table[targets["permutation"][n], tile]))
        assert torch.equal(given[n, tile], whole[n, :, top : top + 8, left : left + 8])


def test_the_position_names_the_neighbour_of_the_middle_tile():
    whole, given, targets = posed(choice("relative_position", gap=2, jitter=0), 64)
    assert given.shape == (64, 2, 3, 8, 8)
    around = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
    assert set(targets["position"].tolist()) == set(range(8))
    for n in range(64):
        down, right = around[int(targets["position"][n])]
        for tile, (row, column) in enumerate(((1, 1), (1 + down, 1 + right))):
            top, left = cell_corner(32, 3, 2, 3 * row + column)
            assert torch.equal(given[n, tile], whole[n, :, top : top + 8, left : left + 8])


@pytest.mark.parametrize("name", ["jigsaw", "relative_position"])
def test_jitter_moves_each_tile_within_its_cell_so_that_a_gap_remains_on_average(name):
    pipe = pipeline(choice(name, gap=4, jitter=2), shape=(3, 48, 48))
    (drawn,) = pipe.parameters(3000, (0, 0))
    offset = drawn.draws[0, 0].values["offset"]
    assert set(np.unique(offset)) == {-2, -1, 0, 1, 2}
    counts = np.unique(offset, return_counts=True)[1]
    assert np.abs(counts - offset.size / 5).max() < 5 * np.sqrt(offset.size / 5)
    task = pipe._by_view[0][0].task.operation
    corners = task.cells(offset, 48)
    cell = 16 * np.stack(np.divmod(np.arange(9), 3), axis=1)
    assert (corners >= cell).all()
    assert (corners + 12 <= cell + 16).all()


@pytest.mark.parametrize(
    ("name", "target", "values"), [("jigsaw", "permutation", 100), ("relative_position", "position", 8)]
)
def test_every_answer_is_equally_likely(name, target, values):
    (drawn,) = pipeline(choice(name)).parameters(200 * values, (0, 0))
    counts = np.bincount(drawn.draws[0, 0].values[target], minlength=values)
    assert len(counts) == values
    assert np.abs(counts - 200).max() < 5 * np.sqrt(200)


def test_a_patch_grid_gives_overlapping_tiles_in_reading_order_like_unfold():
    whole, given, targets = posed(choice("patch_grid", patch=8, overlap=0.5), 4)
    columns = torch.nn.functional.unfold(whole, 8, stride=4)
    assert torch.equal(given, columns.transpose(1, 2).reshape(4, 49, 3, 8, 8))
    assert not targets


def test_the_patch_grid_of_the_paper_has_seven_by_seven_tiles_of_a_view_of_256_px():
    _, given, _ = posed(choice("patch_grid", patch=64, overlap=0.5), 1, 256, shape=(3, 256, 256))
    assert given.shape == (1, 49, 3, 64, 64)


def test_what_does_not_fit_a_patch_grid_is_left_out_evenly_and_jitter_stays_inside():
    whole, given, _ = posed(choice("patch_grid", patch=10, overlap=0.0), 2)
    assert torch.equal(given[:, 0], whole[:, :, 1:11, 1:11])
    _, moved, _ = posed(choice("patch_grid", patch=10, overlap=0.0, jitter=5), 200)
    assert moved.shape == (200, 9, 3, 10, 10)


@pytest.mark.parametrize("op", GRIDS, ids=ids)
def test_normalised_tiles_have_mean_zero_and_deviation_one_each(op):
    _, plain, _ = posed(op)
    _, given, _ = posed(op.with_params(normalise=True))
    tile = plain[3, 1, 2].double()
    expected = (tile - tile.mean()) / ((tile - tile.mean()) ** 2).mean().sqrt()
    torch.testing.assert_close(given[3, 1, 2].double(), expected, atol=1e-5, rtol=0)


def test_a_flat_tile_is_normalised_to_zero():
    assert torch.equal(standardised(torch.full((1, 2, 3, 4, 4), 0.25)), torch.zeros(1, 2, 3, 4, 4))


def test_a_puzzle_that_is_not_posed_says_so():
    whole, given, targets = posed(choice("jigsaw", p=0.0, jitter=0))
    assert (targets["permutation"] == 0).all()
    top, left = cell_corner(32, 3, 2, 5)
    assert torch.equal(given[:, 5], whole[:, :, top : top + 8, left : left + 8])
    _, given, targets = posed(choice("relative_position", p=0.0))
    assert (targets["position"] == -1).all()
    assert torch.equal(given[:, 0], given[:, 1])


# Permutations


def distance(one, other):
    return sum(a != b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("tiles", "count"), [(4, 4), (4, 24), (5, 12), (6, 10)])
def test_each_permutation_is_as_far_from_those_before_it_as_any_can_be(tiles, count):
    table = [tuple(row) for row in permutation_set(tiles, count).tolist()]
    assert table[0] == tuple(range(tiles))
    assert len(set(table)) == count
    for k in range(1, count):
        ours = min(distance(table[k], before) for before in table[:k])
        best = max(min(distance(one, before) for before in table[:k]) for one in itertools.permutations(range(tiles)))
        assert ours == best


def test_nine_tiles_have_a_hundred_permutations_that_differ_in_six_places_or_more():
    table = permutation_set(9, 100)
    assert np.array_equal(np.sort(table, axis=1), np.tile(np.arange(9), (100, 1)))
    closest = min(distance(one, other) for one, other in itertools.combinations(table.tolist(), 2))
    assert closest == 6


def test_more_tiles_than_can_be_listed_still_give_distinct_permutations_the_same_every_time():
    table = permutation_set(16, 40)
    assert np.array_equal(np.sort(table, axis=1), np.tile(np.arange(16), (40, 1)))
    assert min(distance(one, other) for one, other in itertools.combinations(table.tolist(), 2)) >= 12
    permutation_set.cache_clear()
    assert np.array_equal(permutation_set(16, 40), table)


def test_the_set_cannot_be_written_to_and_more_than_there_are_is_refused():
    with pytest.raises(ValueError, match="read-only"):
        permutation_set(4, 4)[0] = 1
    with pytest.raises(ValueError, match="4 tiles have 24 orders; 25 were asked for"):
        permutation_set(4, 25)


# Regions


@pytest.mark.parametrize("op", REGIONS, ids=ids)
def test_a_region_is_zero_in_the_view_and_whole_in_the_target(op):
    whole, given, targets = posed(op, 64)
    region = targets["region"]
    assert region.dtype == torch.bool
    assert region.shape == (64, 32, 32)
    assert torch.equal(targets["picture"], whole)
    assert (given.masked_select(region[:, None]) == 0).all()
    assert torch.equal(given.masked_select(~region[:, None]), whole.masked_select(~region[:, None]))
    assert region.flatten(1).any(dim=1).all()


def test_the_centre_is_a_square_of_the_stated_area_in_the_middle():
    _, _, targets = posed(choice("region_mask"))
    expected = torch.zeros(32, 32, dtype=torch.bool)
    expected[8:24, 8:24] = True
    assert (targets["region"] == expected).all()


def test_blocks_hide_at_most_the_stated_area_anywhere():
    _, _, targets = posed(choice("region_mask", kind="blocks", area=[0.25, 0.25]), 1000)
    share = targets["region"].float().mean(dim=(1, 2))
    assert share.max() <= 0.25
    assert 0.15 < share.mean() < 0.23
    assert targets["region"].any(dim=0).all()


def test_a_silhouette_hides_its_area_to_the_pixel_and_is_mostly_one_smooth_shape():
    from scipy.ndimage import label

    _, _, targets = posed(choice("region_mask", kind="silhouette", area=[0.1, 0.4]), 400)
    share = targets["region"].double().mean(dim=(1, 2)).numpy()
    assert kstest(share, "uniform", (0.1, 0.3)).pvalue > 0.01
    largest = []
    for region in targets["region"].numpy():
        pieces, _ = label(region)
        largest.append(np.bincount(pieces.ravel())[1:].max() / region.sum())
    assert np.mean(largest) > 0.9
    assert len({region.tobytes() for region in targets["region"].numpy()}) == 400


# Lab


def lab_in_loops(red, green, blue):
    """CIE Lab of one colour in float64, from the sRGB standard's formulas."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (red, green, blue)]
    matrix = [(0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041)]
    xyz = [sum(m * v for m, v in zip(row, linear, strict=True)) for row in matrix]
    curve = []
    for value, white in zip(xyz, (0.95047, 1.0, 1.08883), strict=True):
        t = value / white
        curve.append(t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = curve
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def in_lab_units(scaled):
    return scaled.double() * torch.tensor([100.0, 110.0, 110.0])[:, None, None]


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
        ((1, 1, 1), (100.0, 0.0, 0.0)),
        ((0.5, 0.5, 0.5), (53.39, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
    ],
)
def test_lab_gives_the_published_values(rgb, lab):
    found = in_lab_units(lab_of(torch.tensor(rgb, dtype=torch.float64)[None, :, None, None]))
    assert found.flatten().tolist() == pytest.approx(lab, abs=0.011)


def test_lab_equals_a_float64_loop_and_stays_within_its_scale():
    rgb = torch.rand(2, 3, 9, 9, dtype=torch.float64)
    rgb[0] *= 0.1
    found = in_lab_units(lab_of(rgb))
    for n, i, j in itertools.product(range(2), range(9), range(9)):
        assert found[n, :, i, j].tolist() == pytest.approx(lab_in_loops(*rgb[n, :, i, j].tolist()), abs=1e-3)
    corners = torch.tensor(list(itertools.product((0.0, 1.0), repeat=3)))[:, :, None, None]
    assert lab_of(corners).abs().max() <= 1 + 1e-6


def test_lab_and_back_is_the_same_colour():
    rgb = torch.cat([torch.rand(64, 3, 4, 4), torch.rand(64, 3, 4, 4) * 0.05])
    torch.testing.assert_close(rgb_of(lab_of(rgb)), rgb, atol=1e-5, rtol=0)


def test_grey_has_no_colour():
    grey = torch.rand(50, 1, 2, 2).expand(-1, 3, -1, -1)
    assert lab_of(grey)[:, 1:].abs().max() < 1e-5


@pytest.mark.parametrize(("given", "kept"), [("lightness", (1, 0, 0)), ("colour", (0, 1, 1)), ("both", (1, 1, 1))])
def test_a_split_gives_its_channels_and_hides_the_others_as_zero(given, kept):
    whole, seen, targets = posed(choice("colour_split", given=given))
    assert torch.equal(targets["lab"], lab_of(whole))
    assert torch.equal(seen, lab_of(whole) * torch.tensor(kept)[:, None, None])


def test_a_view_that_is_not_split_is_given_whole_as_lab():
    whole, seen, _ = posed(choice("colour_split", p=0.0))
    assert torch.equal(seen, lab_of(whole))


def test_lightness_is_shown_grey():
    (shown,) = pipeline(choice("colour_split")).preview(noise(), (0, 0), as_given=True)
    spread = shown.pictures.max(axis=3).astype(int) - shown.pictures.min(axis=3)
    assert spread.max() <= 1


# All of them


@pytest.mark.parametrize("op", [*MASKS, *REGIONS], ids=ids)
def test_a_mask_of_probability_zero_hides_nothing(op):
    whole, given, targets = posed(op.with_params(p=0.0))
    assert torch.equal(given, whole)
    assert not targets.get("mask", targets.get("region")).any()


@pytest.mark.parametrize("op", [*MASKS, *REGIONS], ids=ids)
def test_a_mask_is_applied_to_its_share_of_the_views(op):
    _, _, targets = posed(op.with_params(p=0.3), 2000)
    rate = targets.get("mask", targets.get("region")).flatten(1).any(dim=1).double().mean()
    assert abs(rate - 0.3) < 4 * math.sqrt(0.21 / 2000)


def test_hidden_pixels_of_a_normalised_view_are_its_mean():
    given = only_view(pipeline(choice("normalize", statistics="half"), choice("region_mask")), noise())
    assert (given[:, :, 8:24, 8:24] == 0).all()
    torch.testing.assert_close(given[:, :, :8], (unit(noise()) * 2 - 1)[:, :, :8], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (choice("patch_mask", patch=5), "Views of 32 px cannot be cut into patches of 5 px; choose a divisor of 32"),
        (choice("patch_mask", patch=32), "1 of 1 patches would be hidden at ratio 0.75; choose smaller patches"),
        (choice("patch_mask", patch=16, ratio=0.05), "0 of 4 patches would be hidden at ratio 0.05"),
        (choice("patch_mask", ratio=0.6, kind="grid"), "A grid hides 0.5 or 0.75 of the patches, not 0.6"),
        (choice("patch_grid", patch=40), "A tile of 40 px is larger than the view of 32 px"),
        (choice("jigsaw", rows=5, gap=6), "A gap of 6 px leaves nothing of cells of 6 px"),
        (choice("jigsaw", gap=2, jitter=2), "A jitter of 2 px reaches beyond half the gap of 2 px; make it 1 or less"),
        (choice("jigsaw", rows=2, permutations=25), "Four tiles have 24 orders, not 25"),
        (choice("relative_position", gap=12), "A gap of 12 px leaves nothing of cells of 10 px"),
    ],
)
def test_a_puzzle_that_the_view_cannot_pose_is_refused_with_the_numbers(op, words):
    with pytest.raises(RecipeError) as caught:
        pipeline(op)
    assert words in str(caught.value)
    assert caught.value.problems[0].key == "views.branches.0.ops.0"


def test_a_split_of_a_normalised_branch_is_refused():
    with pytest.raises(RecipeError, match="Lab has a scale of its own; remove 'normalize'"):
        pipeline(choice("colour_split"), choice("normalize"))


@pytest.mark.parametrize("given", ["lightness", "colour", "both"])
def test_an_encoder_of_lab_is_measured_on_lab_with_the_same_channels_given(given):
    pipe, batch = pipeline(choice("colour_split", given=given)), noise()
    measured = pipe.evaluation(batch.fields["image"], CPU)
    torch.testing.assert_close(measured, only_view(pipe, batch), atol=1e-5, rtol=0)


def test_an_encoder_of_masked_views_is_measured_on_whole_ones():
    pipe, batch = pipeline(choice("region_mask")), noise()
    torch.testing.assert_close(pipe.evaluation(batch.fields["image"], CPU), unit(batch), atol=1e-6, rtol=0)
