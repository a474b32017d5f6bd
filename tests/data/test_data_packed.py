from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.core.errors import DataError
from workbench.data.loading import load, splits
from workbench.recipes.models import Choice


def packed(path, **settings) -> Choice:
    return Choice(id="cifar-npz", path=str(path), **settings)


def write_pack(path: Path, colours: list[int], **more) -> Path:
    """A packed file of grey PNGs; None in `colours` is a damaged image."""
    parts = []
    for colour in colours:
        stream = BytesIO()
        Image.new("L", (8, 8), colour).save(stream, "PNG")
        parts.append(stream.getvalue() if colour >= 0 else b"broken")
    off = np.cumsum([0, *map(len, parts)])
    np.savez(path, **{"blob": np.frombuffer(b"".join(parts), np.uint8), "off": off, **more})
    return path


def test_cifar_files_load_with_their_classes_and_a_matching_picture(test_data, place, pixels_of):
    choice = packed(test_data)
    assert splits(choice, place) == ("train", "test")
    data = load(choice, "test", place)
    assert data.info.fields["image"] == (3, 32, 32)
    assert np.bincount(data.labels).tolist() == [1000] * 10
    with np.load(test_data / "cifar10_jpeg_test.npz") as file:
        row = 4321
        jpeg = file["blob"][file["off"][row] : file["off"][row + 1]].tobytes()
        assert data.labels[row] == file["y"][row]
    want = np.asarray(Image.open(BytesIO(jpeg)).convert("RGB")).transpose(2, 0, 1)
    assert np.array_equal(pixels_of(data)[row], want)


def test_pointing_at_the_training_half_finds_the_test_half(tmp_path, place):
    train = write_pack(tmp_path / "set_train.npz", [1, 2, 3], y=[0, 1, 0])
    write_pack(tmp_path / "set_test.npz", [4], y=[1])
    assert splits(packed(train), place) == ("train", "test")
    assert load(packed(train), "test", place).table()["id"].to_pylist() == ["set_test/0"]


def test_single_file_is_divided_by_hold_out(tmp_path, place):
    file = write_pack(tmp_path / "all.npz", list(range(10)), y=np.arange(10) % 2)
    assert [len(load(packed(file), split, place)) for split in splits(packed(file), place)] == [8, 2]


def test_pack_without_labels_is_unlabelled(tmp_path, place):
    file = write_pack(tmp_path / "all.npz", [5, 6])
    assert load(packed(file), "train", place).labels is None


def test_damaged_picture_in_a_pack_is_skipped_and_labels_stay_with_theirs(tmp_path, place, pixels_of):
    file = write_pack(tmp_path / "all.npz", [10, -1, 20], y=[0, 1, 2], classes=["x", "y", "z"])
    data = load(packed(file, test_share=0), "train", place)
    assert data.table()["label"].to_pylist() == ["x", "z"]
    assert pixels_of(data)[:, 0, 0, 0].tolist() == [10, 20]
    assert [item.path.rsplit("/", 1)[-1] for item in data.info.skipped] == ["all.npz, image 1"]


@pytest.mark.parametrize(
    ("more", "words"),
    [({"off": [0, 10**6]}, "do not fit"), ({"off": [0, 9, 3]}, "do not fit"), ({"y": [1]}, "1 labels")],
)
def test_pack_whose_parts_do_not_fit_is_refused(tmp_path, place, more, words):
    file = write_pack(tmp_path / "all.npz", [1, 2], **more)
    with pytest.raises(DataError, match=words):
        load(packed(file), "train", place)


def test_folder_without_packs_is_refused(tmp_path, place):
    np.savez(tmp_path / "x.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="no packed"):
        load(packed(tmp_path), "train", place)
    with pytest.raises(DataError, match="holds no packed images"):
        load(packed(tmp_path / "x.npz"), "train", place)
