"""Learning from a draw of the training samples instead of all."""

from __future__ import annotations

import numpy as np
import pytest
from engine_runs import history_of

from workbench.core.errors import RecipeError
from workbench.engine.sampler import EpochSampler
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.overrides import apply_overrides
from workbench.recipes.presets import find_document


def epoch(sampler: EpochSampler, number: int = 0) -> list[int]:
    first = number * sampler.steps_per_epoch
    return np.concatenate([sampler.batch(first + step) for step in range(sampler.steps_per_epoch)]).tolist()


def test_an_epoch_is_one_pass_over_the_draw_and_the_next_epoch_over_the_same_in_another_order():
    sampler = EpochSampler(1000, 10, seed=3, wanted=60)
    assert sampler.steps_per_epoch == 6
    first, second = epoch(sampler), epoch(sampler, 1)
    assert len(set(first)) == 60
    assert set(first) == set(second)
    assert first != second


def test_a_draw_is_spread_over_the_whole_split_and_follows_the_seed():
    draws = [set(epoch(EpochSampler(10_000, 50, seed=seed, wanted=500))) for seed in (0, 1)]
    assert all(min(draw) < 200 and max(draw) > 9800 for draw in draws)
    assert len(draws[0] & draws[1]) < 100


@pytest.mark.parametrize("wanted", [0, 100, 5000])
def test_no_limit_and_one_beyond_the_split_take_every_sample(wanted):
    assert sorted(epoch(EpochSampler(100, 10, seed=0, wanted=wanted))) == list(range(100))


def test_a_batch_is_never_larger_than_the_draw():
    sampler = EpochSampler(100, 64, seed=0, wanted=20)
    assert (sampler.batch_size, sampler.steps_per_epoch) == (20, 1)


def test_a_draw_too_small_for_the_objective_is_refused_at_its_key():
    document = apply_overrides(find_document("simclr-fashion-mnist"), ["training.samples=1"])
    with pytest.raises(RecipeError, match=r"training\.samples: 1 is too few"):
        build(document, builtin_catalogue())


def test_a_run_counts_its_epochs_by_the_draw(engine, new_run):
    folder = new_run("training.samples=256", "budget.unit=epochs", "budget.amount=2", "training.batch_size=64")
    assert engine.run(folder) == 0
    history = history_of(folder)
    assert history.summary.steps_total == 8
    assert history.last("epoch") == 2
