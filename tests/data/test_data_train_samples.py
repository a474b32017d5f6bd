"""The catalogue says how many samples a run learns from, so that settings can be held against it beforehand."""

from __future__ import annotations

import pytest

from workbench.data.loading import load
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.models import Choice

KNOWN = [entry for entry in builtin_catalogue().datasets if entry.spec.samples]


@pytest.mark.parametrize("id_", [entry.id for entry in KNOWN if entry.spec.origin == "bundled"])
def test_the_training_split_of_a_bundled_set_has_the_stated_size(place, id_):
    stated = next(entry.spec.train_samples for entry in KNOWN if entry.id == id_)
    assert len(load(Choice(id=id_), "train", place)) == stated


@pytest.mark.parametrize("entry", KNOWN, ids=lambda entry: entry.id)
def test_a_training_split_is_a_part_of_the_whole(entry):
    assert 0 < entry.spec.train_samples < entry.spec.samples
