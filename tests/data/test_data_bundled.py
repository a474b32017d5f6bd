from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import DataError
from workbench.core.resources import resource
from workbench.data.loading import load
from workbench.data.sources.bundled import FashionMnist10k, NotoEmoji
from workbench.data.sources.mnist_like import DebianFashion
from workbench.recipes.models import Choice

FASHION = Choice(id="fashion-mnist-10k")
EMOJI = Choice(id="noto-emoji")
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@pytest.mark.parametrize(("split", "per_class"), [("train", 800), ("test", 200)])
def test_bundled_fashion_is_balanced_and_grey(place, split, per_class):
    data = load(FASHION, split, place)
    assert np.bincount(data.labels).tolist() == [per_class] * 10
    assert data.info.fields["image"] == (1, 28, 28)
    assert data.info.samples == per_class * 10


def test_bundled_fashion_is_a_draw_of_the_official_splits(place, pixels_of):
    if not DEBIAN.is_dir():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    with np.load(resource("fashion_mnist_10k/images.npz")) as file:
        for split in ("train", "test"):
            whole = load(Choice(id="fashion-mnist-debian", folder=str(DEBIAN)), split, place)
            taken = whole.batch(file[f"{split}_rows"])
            drawn = load(FASHION, split, place)
            assert np.array_equal(taken.fields["image"], pixels_of(drawn))
            assert np.array_equal(taken.labels, drawn.labels)


def test_debian_folder_that_is_absent_is_missing_and_says_what_to_install(place, tmp_path):
    source, config = DebianFashion(), DebianFashion.Config(folder=str(tmp_path))
    assert source.status(config, place)[0] == "missing"
    with pytest.raises(DataError, match="apt install dataset-fashion-mnist"):
        source.load(config, "train", place)


def test_emoji_splits_share_no_code_point_and_hold_out_a_fifth(place):
    train, test = (load(EMOJI, split, place).table() for split in ("train", "test"))
    assert not set(train["id"].to_pylist()) & set(test["id"].to_pylist())
    total = len(train) + len(test)
    assert total == NotoEmoji.spec.samples
    assert 0.17 < len(test) / total < 0.23


def test_emoji_carry_category_name_and_subcategory(place):
    table = load(EMOJI, "train", place).table()
    grin = next(row for row in table.to_pylist() if row["id"] == "1f604")
    assert grin["label"] == "Smileys & Emotion"
    assert grin["subcategory"] == "face-smiling"
    assert "smiling" in grin["name"]


def test_emoji_stand_on_white(place, pixels_of):
    corners = pixels_of(load(EMOJI, "train", place))[:, :, 0, 0]
    assert (corners == 255).all(axis=1).mean() > 0.9


def test_no_emoji_picture_appears_twice(place, pixels_of):
    images = np.concatenate([pixels_of(load(EMOJI, split, place)) for split in ("train", "test")])
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


def test_bundled_sets_stay_under_twelve_megabytes_and_carry_their_licences():
    folders = [resource("fashion_mnist_10k"), resource("noto_emoji")]
    assert sum(file.stat().st_size for folder in folders for file in folder.iterdir()) < 12_000_000
    assert "MIT License" in (folders[0] / "LICENSE").read_text()
    assert "Apache License" in (folders[1] / "LICENSE").read_text()


def test_split_that_is_not_there_names_those_that_are(place):
    with pytest.raises(DataError, match="train, test"):
        load(FASHION, "validation", place)


def test_what_the_catalogue_says_of_bundled_sets_is_what_loads(place):
    for source in (FashionMnist10k(), NotoEmoji()):
        parts = [source.load(source.Config(), split, place) for split in source.spec.splits]
        assert sum(len(part) for part in parts) == source.spec.samples
        assert parts[0].info.fields["image"][1:] == (source.spec.size_px, source.spec.size_px)
        assert len(parts[0].info.classes) == source.spec.classes
