"""Learning with few labels: which are kept, how batches are mixed, and that a run repeats itself."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from workbench.core.errors import RecipeError
from workbench.data.array_dataset import ArrayDataset, Facts
from workbench.engine.experiment import Splits, build_encoder, build_learner, load_splits, parts_of
from workbench.engine.replay import seen_at
from workbench.engine.sampler import EpochSampler, TrainSampler, keep_labels, labelled_quota, sampler_of
from workbench.models.optimisers import build_optimiser
from workbench.plugins.catalogue import builtin_catalogue
from workbench.plugins.specs import DatasetSpec
from workbench.recipes.check import build
from workbench.recipes.models import Choice, Training
from workbench.recipes.overrides import apply_overrides
from workbench.recipes.presets import find_document

SPEC = DatasetSpec(id="made", title="Made", summary="s", origin="import")


def dataset(labels: list[int] | None, samples: int = 0) -> ArrayDataset:
    count = len(labels) if labels is not None else samples
    images = np.arange(count, dtype=np.uint8)[:, None, None, None]
    numbers = None if labels is None else np.array(labels)
    ids = [str(n) for n in range(count)]
    return ArrayDataset(images, numbers, ids, SPEC, Facts("train", ("train",), ("a", "b", "c")))


def sampler(classes: list[int] | None, /, seed: int = 0, size: int = 0, **settings: float) -> TrainSampler:
    return TrainSampler(dataset(classes, size), Training.model_validate(settings), seed)


def known(made: TrainSampler, step: int) -> list[int]:
    """Positions of the labelled samples of a step."""
    batch = made.samples(step)
    return batch.index[batch.labels >= 0].tolist()


BALANCED = [0, 1, 2] * 20


def test_every_class_keeps_its_share_of_the_labels():
    kept = keep_labels(np.repeat([0, 1, 2], [60, 30, 10]), 20, seed=1)
    assert np.bincount(kept[kept >= 0]).tolist() == [11, 6, 3]


def test_the_rarest_class_keeps_one_label():
    kept = keep_labels(np.repeat([0, 1, 2], [1000, 1000, 2]), 3, seed=1)
    assert np.bincount(kept[kept >= 0]).tolist() == [1, 1, 1]


@pytest.mark.parametrize("wanted", range(3, 14))
def test_as_many_labels_as_asked_for_are_kept_and_none_is_changed(wanted):
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2, -1, 1, -1, 0])
    kept = keep_labels(labels, wanted, seed=wanted)
    assert (kept >= 0).sum() == min(wanted, 12)
    assert (kept[kept >= 0] == labels[kept >= 0]).all()


def test_which_labels_are_kept_follows_the_seed():
    labels = np.array(BALANCED)
    first, again, other = (keep_labels(labels, 6, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_objective_sees_no_label_outside_the_draw():
    made = sampler(BALANCED, labels=6, batch_size=10)
    seen = {position for step in range(60) for position in known(made, step)}
    assert len(seen) == 6
    assert sorted(BALANCED[position] for position in seen) == [0, 0, 1, 1, 2, 2]


def test_hiding_labels_does_not_touch_those_of_the_data_set():
    train = dataset(BALANCED)
    TrainSampler(train, Training(labels=6), 0).samples(0)
    assert train.labels.tolist() == BALANCED


def test_nothing_hidden_draws_what_it_always_drew():
    made, plain = sampler(BALANCED, seed=5, batch_size=16), EpochSampler(60, 16, seed=5)
    assert all(np.array_equal(made.batch(step), plain.batch(step)) for step in range(9))
    assert made.samples(3).labels.tolist() == [BALANCED[position] for position in plain.batch(3)]


def test_a_share_of_every_batch_is_labelled_and_the_rest_is_a_pass_over_the_others():
    made = sampler(BALANCED, labels=6, labelled_share=0.25, batch_size=12)
    assert [len(known(made, step)) for step in range(20)] == [3] * 20
    assert made.steps_per_epoch == 54 // 9
    epoch = [int(n) for step in range(6) for n in made.batch(step) if n not in set(known(made, step))]
    assert len(epoch) == len(set(epoch)) == 54


def test_labelled_samples_come_in_rounds_of_all_of_them():
    made = sampler(BALANCED, labels=6, labelled_share=0.5, batch_size=8)
    drawn = [position for step in range(3) for position in known(made, step)]
    assert sorted(drawn[:6]) == sorted(drawn[6:])
    assert len(set(drawn[:6])) == 6


def test_more_labelled_places_than_labels_repeat_them_evenly():
    made = sampler(BALANCED, labels=3, labelled_share=0.9, batch_size=40)
    assert sorted(np.unique(known(made, 0), return_counts=True)[1].tolist()) == [12, 12, 12]


def test_the_head_of_a_batch_has_the_share_of_the_whole():
    made = sampler(BALANCED, labels=6, labelled_share=0.25, batch_size=40)
    assert (made.samples(0).labels[:12] >= 0).sum() == 3


def test_a_batch_of_labelled_samples_only_counts_epochs_over_all():
    made = sampler(BALANCED, labels=6, labelled_share=1, batch_size=20)
    assert len(known(made, 0)) == made.batch_size == 20
    assert made.steps_per_epoch == 3


def test_a_share_where_all_samples_are_labelled_tells_nothing_apart():
    assert np.array_equal(sampler(BALANCED, labelled_share=0.5).batch(0), sampler(BALANCED).batch(0))


def test_a_pool_of_few_unlabelled_samples_makes_smaller_batches():
    made = sampler([0, 1, 2, -1, -1], labelled_share=0.5, batch_size=5)
    assert (made.batch_size, made.steps_per_epoch) == (2 + 2, 1)


def test_labels_are_kept_among_the_samples_that_are_learned_from():
    made = sampler(BALANCED, seed=3, labels=6, samples=24, batch_size=24)
    assert len(known(made, 0)) == 6


@pytest.mark.parametrize("step", [0, 7, 500])
def test_a_step_asked_for_alone_is_the_step_of_a_run(step):
    used, fresh = (sampler(BALANCED, labels=6, labelled_share=0.3, batch_size=16) for _ in range(2))
    for before in range(step):
        used.samples(before)
    assert np.array_equal(used.samples(step).index, fresh.samples(step).index)
    assert np.array_equal(used.samples(step).labels, fresh.samples(step).labels)


@pytest.mark.parametrize(("share", "quota"), [(0, 0), (0.001, 1), (0.25, 4), (0.999, 15), (1, 16)])
def test_a_share_of_a_batch_is_never_none_and_never_all(share, quota):
    assert labelled_quota(16, share) == quota


def test_fewer_labels_than_classes_are_refused_where_the_data_are_read():
    with pytest.raises(RecipeError, match=r"training\.labels: 2 is too few: 'Made' has 3 classes"):
        sampler(BALANCED, labels=2)


@pytest.mark.parametrize("key", ["labels", "labelled_share"])
@pytest.mark.parametrize("labels", [None, [-1] * 8])
def test_few_labels_of_data_without_any_are_refused_where_they_are_read(key, labels):
    with pytest.raises(RecipeError, match=rf"training\.{key}: 'Made' has no labels\. Set this to 0"):
        sampler(labels, size=8, **{key: 1})


@pytest.fixture(scope="module")
def train():
    return load_splits(Choice(id="fashion-mnist-10k"), lambda share, words: None).train


FEW = ["data.id=fashion-mnist-10k", "training.labels=100", "training.labelled_share=0.25", "seed=5"]


def test_a_replayed_step_shows_the_labels_that_its_objective_saw(train):
    recipe = build(apply_overrides(find_document("vat-cifar10"), FEW), builtin_catalogue())
    seen = seen_at(recipe, train, step=3).samples
    assert np.array_equal(seen.labels, sampler_of(recipe, train).samples(2).labels)
    assert (seen.labels >= 0).sum() == 64
    assert (seen.labels < 0).sum() == 192


def steps(recipe, splits, numbers, state=None):
    """The state of a learner and its optimiser after these steps, from a state or anew."""
    encoder = build_encoder(recipe, splits.train)
    learner = build_learner(recipe, splits, encoder).train()
    optimiser = build_optimiser(recipe.optimiser, learner)
    if state is not None:
        learner.load_state_dict(state[0])
        optimiser.load_state_dict(state[1])
    made = sampler_of(recipe, splits.train)
    for number in numbers:
        views = encoder.pipeline(made.samples(number), (recipe.seed, number), torch.device("cpu"))
        learner(**parts_of(views))[0].backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        learner.objective.after_step(learner.backbone, (number + 1) / 4)
    return copy.deepcopy((learner.state_dict(), optimiser.state_dict()))


@pytest.mark.parametrize("preset", ["vat-cifar10", "pseudo_label-cifar10", "uda-cifar10"])
def test_training_that_is_taken_up_again_ends_with_the_same_bits(train, preset):
    small = ["training.batch_size=16", "backbone.width=4", "views.size=28"]
    recipe = build(apply_overrides(find_document(preset), [*FEW, *small]), builtin_catalogue())
    splits = Splits(train, train)
    whole, _ = steps(recipe, splits, range(4))
    resumed, _ = steps(recipe, splits, range(2, 4), steps(recipe, splits, range(2)))
    assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []
