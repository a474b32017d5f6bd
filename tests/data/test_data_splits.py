from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.data.labels import encode
from workbench.data.splits import hold_out, ordered, settle

IDS = st.lists(st.text(max_size=6), min_size=1, max_size=60, unique=True)


@given(ids=IDS, share=st.floats(0, 0.9), seed=st.integers(0, 5))
def test_hold_out_takes_the_exact_share_and_does_not_mind_the_order(ids, share, seed):
    taken = {ids[i] for i in hold_out(ids, None, share, seed)}
    backwards = ids[::-1]
    assert len(taken) == round(share * len(ids))
    assert taken == {backwards[i] for i in hold_out(backwards, None, share, seed)}


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5), share=st.floats(0, 0.9))
def test_hold_out_takes_each_class_by_its_size(sizes, share):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    taken = hold_out([str(i) for i in range(len(labels))], labels, share, 0)
    counts = np.bincount(labels[taken], minlength=len(sizes))
    assert all(abs(count - share * size) <= 1.5 for count, size in zip(counts, sizes, strict=True))


def test_given_splits_are_kept_under_their_usual_names():
    given_names = ["Training", "valid", "TEST", "", "extra"]
    assert settle(given_names, list("abcde"), None, 0.5, 0).tolist() == ["train", "val", "test", "train", "extra"]
    assert ordered(["extra", "test", "train"]) == ("train", "test", "extra")


def test_training_samples_alone_give_up_the_test_share():
    names = settle([""] * 10, [str(i) for i in range(10)], None, 0.3, 0).tolist()
    assert names.count("test") == 3


def test_a_test_split_alone_is_divided_so_that_there_is_something_to_train_on():
    assert settle(["test"] * 10, [str(i) for i in range(10)], None, 0.3, 0).tolist().count("train") == 7


def test_labels_follow_names_where_they_number_them_and_their_order_otherwise():
    assert encode([1, 0, -1, None], ["a", "b"])[0].tolist() == [1, 0, -1, -1]
    assert encode([10, 9, 10])[1] == ("9", "10")
    assert encode(["b", "a", "", None])[0].tolist() == [1, 0, -1, -1]
    assert encode([1.0, math.nan, 0.0])[0].tolist() == [1, -1, 0]
    assert encode([5, 1], ["a", "b"])[1] == ("1", "5")
    assert encode([True, False])[1] == ("false", "true")
