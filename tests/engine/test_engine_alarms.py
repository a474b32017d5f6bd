"""The watch over a run's numbers: when it rings, when it does not, and when it is over."""

from __future__ import annotations

import math
import random

import pytest
from alarm_runs import watched
from engine_runs import history_of, wait_until

from workbench.engine.alarms import AlarmWatch, Verdict
from workbench.engine.general_alarms import GENERAL, KNN_GAIN
from workbench.objectives.table import OBJECTIVES
from workbench.plugins.specs import Advice, AlarmSpec
from workbench.recipes.models import Recipe
from workbench.runs.control import ControlWriter
from workbench.runs.state import RunState

STEADY = {"chance": math.log(511), "steps_per_epoch": 100, "queries": 1000}


def alarm(**changes: object) -> AlarmSpec:
    given = {"id": "low", "title": "Low", "metric": "x", "below": "1", "patience": 20, "seen": "s", "means": "m"}
    return AlarmSpec.model_validate(
        {**given, "advice": (Advice(setting="optimiser.lr", change="lower it"),), **changes}
    )


def fed(watch: AlarmWatch, values: list[float], metric: str = "x", every: int = 1, first: int = 1) -> list[Verdict]:
    """The verdicts over a series of one number, in a run of 10,000 steps."""
    steps = range(first, first + every * len(values), every)
    return [
        verdict
        for step, value in zip(steps, values, strict=True)
        for verdict in watch.observe(step, step / 10_000, {metric: value})
    ]


def rings(verdicts: list[Verdict]) -> list[tuple[bool, int]]:
    return [(verdict.begins, verdict.step) for verdict in verdicts]


# -- the fold ----------------------------------------------------------------------------------------------------------


def test_a_number_beyond_its_limit_rings_once_when_the_patience_is_over() -> None:
    assert rings(fed(AlarmWatch([alarm()], {}), [0.5] * 200)) == [(True, 21)]


def test_a_number_at_its_limit_does_not_ring() -> None:
    assert fed(AlarmWatch([alarm()], {}), [1.0] * 200) == []


def test_an_upper_limit_rings_above_it_only() -> None:
    spec = alarm(below="", above="1")
    assert rings(fed(AlarmWatch([spec], {}), [2.0] * 100)) == [(True, 21)]
    assert fed(AlarmWatch([spec], {}), [0.5] * 100) == []


def test_spikes_shorter_than_the_patience_do_not_ring() -> None:
    assert fed(AlarmWatch([alarm()], {}), ([2.0] * 15 + [0.0] * 5) * 10) == []


def test_noise_around_a_sound_mean_does_not_ring() -> None:
    noise = random.Random(0)
    assert fed(AlarmWatch([alarm()], {}), [noise.gauss(1.5, 1.0) for _ in range(2000)]) == []


def test_an_alarm_is_over_when_the_number_is_well_back_for_as_long() -> None:
    values = [0.5] * 50 + [1.1] * 50 + [2.0] * 50
    (first, begun), (second, ended) = rings(fed(AlarmWatch([alarm()], {}), values))
    assert (first, second) == (True, False)
    assert begun == 21
    assert 120 < ended < 130


def test_a_number_that_comes_back_into_the_margin_alone_does_not_end_an_alarm() -> None:
    assert rings(fed(AlarmWatch([alarm()], {}), [0.5] * 50 + [1.1] * 500)) == [(True, 21)]


def test_an_alarm_that_was_over_can_ring_again() -> None:
    values = [0.5] * 50 + [2.0] * 50 + [0.5] * 50
    assert [begins for begins, _step in rings(fed(AlarmWatch([alarm()], {}), values))] == [True, False, True]


def test_a_seldom_measured_number_must_be_beyond_its_limit_three_times() -> None:
    watch = AlarmWatch([alarm()], {})
    assert fed(watch, [0.5, 0.5], every=1000) == []
    assert rings(fed(watch, [0.5], first=2001)) == [(True, 2001)]


def test_nothing_is_judged_before_its_step_the_warm_up_and_its_share_of_the_run() -> None:
    low = [0.5] * 3000
    assert rings(fed(AlarmWatch([alarm(after="2 * steps_per_epoch")], STEADY), low)) == [(True, 220)]
    assert rings(fed(AlarmWatch([alarm()], {}, warmup=0.1), low)) == [(True, 1020)]
    assert rings(fed(AlarmWatch([alarm(share=0.2)], {}, warmup=0.1), low)) == [(True, 2020)]


def test_values_that_are_not_finite_are_left_to_who_ends_the_run() -> None:
    assert rings(fed(AlarmWatch([alarm()], {}), [math.nan, math.inf, -math.inf] * 10 + [0.5] * 30)) == [(True, 51)]


def test_a_limit_over_a_number_that_is_not_known_never_rings() -> None:
    watch = AlarmWatch([alarm(below="classes")], {"batch_size": 8})
    assert watch.limits == ()
    assert fed(watch, [-1.0] * 100) == []


def test_an_alarm_with_both_limits_or_none_is_refused() -> None:
    for limits in ({"above": "2"}, {"below": ""}):
        with pytest.raises(ValueError, match="either a lower or an upper limit"):
            alarm(**limits)


# -- what must not ring ------------------------------------------------------------------------------------------------


def general() -> AlarmWatch:
    return AlarmWatch(GENERAL, STEADY, warmup=0.02)


def test_a_loss_that_rises_while_a_queue_fills_does_not_ring() -> None:
    rise = [STEADY["chance"] * (0.5 + 0.5 * min(step / 300, 1)) for step in range(2000)]
    fall = [STEADY["chance"] * (1 - step / 20_000) for step in range(8000)]
    assert fed(general(), rise + fall, "loss") == []


def test_a_flat_start_of_a_fifth_of_the_run_does_not_ring() -> None:
    assert fed(general(), [STEADY["chance"]] * 2000 + [0.9 * STEADY["chance"]] * 8000, "loss") == []


def test_a_small_loss_does_not_ring() -> None:
    assert fed(general(), [0.01] * 10_000, "loss") == []


def test_a_loss_at_chance_for_more_than_half_of_the_run_rings() -> None:
    assert rings(fed(general(), [STEADY["chance"]] * 6000, "loss")) == [(True, 5200)]


def test_a_loss_far_above_chance_rings() -> None:
    (verdict, *_rest) = fed(general(), [50.0] * 1000, "loss")
    assert verdict.limit.spec.id == "loss_out_of_range"


def test_features_that_are_worse_than_untrained_ones_in_three_measurements_ring_after_a_quarter_of_the_run() -> None:
    assert rings(fed(general(), [-0.1] * 10, KNN_GAIN, every=1000, first=1000)) == [(True, 5000)]
    assert fed(general(), [-0.05] * 10, KNN_GAIN, every=1000, first=1000) == []


# -- what is said ------------------------------------------------------------------------------------------------------

SPOKEN = [(spec, None) for spec in GENERAL] + [(spec, kind) for kind in OBJECTIVES for spec in kind.spec.alarms]


@pytest.mark.parametrize(("spec", "kind"), SPOKEN, ids=lambda part: getattr(part, "id", getattr(part, "__name__", "")))
def test_an_alarm_names_two_or_three_settings_that_the_recipe_has(spec: AlarmSpec, kind: type | None) -> None:
    sections = Recipe().document()
    assert 2 <= len(spec.advice) <= 3
    for advice in spec.advice:
        section, _, name = advice.setting.partition(".")
        known = kind.Config.model_fields if section == "objective" and kind is not None else sections[section]
        assert name in known or (section == "optimiser" and name in ("lr", "weight_decay")), advice.setting


@pytest.mark.parametrize("kind", OBJECTIVES, ids=lambda kind: kind.spec.id)
def test_an_objective_s_alarms_look_at_numbers_that_it_logs_and_limits_that_it_knows(kind: type) -> None:
    names = dict.fromkeys(("batch_size", "steps_per_epoch", "samples", "width", "classes"), 1.0)
    settings = {name: v for name, v in kind.Config().model_dump().items() if isinstance(v, int | float)}
    watch = AlarmWatch(kind.spec.alarms, {**names, **settings})
    assert {limit.spec.id for limit in watch.limits} == {spec.id for spec in kind.spec.alarms}
    assert {spec.metric for spec in kind.spec.alarms} <= {metric.name for metric in kind.spec.metrics}


# -- real trainings ----------------------------------------------------------------------------------------------------

SMALL = ("training.batch_size=32",)
CONTROLS = (
    ("byol", "objective.predictor=false", "outputs_alike"),
    ("simsiam", "objective.stop_gradient=false", "few_directions"),
    ("vicreg", "objective.variance_weight=0", "projections_shrink"),
    ("swav", "objective.rounds=0", "prototypes_unused"),
    ("swav", "objective.epsilon=0.5", "assignments_alike"),
    ("moco", "objective.momentum=0", "queue_stale"),
    ("triplet", "objective.negatives=hardest", "pictures_meet"),
)
STEPS, SOUND_STEPS = 250, 150


@pytest.mark.parametrize(("objective", "broken", "expected"), CONTROLS)
def test_a_collapse_raises_its_alarm(objective: str, broken: str, expected: str) -> None:
    assert watched(objective, STEPS, *SMALL, broken, until=expected).raised == {expected}


@pytest.mark.parametrize("objective", sorted({objective for objective, *_ in CONTROLS}))
def test_the_sound_version_of_what_collapses_raises_none(objective: str) -> None:
    assert watched(objective, SOUND_STEPS, *SMALL).raised == set()


WHOLE_BATCHES = {"w_mse": 64}
"""Batch sizes of those that cannot do with 8: whitening 32 dimensions takes 64 samples."""
QUIET_STEPS = 56


@pytest.mark.parametrize("kind", OBJECTIVES, ids=lambda kind: kind.spec.id)
def test_no_objective_raises_an_alarm_in_its_first_steps_on_real_pictures(kind: type) -> None:
    batch = f"training.batch_size={WHOLE_BATCHES.get(kind.spec.id, 8)}"
    assert watched(kind.spec.id, QUIET_STEPS, batch).raised == set()


def test_a_collapsing_run_tells_it_in_its_journal_and_pauses_until_it_is_resumed(engine, new_run) -> None:
    collapsing = ("objective.rounds=0", "views.size=16", "training.batch_size=32", "budget.amount=240")
    narrow = ("data.id=fashion-mnist-10k", "backbone.width=8", "training.on_alarm=pause")
    folder = new_run(*collapsing, *narrow, "checkpoints.every_epochs=10", preset="swav-cifar10")
    child = engine.start(folder)
    wait_until(lambda: history_of(folder).summary.phase is RunState.PAUSED, "the pause")
    (alarm,) = history_of(folder).open_alarms
    assert (alarm.id, alarm.metric) == ("prototypes_unused", "prototype_entropy")
    assert alarm.advice[0][0] == "objective.rounds"
    assert {"prototype_entropy", "loss"} <= {limit["metric"] for limit in history_of(folder).running["limits"]}
    ControlWriter(folder.control).send("resume")
    assert child.wait(90) == 0
    history = history_of(folder)
    assert history.summary.phase is RunState.COMPLETED
    assert len(history.alarms) == 1
