from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest

from workbench.core.errors import Cancelled, DataError
from workbench.data.loading import load, splits
from workbench.recipes.models import Choice

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def folder(path, **settings) -> Choice:
    return Choice(id="image-folder", path=str(path), **settings)


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims this size and which holds no pixels."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(b"")) + part(b"IEND", b"")


def test_class_folders_become_labels_and_the_hold_out_is_even_over_classes(tmp_path, place, save_image):
    for name, colour in (("cat", RED), ("dog", GREEN)):
        for i in range(10):
            save_image(tmp_path / "pets" / name / f"{i}.png", colour)
    train, test = (load(folder(tmp_path / "pets"), split, place) for split in ("train", "test"))
    assert train.info.classes == test.info.classes == ("cat", "dog")
    assert np.bincount(train.labels).tolist() == [8, 8]
    assert np.bincount(test.labels).tolist() == [2, 2]
    assert not set(train.table()["id"].to_pylist()) & set(test.table()["id"].to_pylist())


def test_pixels_stand_beside_their_own_label(tmp_path, place, save_image, pixels_of):
    for name, colour in (("a", RED), ("b", GREEN), ("c", BLUE)):
        for i in range(5):
            save_image(tmp_path / name / f"{i}.png", colour)
    data = load(folder(tmp_path), "train", place)
    assert np.array_equal(pixels_of(data)[:, :, 3, 3].argmax(1), data.labels)


def test_hold_out_is_the_same_again_and_another_for_another_seed(tmp_path, place, save_image):
    for i in range(40):
        save_image(tmp_path / f"{i}.png", RED)
    first, again, other = (
        load(folder(tmp_path, split_seed=seed), "test", place).table()["id"].to_pylist() for seed in (0, 0, 1)
    )
    assert first == again != other
    assert len(first) == 8


def test_named_split_folders_are_splits_and_not_classes(tmp_path, place, save_image):
    for split, count in (("training", 4), ("validation", 2), ("test", 3)):
        for i in range(count):
            save_image(tmp_path / split / "cat" / f"{i}.png", RED)
            save_image(tmp_path / split / "dog" / f"{i}.png", GREEN)
    assert splits(folder(tmp_path), place) == ("train", "val", "test")
    assert [len(load(folder(tmp_path), split, place)) for split in ("train", "val", "test")] == [8, 4, 6]
    assert load(folder(tmp_path), "test", place).info.classes == ("cat", "dog")


def test_validation_folder_stands_in_for_a_missing_test_folder(tmp_path, place, save_image):
    for split, count in (("train", 4), ("val", 2)):
        for i in range(count):
            save_image(tmp_path / split / f"{i}.png", RED)
    assert splits(folder(tmp_path), place) == ("train", "test")
    assert len(load(folder(tmp_path), "test", place)) == 2


def test_flat_folder_has_no_labels(tmp_path, place, save_image):
    for i in range(5):
        save_image(tmp_path / f"{i}.jpg")
    data = load(folder(tmp_path), "train", place)
    assert data.labels is None
    assert data.info.classes == ()
    assert data.batch(np.array([2, 0])).labels is None
    assert data.table()["label"].null_count == len(data)


def test_one_image_is_a_training_set_without_a_test_split(tmp_path, place, save_image):
    save_image(tmp_path / "only.png", RED)
    assert splits(folder(tmp_path), place) == ("train",)
    data = load(folder(tmp_path), "train", place)
    assert len(data) == 1
    assert data.info.splits == ("train",)


def test_damaged_files_are_skipped_counted_and_listed(tmp_path, place, save_image):
    for i in range(3):
        save_image(tmp_path / f"good{i}.png", RED)
    whole = save_image(tmp_path / "cut.jpg", size=(80, 80)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("a letter, not a picture")
    (tmp_path / "huge.png").write_bytes(png_of_size(30_000, 30_000))
    (tmp_path / "notes.txt").write_text("remember")
    data = load(folder(tmp_path, test_share=0), "train", place)
    reasons = {item.path.rsplit("/", 1)[-1]: item.reason for item in data.info.skipped}
    assert len(data) == 3
    assert set(reasons) == {"cut.jpg", "empty.png", "text.png", "huge.png", "notes.txt"}
    assert "cut off" in reasons["cut.jpg"]
    assert "not an image" in reasons["empty.png"]
    assert "not an image" in reasons["text.png"]
    assert "more pixels" in reasons["huge.png"]
    assert ".txt" in reasons["notes.txt"]
    assert data.info.as_json()["skipped_count"] == 5


def test_labels_still_fit_when_the_first_file_is_skipped(tmp_path, place, save_image, pixels_of):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "0.png").write_bytes(b"broken")
    save_image(tmp_path / "a" / "1.png", RED)
    save_image(tmp_path / "b" / "0.png", GREEN)
    data = load(folder(tmp_path, test_share=0), "train", place)
    assert data.labels.tolist() == [0, 1]
    assert data.table()["id"].to_pylist() == ["a/1.png", "b/0.png"]
    assert pixels_of(data)[:, :, 0, 0].argmax(1).tolist() == [0, 1]


def test_system_files_are_ignored_without_a_word(tmp_path, place, save_image):
    save_image(tmp_path / "a.png", RED)
    for name in (".DS_Store", "Thumbs.db", "._a.png", "desktop.ini"):
        (tmp_path / name).write_bytes(b"x")
    save_image(tmp_path / ".cache" / "b.png", RED)
    data = load(folder(tmp_path), "train", place)
    assert len(data) == 1
    assert data.info.skipped == ()


def test_empty_folder_says_that_it_is_empty_and_what_is_wanted(tmp_path, place):
    with pytest.raises(DataError, match=r"it is empty.*sub-folder for each class"):
        load(folder(tmp_path), "train", place)


def test_folder_without_images_says_what_it_holds(tmp_path, place):
    (tmp_path / "report.pdf").write_bytes(b"%PDF")
    with pytest.raises(DataError, match=r"1 other files \(report\.pdf\)"):
        load(folder(tmp_path), "train", place)


def test_folder_of_broken_images_says_why(tmp_path, place):
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"None of the 1 images.*not an image"):
        load(folder(tmp_path), "train", place)


def test_path_that_is_not_there_or_is_a_file_is_named(tmp_path, place):
    with pytest.raises(DataError, match="nowhere"):
        load(folder(tmp_path / "nowhere"), "train", place)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        load(folder(tmp_path / "file"), "train", place)


def test_unicode_names_work_in_files_and_classes(tmp_path, place, save_image):
    for i in range(3):
        save_image(tmp_path / "Grüße" / f"日本語 {i}.png", RED)
        save_image(tmp_path / "кошки" / f"🐈{i}.png", GREEN)
    data = load(folder(tmp_path, test_share=0), "train", place)
    assert set(data.info.classes) == {"Grüße", "кошки"}
    assert "кошки/🐈0.png" in data.table()["id"].to_pylist()


@pytest.mark.skipif(os.name == "nt", reason="Windows file names are text")
def test_name_that_is_not_text_is_shown_with_question_marks(tmp_path, place, save_image):
    good = save_image(tmp_path / "a.png", RED)
    os.rename(good, os.fsencode(tmp_path) + b"/\xff.png")
    assert load(folder(tmp_path), "train", place).table()["id"].to_pylist() == ["?.png"]


def test_folder_inside_a_folder_is_entered_as_archives_unpack(tmp_path, place, save_image):
    for name in ("cat", "dog"):
        save_image(tmp_path / "download" / "pets-v2" / name / "0.png", RED)
    assert load(folder(tmp_path, test_share=0), "train", place).info.classes == ("cat", "dog")


def test_automatic_size_is_the_median_shorter_side_capped(tmp_path, place, save_image):
    for i, side in enumerate((30, 40, 50)):
        save_image(tmp_path / "small" / f"{i}.png", RED, (side, side + 20))
        save_image(tmp_path / "large" / f"{i}.png", RED, (side * 20, side * 20))
    assert load(folder(tmp_path / "small"), "train", place).info.fields["image"][1:] == (40, 40)
    assert load(folder(tmp_path / "large"), "train", place).info.fields["image"][1:] == (256, 256)
    assert load(folder(tmp_path / "small", image_size=16), "train", place).info.fields["image"][1:] == (16, 16)


def test_grey_images_are_stored_with_one_channel_whatever_their_mode(tmp_path, place, save_image, pixels_of):
    for i in range(4):
        save_image(tmp_path / f"{i}.png", (i * 60, i * 60, i * 60))
    data = load(folder(tmp_path, test_share=0), "train", place)
    assert pixels_of(data)[:, 0, 0, 0].tolist() == [0, 60, 120, 180]
    assert data.info.fields["image"] == (1, 20, 20)


def test_linked_folder_that_leads_back_is_entered_once(tmp_path, place, save_image):
    save_image(tmp_path / "set" / "a" / "0.png", RED)
    save_image(tmp_path / "set" / "b" / "0.png", RED)
    (tmp_path / "set" / "b" / "loop").symlink_to(tmp_path / "set", target_is_directory=True)
    assert len(load(folder(tmp_path / "set", test_share=0), "train", place)) == 2


def test_cancel_stops_decoding_and_leaves_nothing_behind(tmp_path, place, save_image):
    for i in range(300):
        save_image(tmp_path / f"set/{i}.png", RED, (4, 4))
    seen = []

    def cancel_after_the_first_chunk(share: float, words: str) -> None:
        seen.append(share)
        if share > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        load(folder(tmp_path / "set", test_share=0), "train", place, cancel_after_the_first_chunk)
    assert max(seen) < 1
    assert list((place.home / "cache" / "datasets").iterdir()) == []


def test_progress_rises_to_one(tmp_path, place, save_image):
    for i in range(200):
        save_image(tmp_path / f"set/{i}.png", RED, (4, 4))
    shares = []
    load(folder(tmp_path / "set"), "train", place, lambda share, words: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
