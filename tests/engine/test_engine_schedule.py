"""The learning rate and the budget."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.engine.plan import Plan
from workbench.engine.sampler import EpochSampler, subset
from workbench.recipes.models import Budget, Schedule
from workbench.recipes.schedule import rate_factor


@pytest.mark.parametrize(
    ("progress", "expected"),
    [(0.0, 0.0), (0.05, 0.5), (0.1, 1.0), (0.55, 0.5), (1.0, 0.0)],
)
def test_cosine_with_warm_up_equals_its_closed_form(progress, expected):
    assert rate_factor(Schedule(shape="cosine", warmup=0.1), progress) == pytest.approx(expected, abs=1e-12)


def test_constant_stays_at_the_peak_after_warm_up():
    assert [rate_factor(Schedule(shape="constant", warmup=0.5), p) for p in (0.25, 0.5, 1.0)] == [0.5, 1.0, 1.0]


@given(st.floats(0, 1), st.floats(0, 0.9), st.floats(0, 1))
def test_the_rate_never_leaves_zero_to_peak(progress, warmup, final):
    factor = rate_factor(Schedule(warmup=warmup, final=final), progress)
    assert -1e-12 <= factor <= 1 + 1e-12


def test_progress_beyond_the_budget_keeps_the_final_rate():
    assert rate_factor(Schedule(warmup=0, final=0.1), 1.7) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("unit", "amount", "total"), [("epochs", 2.5, 25), ("steps", 7, 7), ("epochs", 0.01, 1), ("seconds", 60, None)]
)
def test_a_budget_is_told_in_steps_of_the_data_set(unit, amount, total):
    assert Plan(Budget(unit=unit, amount=amount), steps_per_epoch=10).total_steps == total


def test_a_time_budget_progresses_with_training_time():
    plan = Plan(Budget(unit="seconds", amount=50), steps_per_epoch=10)
    assert plan.progress(step=999, elapsed_s=25) == 0.5


def test_an_epoch_sees_every_sample_at_most_once_and_another_epoch_another_order():
    sampler = EpochSampler(103, 10, seed=3)
    epochs = [[i for step in range(10) for i in sampler.batch(epoch * 10 + step)] for epoch in range(2)]
    assert [len(set(epoch)) for epoch in epochs] == [100, 100]
    assert epochs[0] != epochs[1]


def test_a_step_has_the_same_samples_whatever_was_asked_before():
    fresh, used = EpochSampler(50, 8, seed=1), EpochSampler(50, 8, seed=1)
    for step in range(20):
        used.batch(step)
    assert fresh.batch(13).tolist() == used.batch(13).tolist()


@given(st.integers(1, 300), st.integers(1, 400))
def test_a_batch_larger_than_the_data_is_the_whole_data(samples, batch):
    sampler = EpochSampler(samples, batch, seed=0)
    got = sampler.batch(0)
    assert len(got) == min(samples, batch)
    assert math.isclose(sampler.steps_per_epoch, max(1, samples // min(samples, batch)))


def test_a_subset_is_drawn_without_repetition_and_is_repeatable():
    first, again = subset(1000, 50, seed=4), subset(1000, 50, seed=4)
    assert len(set(first.tolist())) == 50
    assert first.tolist() == again.tolist()
    assert subset(30, 0, seed=4).tolist() == list(range(30))
