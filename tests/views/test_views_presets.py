"""The presets make what their papers describe."""

from __future__ import annotations

import numpy as np
import pytest
from views_helpers import CPU, noise

from workbench.views.pipeline import compile_views
from workbench.views.presets import NOTES, PRESETS


def compiled(name: str, side: int = 32):
    return compile_views(PRESETS[name], 3, side, side, (0.5,), (0.25,))


def rates(name: str, operation: str, samples: int = 4096) -> list[float]:
    """In which share of the views of each branch's first view an operation is applied."""
    drawn = compiled(name).parameters(samples, (0, 0))
    return [draw.applied.mean() for view in drawn for draw in view.draws.values() if draw.operation == operation]


def test_every_preset_has_a_note():
    assert set(NOTES) == set(PRESETS)


@pytest.mark.parametrize(("name", "small"), [("swav", 6), ("dino", 8), ("ibot", 10), ("lejepa", 6)])
def test_multi_crop_makes_two_large_views_and_several_small_ones(name, small):
    assert list(compiled(name, 256).sizes) == [224] * 2 + [96] * small


@pytest.mark.parametrize(("name", "share"), [("swav-cifar", 0.14), ("ibot", 0.25), ("lejepa", 0.3)])
def test_small_crops_cover_less_than_the_large_ones(name, share):
    pipe = compiled(name)
    areas = [
        view.draws[0, 0].values["width"] * view.draws[0, 0].values["height"] for view in pipe.parameters(512, (0, 0))
    ]
    assert min(area.min() for area in areas[:2]) >= share * 32**2 - 1e-6
    assert max(area.max() for area in areas[2:]) <= share * 32**2 + 1e-6


def test_byol_blurs_one_view_always_and_solarises_only_the_other():
    assert rates("byol", "gaussian_blur") == pytest.approx([1.0, 0.1], abs=0.02)
    assert rates("byol", "solarize") == pytest.approx([0.2], abs=0.02)


def test_moco_v1_jitters_every_view_and_v2_four_of_five():
    assert rates("moco-v1", "colour_jitter") == [1.0, 1.0]
    assert rates("moco-v2", "colour_jitter") == pytest.approx([0.8, 0.8], abs=0.02)


def test_mae_hides_three_quarters_of_the_patches():
    views = compiled("mae-cifar")(noise(), (0, 0), CPU)
    assert views.targets["mask"].shape == (1, 8, 64)
    assert (views.targets["mask"].sum(dim=2) == 48).all()


def test_exemplar_stays_within_the_ranges_of_its_paper():
    (view,) = compiled("exemplar").parameters(2048, (0, 0))
    values = view.draws[0, 0].values
    assert np.abs(values["degrees"]).max() <= 20
    assert 0.7 <= values["scale"].min() < 0.72
    assert 1.38 < values["scale"].max() <= 1.4
