from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from workbench.core.errors import Cancelled, DataError
from workbench.data.loading import load, splits
from workbench.recipes.models import Choice

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (10, 6, 5, 3), np.uint8)
NCHW = COLOUR.transpose(0, 3, 1, 2)


def arrays(path, **settings) -> Choice:
    return Choice(id="arrays", path=str(path), **{"test_share": 0, **settings})


@pytest.fixture
def file(tmp_path):
    return tmp_path / "set.npz"


@pytest.mark.parametrize(
    ("array", "want"),
    [
        (COLOUR, NCHW),
        (NCHW, NCHW),
        (COLOUR[..., 0], NCHW[:, :1]),
        (COLOUR[..., :1], NCHW[:, :1]),
        (COLOUR.astype(np.uint16) * 257, NCHW),
        (COLOUR.astype(np.int64), NCHW),
        (COLOUR.astype(np.float32) / 255, NCHW),
        (COLOUR.astype(np.float64), NCHW),
        (COLOUR > 127, (NCHW > 127) * np.uint8(255)),
    ],
    ids=["NHWC", "NCHW", "NHW", "NHW1", "uint16", "int64", "float in 0..1", "float in 0..255", "bool"],
)
@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_layout_and_type_are_told_from_the_array(tmp_path, place, pixels_of, array, want, kind):
    path = tmp_path / f"set.{kind}"
    np.savez(path, x=array) if kind == "npz" else np.save(path, array)
    assert np.array_equal(pixels_of(load(arrays(path), "train", place)), want)


def test_fourth_channel_is_alpha_on_white(file, place, pixels_of):
    rgba = np.concatenate([COLOUR, np.zeros_like(COLOUR[..., :1])], -1)
    rgba[5:, ..., 3] = 255
    np.savez(file, images=rgba)
    pixels = pixels_of(load(arrays(file), "train", place))
    assert (pixels[:5] == 255).all()
    assert np.array_equal(pixels[5:], NCHW[5:])


@pytest.mark.parametrize(("values", "want"), [("-1..1", [0, 128, 255]), ("0..1", [0, 0, 255])])
def test_values_can_be_said_where_auto_cannot_tell(file, place, pixels_of, values, want):
    levels = np.array([-1.0, 0.0, 1.0], np.float32)[:, None, None] * np.ones((3, 4, 4), np.float32)
    np.savez(file, x=levels)
    with pytest.raises(DataError, match=r"'x' go from -1 to 1.*values setting"):
        load(arrays(file), "train", place)
    assert pixels_of(load(arrays(file, values=values), "train", place))[:, 0, 0, 0].tolist() == want


def test_nan_is_refused(file, place):
    images = np.zeros((3, 4, 4), np.float32)
    images[1, 2, 2] = np.nan
    np.savez(file, x=images)
    with pytest.raises(DataError, match="nan"):
        load(arrays(file), "train", place)


@pytest.mark.parametrize("labels", [np.arange(10) % 3, (np.arange(10) % 3)[:, None], np.arange(10) % 3 * 1.0])
def test_labels_are_found_in_any_usual_form(file, place, labels):
    np.savez(file, images=COLOUR, labels=labels)
    data = load(arrays(file), "train", place)
    assert data.labels.tolist() == (np.arange(10) % 3).tolist()
    assert data.info.classes == ("0", "1", "2")


def test_text_labels_are_numbered_by_name_and_sparse_numbers_by_size(file, place):
    np.savez(file, x=COLOUR, y=np.array(["dog", "cat"] * 5))
    assert load(arrays(file), "train", place).table()["label"].to_pylist() == ["dog", "cat"] * 5
    np.savez(file, x=COLOUR, y=np.array([281, 7] * 5))
    data = load(arrays(file), "train", place)
    assert data.info.classes == ("7", "281")
    assert data.labels.tolist() == [1, 0] * 5


def test_class_names_in_the_file_are_used_and_minus_one_is_unknown(file, place):
    np.savez(file, x=COLOUR, y=np.array([0, 1, -1, 2, 0, 1, 2, 0, 1, 1]), class_names=np.array(["ape", "bee", "cow"]))
    data = load(arrays(file), "train", place)
    assert data.info.classes == ("ape", "bee", "cow")
    assert data.table()["label"].to_pylist()[:4] == ["ape", "bee", None, "cow"]


@pytest.mark.parametrize(
    "names",
    [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels")],
)
def test_splits_are_told_by_the_names_of_the_arrays(file, place, pixels_of, names):
    labels = np.arange(10) % 2
    np.savez(file, **dict(zip(names, (COLOUR[:7], labels[:7], COLOUR[7:], labels[7:]), strict=True)))
    assert splits(arrays(file), place) == ("train", "test")
    test = load(arrays(file), "test", place)
    assert np.array_equal(pixels_of(test), NCHW[7:])
    assert test.labels.tolist() == labels[7:].tolist()


def test_hold_out_gives_every_image_to_exactly_one_split(file, place, pixels_of):
    np.savez(file, x=COLOUR, y=np.arange(10) % 2)
    choice = arrays(file, test_share=0.4)
    train, test = (load(choice, split, place) for split in splits(choice, place))
    assert np.bincount(test.labels).tolist() == [2, 2]
    both = np.concatenate([pixels_of(train), pixels_of(test)])
    assert sorted(map(bytes, both)) == sorted(map(bytes, np.ascontiguousarray(NCHW)))


def test_image_size_resamples_to_a_square(file, place, pixels_of):
    np.savez(file, x=COLOUR)
    pixels = pixels_of(load(arrays(file, image_size=5), "train", place))
    middle = Image.fromarray(COLOUR[3]).resize((5, 5), Image.Resampling.BICUBIC, box=(0, 0.5, 5, 5.5))
    assert pixels.shape == (10, 3, 5, 5)
    assert np.array_equal(pixels[3], np.asarray(middle).transpose(2, 0, 1))


def test_pickled_objects_are_never_loaded(tmp_path, place):
    for name in ("set.npz", "set.npy"):
        path = tmp_path / name
        objects = np.array([{"a": 1}, None], dtype=object).reshape(2, 1, 1)
        np.savez(path, x=objects) if name.endswith("z") else np.save(path, objects, allow_pickle=True)
        with pytest.raises(DataError, match="Python objects, which are never loaded"):
            load(arrays(path), "train", place)


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        ({"a": COLOUR, "b": COLOUR}, {}, "it has a, b"),
        ({"x": COLOUR}, {"images": "xx"}, "no array 'xx'"),
        ({"x": COLOUR, "y": np.arange(4)}, {"labels": "y"}, "for 10 images"),
        ({"x": np.zeros((10, 784))}, {}, r"\(10, 784\), which is not images"),
        ({"x": np.zeros((4, 8, 8, 2), np.uint8)}, {}, "no axis of 1, 3 or 4"),
        ({"x": np.zeros((4, 3, 8, 3), np.uint8)}, {}, "layout setting"),
        ({"x": np.array([[["a"]]])}, {}, "not numbers"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_in_words(file, place, content, settings, words):
    np.savez(file, **content)
    with pytest.raises(DataError, match=words):
        load(arrays(file, **settings), "train", place)


def test_layout_setting_settles_an_ambiguous_shape(file, place):
    np.savez(file, x=np.zeros((4, 3, 8, 3), np.uint8))
    for layout, size in (("NCHW", (8, 3)), ("NHWC", (3, 8))):
        assert load(arrays(file, layout=layout), "train", place).info.fields["image"][1:] == size


@pytest.mark.parametrize("name", ["set.npz", "set.npy"])
@pytest.mark.parametrize("content", [b"", b"no arrays", b"PK\x03\x04 cut", b"\x93NUMPY\x01\x00"])
def test_file_that_holds_no_arrays_is_refused(tmp_path, place, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as numpy arrays"):
        load(arrays(tmp_path / name), "train", place)


def test_one_image_is_a_training_set(file, place):
    np.savez(file, x=COLOUR[:1])
    assert splits(arrays(file, test_share=0.2), place) == ("train",)
    assert len(load(arrays(file, test_share=0.2), "train", place)) == 1


def test_cancel_stops_reading(file, place):
    np.savez(file, x=np.zeros((600, 4, 4), np.uint8))

    def cancel(share: float, words: str) -> None:
        if share > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        load(arrays(file), "train", place, cancel)
