"""What an encoder sees of an augmentation, against torchvision and straight loops in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as tv

from workbench.core.errors import DataError
from workbench.data.base import Samples
from workbench.evaluation.invariance import (
    STRENGTHS,
    Observer,
    centre_of,
    compare_pairs,
    different_pictures,
    every_trial,
    invariance,
    similarity,
    standard_error,
    trials_of,
)
from workbench.models.base import Backbone
from workbench.recipes.models import Branch, Choice, Views

CPU = torch.device("cpu")
SIDE = 12


class Pixels(Backbone):
    """The pixels themselves as features."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.width = 3 * SIDE * SIDE

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class Mirrorless(Pixels):
    """Sees a picture and its mirror image as one."""

    def features(self, x: Tensor) -> Tensor:
        return (x + x.flip(-1)).flatten(1)


class Broken(Pixels):
    """Divides by nothing."""

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1) * float("nan")


@pytest.fixture
def samples() -> Samples:
    images = np.random.default_rng(0).integers(0, 256, (9, 3, SIDE, SIDE), np.uint8)
    return Samples({"image": images}, None, np.arange(9))


def observer(backbone: type[Pixels] = Pixels, moments: tuple | None = None, size: int = SIDE) -> Observer:
    return Observer(backbone(), size, moments, CPU)


def views(*ops: Choice, **branch: object) -> Views:
    return Views(branches=(Branch(ops=ops, **branch),))


def one_trial(id_: str, **settings: object):
    (trial,) = trials_of(views(Choice(id=id_, **settings)))
    return trial


def noise(samples: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(samples, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def cosine(x: list[float], y: list[float]) -> float:
    dot = sum(a * b for a, b in zip(x, y, strict=True))
    return dot / math.sqrt(sum(a * a for a in x)) / math.sqrt(sum(b * b for b in y))


@pytest.mark.parametrize("centred", [True, False])
def test_a_flip_is_as_similar_as_torchvision_and_a_loop_say(samples: Samples, centred: bool) -> None:
    eyes = observer()
    original = eyes.originals(samples)
    curve = invariance(eyes, samples, original, one_trial("horizontal_flip"), key=(0, 0), centred=centred)
    plain = torch.from_numpy(samples.fields["image"]).double() / 255
    x, y = plain.flatten(1), tv.horizontal_flip(plain).flatten(1)
    centre = x.mean(dim=0) if centred else torch.zeros_like(x[0])
    wanted = [cosine((a - centre).tolist(), (b - centre).tolist()) for a, b in zip(x, y, strict=True)]
    assert curve.strengths == (1.0,)
    assert curve.similarity[0] == pytest.approx(sum(wanted) / len(wanted), abs=1e-6)
    assert curve.error[0] == pytest.approx(np.std(wanted, ddof=1) / math.sqrt(len(wanted)), abs=1e-6)


def test_an_encoder_that_cannot_tell_left_from_right_sees_no_flip(samples: Samples) -> None:
    eyes = observer(Mirrorless)
    curve = invariance(eyes, samples, eyes.originals(samples), one_trial("horizontal_flip"), key=(0, 0))
    assert curve.similarity[0] == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("id_", ["random_resized_crop", "colour_jitter", "gaussian_blur"])
def test_strength_zero_changes_nothing_and_more_of_it_more(samples: Samples, id_: str) -> None:
    eyes = observer(moments=(np.full(3, 0.4), np.full(3, 0.2)))
    curve = invariance(eyes, samples, eyes.originals(samples), one_trial(id_), key=(3, 0))
    assert curve.strengths == STRENGTHS
    assert curve.similarity[0] == pytest.approx(1, abs=2e-3)
    assert curve.similarity[0] > curve.similarity[4] > curve.similarity[8]


def test_brightness_alone_only_lengthens_the_vector_of_the_pixels(samples: Samples) -> None:
    """Which the cosine does not see, as long as nothing is clamped: so no other setting may have moved."""
    trial = next(
        part
        for part in trials_of(views(Choice(id="colour_jitter", p=0.1, brightness=0.8, contrast=0.4)), by_setting=True)
        if part.moved == ("brightness",)
    )
    choice = trial.at(0.5)
    assert choice.params["brightness"] == pytest.approx(0.4)
    assert choice.params["p"] == 1
    assert choice.params["contrast"] == 0
    eyes = observer()
    dark = Samples({"image": samples.fields["image"] // 4}, None, samples.index)
    curve = invariance(eyes, dark, eyes.originals(dark), trial, key=(0, 0), centred=False)
    assert curve.similarity == pytest.approx([1.0] * len(STRENGTHS), abs=1e-5)


def test_the_same_seed_gives_the_same_curve_and_another_another(samples: Samples) -> None:
    eyes, trial = observer(), one_trial("random_resized_crop")
    original = eyes.originals(samples)
    first, again, other = (invariance(eyes, samples, original, trial, key=(seed, 0)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_views_have_the_encoders_size_and_normalisation_and_hold_no_puzzle(samples: Samples) -> None:
    moments = np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.25, 0.2])
    pipeline = observer(moments=moments, size=8).pipeline(
        views(Choice(id="normalize", statistics="imagenet"), Choice(id="patch_mask"), size=16, count=2), (3, SIDE, SIDE)
    )
    assert pipeline.sizes == (8, 8)
    assert not pipeline(samples, (0, 0), CPU).targets
    flat = Samples({"image": np.full((2, 3, SIDE, SIDE), 51, np.uint8)}, None, np.arange(2))
    seen = pipeline(flat, (0, 0), CPU).inputs[0]
    wanted = (torch.full((3,), 0.2) - torch.tensor(moments[0])) / torch.tensor(moments[1])
    torch.testing.assert_close(seen.double(), wanted[None, :, None, None].expand(2, 3, 8, 8), atol=1e-5, rtol=0)


def test_a_pipeline_gives_each_of_its_distortions_once_and_nothing_that_is_switched_off() -> None:
    crop, flip = Choice(id="random_resized_crop", scale=(0.5, 1.0)), Choice(id="horizontal_flip", p=0.0)
    other = Choice(id="random_resized_crop", scale=(0.1, 1.0))
    both = Views(
        branches=(
            Branch(name="A", ops=(crop, flip, Choice(id="normalize"))),
            Branch(name="B", ops=(crop, other, Choice(id="quarter_turn"))),
        )
    )
    assert [trial.title for trial in trials_of(both)] == ["Random resized crop", "Random resized crop (2)"]


def test_settings_that_cannot_move_have_no_curve_of_their_own() -> None:
    jitter = Choice(id="colour_jitter", brightness=0.4, contrast=0.0, saturation=0.2, hue=0.0)
    titles = [trial.title for trial in trials_of(views(jitter), by_setting=True)]
    assert titles == ["Brightness of colour jitter", "Saturation of colour jitter"]


def test_every_operation_that_a_strength_scales_is_tried_and_no_other() -> None:
    titles = {trial.title for trial in every_trial()}
    assert {"Random resized crop", "Colour jitter", "Gaussian blur"} <= titles
    assert not {"Horizontal flip", "Greyscale", "Normalise"} & titles


def test_pairs_equal_double_loops() -> None:
    x, y, centre = noise(6, 5, 1) + 3, noise(6, 5, 2) + 3, torch.full((5,), 2.5, dtype=torch.float64)
    found = compare_pairs(x, y, centre)
    rows = [[(v - centre).tolist() for v in view] for view in (x, y)]
    unit = [[[a / math.sqrt(sum(b * b for b in v)) for a in v] for v in view] for view in rows]

    def squared(a: list[float], b: list[float]) -> float:
        return sum((p - q) ** 2 for p, q in zip(a, b, strict=True))

    alignment = sum(squared(unit[0][i], unit[1][i]) for i in range(6)) / 6
    potentials = [[math.exp(-2 * squared(view[i], view[j])) for i in range(6) for j in range(i)] for view in unit]
    uniformity = sum(math.log(sum(each) / len(each)) for each in potentials) / 2
    negative = [cosine(rows[0][i], rows[1][j]) for i in range(6) for j in range(6) if i != j]
    assert found.alignment == pytest.approx(alignment, rel=1e-5)
    assert found.uniformity == pytest.approx(uniformity, rel=1e-5)
    assert found.positive.tolist() == pytest.approx([cosine(rows[0][i], rows[1][i]) for i in range(6)])
    assert found.negative.tolist() == pytest.approx(negative)


def test_two_different_pictures_equal_a_double_loop_over_all_pairs() -> None:
    x = noise(7, 4) + 1
    centre = centre_of(x, centred=True)
    wanted = [cosine((x[i] - centre).tolist(), (x[j] - centre).tolist()) for i in range(7) for j in range(i + 1, 7)]
    assert sorted(different_pictures(x, centre).tolist()) == pytest.approx(sorted(wanted))


def test_centred_features_of_unrelated_pictures_have_no_similarity() -> None:
    positive = noise(500, 64).abs()
    assert float(different_pictures(positive, centre_of(positive, centred=False)).mean()) > 0.5
    assert float(different_pictures(positive, centre_of(positive, centred=True)).mean()) == pytest.approx(0, abs=0.01)


def test_a_vector_without_length_is_similar_to_nothing() -> None:
    zero, one = torch.zeros(1, 3, dtype=torch.float64), torch.ones(1, 3, dtype=torch.float64)
    assert similarity(zero, one, torch.zeros(3, dtype=torch.float64)).tolist() == [0.0]


def test_the_standard_error_is_that_of_the_mean() -> None:
    values = noise(40, 1)[:, 0]
    assert standard_error(values) == pytest.approx(np.std(values.numpy(), ddof=1) / math.sqrt(40))


def test_a_collapsed_encoder_is_told_and_may_be_compared_without_centring() -> None:
    same = torch.ones(5, 4, dtype=torch.float64)
    with pytest.raises(DataError, match="collapsed"):
        centre_of(same, centred=True)
    assert centre_of(same, centred=False).tolist() == [0.0] * 4


def test_features_that_are_no_numbers_are_refused(samples: Samples) -> None:
    with pytest.raises(DataError, match="not finite"):
        observer(Broken).originals(samples)
