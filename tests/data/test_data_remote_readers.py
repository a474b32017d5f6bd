"""The files that the servers hold, in small, laid out as they unpack."""

from __future__ import annotations

import gzip
import hashlib
import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torchvision.datasets

from workbench.core.errors import DataError
from workbench.data.idx import read_idx
from workbench.data.loading import load, source
from workbench.recipes.models import Choice

RNG = np.random.default_rng(0)


def md5_of(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize(
    ("id_", "folder"), [("mnist", "MNIST/raw"), ("fashion-mnist", "FashionMNIST/raw"), ("mnist", ".")]
)
@pytest.mark.parametrize("zipped", [True, False])
def test_idx_sets_are_read_from_torchvisions_folder_or_the_root(tmp_path, place, pixels_of, id_, folder, zipped):
    images, labels = RNG.integers(0, 256, (7, 28, 28), np.uint8), np.arange(7, dtype=np.uint8)
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for stem in ("train", "t10k"):
        for kind, array in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)):
            file = tmp_path / folder / f"{stem}-{kind}{'.gz' if zipped else ''}"
            file.write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
    choice = Choice(id=id_, root=str(tmp_path))
    data = load(choice, "test", place)
    assert np.array_equal(pixels_of(data)[:, 0], images)
    assert data.labels.tolist() == labels.tolist()
    assert len(data.info.classes) == 10
    assert source(id_).status(source(id_).Config(root=str(tmp_path)), place)[0] == "ready"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08\x01\0\0",
        gzip.compress(b"x"),
        idx(np.zeros(9, np.uint8))[:-1],
        b"\0\0\x0d" + idx(np.zeros(4, np.uint8))[3:],
        gzip.compress(bytes(99))[:-9],
    ],
)
def test_damaged_idx_file_is_a_data_error(tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path / "f")


@pytest.fixture
def small_cifar(tmp_path, monkeypatch):
    """CIFAR-10's files with four images each; torchvision is told their checksums."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    images = RNG.integers(0, 256, (6, 4, 3072), np.uint8)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    for name, data in zip(names, images, strict=True):
        (folder / name).write_bytes(pickle.dumps({"data": data, "labels": [0, 1, 2, 3]}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list("abcdefghij")}))
    sums = {name: md5_of(folder / name) for name in (*names, "batches.meta")}
    kind = torchvision.datasets.CIFAR10
    monkeypatch.setattr(kind, "train_list", [[name, sums[name]] for name in names[:5]])
    monkeypatch.setattr(kind, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": sums["batches.meta"]})
    return tmp_path, images


def test_cifar_batches_become_channel_first_images(small_cifar, place, pixels_of):
    root, images = small_cifar
    train, test = (load(Choice(id="cifar10", root=str(root)), split, place) for split in ("train", "test"))
    assert np.array_equal(pixels_of(train), images[:5].reshape(20, 3, 32, 32))
    assert np.array_equal(pixels_of(test), images[5].reshape(4, 3, 32, 32))
    assert train.labels.tolist() == [0, 1, 2, 3] * 5
    assert train.info.classes == tuple("abcdefghij")


def test_cifar_file_of_another_checksum_is_never_opened(small_cifar, place):
    root, _ = small_cifar
    (root / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps("someone else's"))
    with pytest.raises(DataError, match="corrupted"):
        load(Choice(id="cifar10", root=str(root)), "train", place)


def test_svhn_is_read_with_ten_as_the_digit_nought(tmp_path, place, pixels_of, monkeypatch):
    images = RNG.integers(0, 256, (32, 32, 3, 5), np.uint8)
    file = tmp_path / "test_32x32.mat"
    scipy.io.savemat(file, {"X": images, "y": np.array([[10], [1], [2], [9], [10]], np.uint8)})
    listed = {**torchvision.datasets.SVHN.split_list, "test": ["", file.name, md5_of(file)]}
    monkeypatch.setattr(torchvision.datasets.SVHN, "split_list", listed)
    data = load(Choice(id="svhn", root=str(tmp_path)), "test", place)
    assert data.labels.tolist() == [0, 1, 2, 9, 0]
    assert np.array_equal(pixels_of(data), images.transpose(3, 2, 0, 1))


@pytest.fixture
def small_stl(tmp_path):
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    images = RNG.integers(0, 256, (4, 3, 96, 96), np.uint8)
    for split in ("train", "test", "unlabeled"):
        (folder / f"{split}_X.bin").write_bytes(images.transpose(0, 1, 3, 2).tobytes())
    for split in ("train", "test"):
        (folder / f"{split}_y.bin").write_bytes(bytes([1, 2, 10, 3]))
    (folder / "class_names.txt").write_text("\n".join("abcdefghij"))
    return tmp_path, images


def test_stl_is_read_by_columns_and_its_unlabelled_split_has_no_labels(small_stl, place, pixels_of):
    root, images = small_stl
    train, bare = (load(Choice(id="stl10", root=str(root)), split, place) for split in ("train", "unlabeled"))
    assert np.array_equal(pixels_of(train), images)
    assert train.table()["label"].to_pylist() == ["a", "b", "j", "c"]
    assert bare.labels is None
    assert np.array_equal(pixels_of(bare), images)


def test_cut_stl_file_is_a_data_error(small_stl, place):
    root, _ = small_stl
    with open(root / "stl10_binary" / "train_X.bin", "r+b") as file:
        file.truncate(1000)
    with pytest.raises(DataError, match="is cut off"):
        load(Choice(id="stl10", root=str(root)), "train", place)


def test_food_is_decoded_from_its_lists(tmp_path, place, save_image, pixels_of):
    listed = {"pie": ["pie/1", "pie/2"], "soup": ["soup/1"]}
    for name, colour in (("pie/1", (250, 0, 0)), ("pie/2", (250, 0, 0)), ("soup/1", (0, 250, 0))):
        save_image(tmp_path / "food-101" / "images" / f"{name}.jpg", colour, (60, 40))
    (tmp_path / "food-101" / "meta").mkdir()
    for split in ("train", "test"):
        (tmp_path / "food-101" / "meta" / f"{split}.json").write_text(json.dumps(listed))
    data = load(Choice(id="food101", root=str(tmp_path), image_size=0), "train", place)
    assert data.info.classes == ("pie", "soup")
    assert data.info.splits == ("train", "test")
    assert pixels_of(data)[:, :, 5, 5].argmax(1).tolist() == data.labels.tolist() == [0, 0, 1]
    assert data.info.fields["image"] == (3, 40, 40)


def test_flowers_are_decoded_from_their_tables(tmp_path, place, save_image, monkeypatch):
    folder = tmp_path / "flowers-102"
    for i in range(1, 5):
        save_image(folder / "jpg" / f"image_{i:05d}.jpg", (i, 0, 0), (40, 40))
    scipy.io.savemat(folder / "imagelabels.mat", {"labels": np.array([[5, 6, 7, 8]])})
    scipy.io.savemat(folder / "setid.mat", {"trnid": [[1, 2]], "valid": [[3, 3]], "tstid": [[4, 1]]})
    kind = torchvision.datasets.Flowers102
    files = {
        key: (name, md5_of(folder / name) if name.endswith("mat") else md5)
        for key, (name, md5) in kind._file_dict.items()
    }
    monkeypatch.setattr(kind, "_file_dict", files)
    data = load(Choice(id="flowers102", root=str(tmp_path)), "train", place)
    assert data.labels.tolist() == [4, 5]
    assert data.table()["label"].to_pylist() == ["english marigold", "tiger lily"]
    assert data.info.fields["image"][1:] == (128, 128)
