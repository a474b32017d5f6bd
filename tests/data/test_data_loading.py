from __future__ import annotations

import importlib.util
import json
import pickle

import numpy as np
import pytest

from workbench.core.errors import DataError, RecipeError
from workbench.data.loading import load, source
from workbench.data.probe import guess_source
from workbench.data.table import SOURCES
from workbench.recipes.models import Choice


def problems_of(choice: Choice, place) -> list[tuple[str, str]]:
    with pytest.raises(RecipeError) as caught:
        load(choice, "train", place)
    return [(problem.key, problem.message) for problem in caught.value.problems]


def test_unknown_set_suggests_the_nearest(place):
    ((key, message),) = problems_of(Choice(id="cifar-10"), place)
    assert key == "data.id"
    assert "'cifar10'" in message


def test_every_wrong_setting_is_named_with_its_key(place):
    keys = dict(problems_of(Choice(id="image-folder", test_share=2, imagesize=3), place))
    assert set(keys) == {"data.path", "data.test_share", "data.imagesize"}
    assert "2" in keys["data.test_share"]
    assert "'image_size'" in keys["data.imagesize"]


@pytest.mark.parametrize("kind", SOURCES, ids=lambda kind: kind.spec.id)
def test_every_source_has_settings_that_forms_can_show_and_a_place_in_the_table(kind):
    schema = kind.Config.model_json_schema()
    assert all(prop.get("title") and prop.get("description") for prop in schema.get("properties", {}).values())
    assert isinstance(source(kind.spec.id), kind)
    json.dumps(schema)


def test_ids_are_unique():
    assert len({kind.spec.id for kind in SOURCES}) == len(SOURCES)


def test_labelled_and_unlabelled_batches_keep_the_order_asked_for(place):
    data = load(Choice(id="fashion-mnist-10k"), "test", place)
    index = np.array([7, 3, 7])
    batch = data.batch(index)
    assert np.array_equal(batch.fields["image"][0], batch.fields["image"][2])
    assert batch.labels.tolist() == data.labels[index].tolist()
    assert batch.index.tolist() == [7, 3, 7]


@pytest.fixture
def things(tmp_path, save_image):
    """One of everything that may be dropped on the window."""
    save_image(tmp_path / "images" / "cat" / "0.png", (1, 2, 3))
    np.savez(tmp_path / "plain.npz", x=np.zeros((3, 4, 4), np.uint8))
    np.save(tmp_path / "plain.npy", np.zeros((3, 4, 4), np.uint8))
    (tmp_path / "list.csv").write_text("path\nimages/cat/0.png\n")
    (tmp_path / "packs").mkdir()
    np.savez(tmp_path / "packs" / "a.npz", blob=np.zeros(4, np.uint8), off=np.array([0, 4]))
    (tmp_path / "alone").mkdir()
    np.save(tmp_path / "alone" / "x.npy", np.zeros((3, 4, 4), np.uint8))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("images", "image-folder"),
        ("plain.npz", "arrays"),
        ("plain.npy", "arrays"),
        ("list.csv", "image-table"),
        ("packs", "cifar-npz"),
        ("packs/a.npz", "cifar-npz"),
        ("alone", "arrays"),
    ],
)
def test_what_is_dropped_finds_its_importer(things, name, id_):
    assert guess_source(things / name).id == id_


@pytest.mark.parametrize("name", ["images", "plain.npz", "plain.npy", "list.csv", "alone"])
def test_what_was_guessed_loads(things, place, name):
    assert len(load(guess_source(things / name), "train", place)) > 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("images/cat/0.png", "Drop the folder"),
        ("photos.zip", "Unpack it"),
        ("model.pt", "cannot be imported"),
        ("bare", "nothing in"),
        ("nowhere", "There is nothing at"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_the_way_out(things, name, words):
    for file in ("photos.zip", "model.pt"):
        (things / file).write_bytes(pickle.dumps(1))
    (things / "bare").mkdir()
    with pytest.raises(DataError, match=words):
        guess_source(things / name)


def test_importing_the_table_does_not_import_torch():
    import subprocess
    import sys

    code = "import sys, workbench.data.loading; sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    assert importlib.util.find_spec("torch") is not None
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
