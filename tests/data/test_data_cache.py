from __future__ import annotations

import os
import signal

import numpy as np
import pytest

import workbench.data.cache as cache_module
from workbench.core.errors import DataError
from workbench.data.base import Skipped
from workbench.data.cache import Chunk, cached, fingerprint
from workbench.data.loading import load
from workbench.recipes.models import Choice


def grey(count: int, value: int, channels: int = 3) -> np.ndarray:
    return np.full((count, channels, 2, 2), value, np.uint8)


def colour(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 3, 2, 2), np.uint8)


def test_grey_chunks_before_a_colour_one_are_widened_unharmed(place):
    last = colour(3)
    chunks = [Chunk(grey(2, 7), [0, 1]), Chunk(grey(1, 9, channels=1), [2]), Chunk(last, [3, 4, 5])]
    images = cached("k", place, lambda: iter(chunks)).images
    assert np.array_equal(images, np.concatenate([grey(2, 7), grey(1, 9), last]))


def test_grey_chunk_after_a_colour_one_is_repeated(place):
    first = colour(2)
    images = cached("k", place, lambda: iter([Chunk(first, [0, 1]), Chunk(grey(2, 5, 1), [2, 3])])).images
    assert np.array_equal(images, np.concatenate([first, grey(2, 5)]))


def test_second_use_reads_the_cache_and_keeps_what_was_skipped(place):
    made = []

    def chunks():
        made.append(1)
        yield Chunk(colour(2), [0, 2], (Skipped("b.png", "is cut off"),))

    first, second = cached("k", place, chunks), cached("k", place, chunks)
    assert len(made) == 1
    assert np.array_equal(first.images, second.images)
    assert second.rows.tolist() == [0, 2]
    assert second.skipped == (Skipped("b.png", "is cut off"),)


def test_set_that_another_process_finished_meanwhile_is_used_and_not_replaced(place):
    folder = place.home / "cache" / "datasets" / "k"

    def slow():
        cached("k", place, lambda: iter([Chunk(grey(1, 3), [0])]))
        made.append(folder.stat().st_ino)
        yield Chunk(grey(1, 4), [0])

    made = []
    assert cached("k", place, slow).images.flat[0] == 3
    assert folder.stat().st_ino == made[0]
    assert [entry.name for entry in folder.parent.iterdir()] == ["k"]


@pytest.mark.parametrize("name", ["images.npy", "rows.npy", "skipped.json"])
def test_damaged_cache_is_made_anew(place, name):
    want = cached("k", place, lambda: iter([Chunk(colour(4), [0, 1, 2, 3])])).images
    file = place.home / "cache" / "datasets" / "k" / name
    file.write_bytes(file.read_bytes()[:-9])
    assert np.array_equal(cached("k", place, lambda: iter([Chunk(colour(4), [0, 1, 2, 3])])).images, want)


def test_large_set_stays_a_memory_map_and_gives_the_same_batches(place, monkeypatch, pixels_of, tmp_path, save_image):
    for i in range(6):
        save_image(tmp_path / "set" / f"{i}.png")
    choice = Choice(id="image-folder", path=str(tmp_path / "set"))
    small = load(choice, "train", place)
    monkeypatch.setattr(cache_module, "IN_MEMORY_BYTES", 10)
    large = load(choice, "train", place)
    assert not small._images.base or not isinstance(small._images.base, np.memmap)
    assert isinstance(large._images.base, np.memmap)
    assert np.array_equal(pixels_of(small), pixels_of(large))


def test_changed_added_and_resized_images_are_decoded_again(tmp_path, place, save_image, pixels_of):
    folder = tmp_path / "set"
    first = save_image(folder / "0.png", (255, 0, 0))
    choice = Choice(id="image-folder", path=str(folder), test_share=0)
    assert pixels_of(load(choice, "train", place))[0, :, 0, 0].tolist() == [255, 0, 0]
    save_image(first, (0, 255, 0))
    status = first.stat()
    os.utime(first, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert pixels_of(load(choice, "train", place))[0, :, 0, 0].tolist() == [0, 255, 0]
    save_image(folder / "1.png", (0, 0, 255))
    assert len(load(choice, "train", place)) == 2
    assert load(choice.with_params(image_size=8), "train", place).info.fields["image"] == (3, 8, 8)


def test_unchanged_folder_is_not_decoded_again(tmp_path, place, save_image):
    for i in range(3):
        save_image(tmp_path / "set" / f"{i}.png")
    choice = Choice(id="image-folder", path=str(tmp_path / "set"))
    words = []
    load(choice, "train", place)
    load(choice, "train", place, lambda share, text: words.append(text))
    assert not [text for text in words if "Decod" in text]


def test_fingerprint_tells_parts_apart():
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])
    assert fingerprint(["ab", "c"]) == fingerprint(["ab", "c"])


@pytest.fixture
def files_stop_growing_at_50_kb():
    """Every write beyond 50 kB fails, as on a full disk."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("files_stop_growing_at_50_kb")
def test_disk_that_takes_no_more_is_a_data_error_and_leaves_nothing(place):
    images = np.zeros((100, 3, 32, 32), np.uint8)
    with pytest.raises(DataError, match="could not be written"):
        cached("k", place, lambda: iter([Chunk(images, list(range(100)))]))
    assert list((place.home / "cache" / "datasets").iterdir()) == []
