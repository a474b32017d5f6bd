"""What views cost is measured part by part, adds up to the whole, and can be given up."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from workbench.core.errors import Cancelled
from workbench.core.wire import Message
from workbench.data.base import Samples
from workbench.engine import cost
from workbench.engine.lab import views as lab
from workbench.engine.lab.server import Request
from workbench.engine.lab.shelf import SHELF
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Branch, Choice, Views
from workbench.recipes.overrides import apply_overrides
from workbench.recipes.presets import find_document
from workbench.views.pipeline import compile_views

CPU = torch.device("cpu")
BLUR = 2
OPS = (
    Choice(id="random_resized_crop"),
    Choice(id="greyscale", p=1.0),
    Choice(id="gaussian_blur", p=1.0, sigma=(2.0, 2.0)),
    Choice(id="normalize"),
)


@pytest.fixture(autouse=True)
def _empty_shelf():
    """Compiled views hold threads."""
    yield
    SHELF.forget()


def pictures(count: int = 256):
    return np.random.default_rng(0).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)


def compiled(*branches: Branch):
    return compile_views(Views(branches=branches), 3, 32, 32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))


def measured(*branches: Branch, **settings) -> cost.ViewsCost:
    return cost.views_cost(compiled(*branches), pictures(), CPU, threads=1, seconds=0.3, **settings)


def test_the_parts_add_up_to_the_whole_and_the_blur_costs_most():
    found = measured(Branch(ops=OPS))
    assert set(found.operations_us) == {(0, position) for position in range(len(OPS))}
    assert all(time_us >= 0 for time_us in found.operations_us.values())
    assert found.total_us == pytest.approx(found.base_us + sum(found.operations_us.values()))
    assert max(found.operations_us, key=found.operations_us.get) == (0, BLUR)
    assert found.operations_us[0, BLUR] > 0.3 * found.total_us


def test_the_whole_is_about_what_the_pipeline_itself_takes():
    found = measured(Branch(count=2, ops=OPS))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pipe = compiled(Branch(count=2, ops=OPS))
    torch.set_num_threads(threads)
    times, batch = [], Samples({"image": pictures()}, None, np.arange(256))
    for _ in range(12):
        started = time.perf_counter()
        pipe(batch, (0, 0), CPU)
        times.append(time.perf_counter() - started)
    assert found.total_us == pytest.approx(1e6 * min(times) / 256, rel=0.6)


def test_a_branch_of_more_views_costs_as_many_times_as_much_and_places_name_branch_and_position():
    found = measured(Branch(name="A", ops=OPS[:1]), Branch(name="B", count=6, ops=OPS[2:3]))
    assert set(found.operations_us) == {(0, 0), (1, 0)}
    assert found.operations_us[1, 0] > 3 * measured(Branch(ops=OPS[2:3])).operations_us[0, 0]


def test_a_cancelled_measurement_stops_at_once():
    def give_up(share: float, words: str) -> None:
        if words == "Measuring the views":
            raise Cancelled()

    started = time.perf_counter()
    with pytest.raises(Cancelled):
        cost.views_cost(compiled(Branch(ops=OPS)), pictures(), CPU, 1, seconds=30.0, progress=give_up)
    assert time.perf_counter() - started < 5


def test_large_pictures_are_measured_in_smaller_batches():
    assert (cost.batch_for(32), cost.batch_for(64), cost.batch_for(224)) == (256, 256, 32)


def ask(handler, **params):
    return handler(Request(Message({"id": 1, "name": handler.__name__, "params": params}, {}), lambda message: None))[0]


def test_the_lab_tells_the_rest_of_a_step_only_for_a_recipe_that_can_run():
    settings = ["training.batch_size=32", "hardware.device=cpu", "hardware.threads=1"]
    recipe = build(apply_overrides(find_document("simclr-fashion-mnist"), settings), builtin_catalogue())
    document = recipe.document()
    threads = torch.get_num_threads()
    told = ask(lab.views_cost, data=document["data"], views=document["views"], recipe=document)
    assert told["total_us"] > 0
    assert told["step_us"] > told["total_us"] / 100
    assert [row[:2] for row in told["operations"]] == [
        [0, position] for position in range(len(document["views"]["branches"][0]["ops"]))
    ]
    assert torch.get_num_threads() == threads
    assert ask(lab.views_cost, data=document["data"], views=document["views"], recipe=None)["step_us"] is None


def test_a_handful_is_made_of_different_samples_and_a_larger_one_begins_with_the_same():
    train = SHELF.train_split(Choice(id="fashion-mnist-10k"), lambda share, words: None)
    few, many = (lab.chosen(train, 3, count, None, {}) for count in (8, 64))
    assert len(set(many.tolist())) == 64
    assert np.array_equal(few, many[:8])
    assert not np.array_equal(few, lab.chosen(train, 4, 8, None, {}))


def test_pinned_rows_keep_their_sample_and_no_other_row_shows_it_too():
    train = SHELF.train_split(Choice(id="fashion-mnist-10k"), lambda share, words: None)
    before = lab.chosen(train, 3, 8, None, {})
    after = lab.chosen(train, 4, 8, None, {2: int(before[2]), 5: int(before[0])})
    assert (after[2], after[5]) == (before[2], before[0])
    assert len(set(after.tolist())) == 8


def test_samples_of_one_class_are_of_that_class():
    train = SHELF.train_split(Choice(id="fashion-mnist-10k"), lambda share, words: None)
    index = lab.chosen(train, 0, 16, 7, {})
    assert set(train.labels[index].tolist()) == {7}
    assert set(lab.class_names(train, index)) == {train.info.classes[7]}


def test_a_changed_file_is_seen_after_its_data_are_forgotten(tmp_path):
    from workbench.engine.lab.handlers import sample_page

    def save(value: int) -> None:
        np.savez(tmp_path / "set.npz", images=np.full((4, 8, 8, 3), value, np.uint8), labels=np.arange(4))

    save(10)
    data = {"id": "arrays", "path": str(tmp_path / "set.npz")}
    split = ask(lambda request: ({"train": SHELF.train_split(Choice(**data), request.progress).info.splits}, {}))
    page = {"data": data, "split": (split["train"] or ["train"])[0], "start": 0, "count": 1, "label": None}

    def shown() -> int:
        request = Request(Message({"id": 1, "name": "sample_page", "params": page}, {}), lambda message: None)
        return int(sample_page(request)[1]["pictures"].max())

    assert shown() == 10
    save(200)
    assert shown() == 10
    ask(lab.forget_data)
    assert shown() == 200
