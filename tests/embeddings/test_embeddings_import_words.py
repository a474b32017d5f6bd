"""Word vectors as text and binary: what gensim writes is read to the bit, and lies are told from damage."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from embeddings_import_files import ids, read, some_vectors
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.errors import DataError
from workbench.embeddings.importers import text
from workbench.embeddings.importers.importing import describe_vectors

WORDS = ["the", ",", "naïve", "人", "3.14", "'s", "the"]
PLAIN = "cat 1 2.5 -3\ndog 4e-2 5 6\nowl 7 8 nan\n"


def written(folder: Path, content: str | bytes, name: str = "words.txt") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def keyed_vectors(rows: int, width: int):
    models = pytest.importorskip("gensim.models")
    keyed = models.KeyedVectors(width)
    keyed.add_vectors([f"wörd{row}" for row in range(rows)], some_vectors(rows, width))
    return keyed


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize(("rows", "width"), [(1, 1), (2, 3), (300, 17)])
def test_what_gensim_writes_is_read_to_the_bit(tmp_path: Path, binary: bool, rows: int, width: int) -> None:
    keyed, path = keyed_vectors(rows, width), tmp_path / "model.vectors"
    keyed.save_word2vec_format(str(path), binary=binary)
    opened, imported = read(path)
    assert imported.format == ("word2vec-binary" if binary else "words")
    assert ids(opened) == keyed.index_to_key
    assert opened.samples["text"].to_pylist() == keyed.index_to_key
    np.testing.assert_array_equal(opened.vectors, keyed.vectors)


def test_vectors_that_end_in_line_feeds_as_the_c_program_writes_them_are_read(tmp_path: Path) -> None:
    vectors = some_vectors(3, 4)
    rows = b"".join(
        word.encode() + b" " + vector.tobytes() + b"\n" for word, vector in zip("abc", vectors, strict=True)
    )
    opened, _ = read(written(tmp_path, b"3 4\n" + rows, "c.bin"))
    assert ids(opened) == ["a", "b", "c"]
    np.testing.assert_array_equal(opened.vectors, vectors)


@pytest.mark.parametrize("block", [40, 64, 1000])
@pytest.mark.parametrize("binary", [True, False])
def test_rows_that_straddle_blocks_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, binary: bool
) -> None:
    keyed, path = keyed_vectors(50, 2), tmp_path / "model.vectors"
    keyed.save_word2vec_format(str(path), binary=binary)
    monkeypatch.setattr(text, "BLOCK_BYTES", block)
    monkeypatch.setattr("workbench.embeddings.importers.words_binary.BLOCK_BYTES", block)
    opened, _ = read(path)
    assert ids(opened) == keyed.index_to_key
    np.testing.assert_array_equal(opened.vectors, keyed.vectors)


@pytest.mark.parametrize("header", ["", "3 3\n", "\ufeff3 3\n", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", " \n", "\r\n"])
def test_glove_and_fasttext_lines_are_read_with_and_without_a_first_line(
    tmp_path: Path, header: str, ending: str
) -> None:
    opened, imported = read(written(tmp_path, header + PLAIN.replace("\n", ending)))
    assert ids(opened) == ["cat", "dog", "owl"]
    np.testing.assert_array_equal(opened.vectors, np.float32([[1, 2.5, -3], [0.04, 5, 6], [7, 8, np.nan]]))
    assert imported.set_aside.tolist() == [2]
    assert not any("first line" in note for note in imported.notes)


def test_words_may_hold_spaces_or_be_numbers_signs_and_nothing(tmp_path: Path) -> None:
    lines = 'new york 1 2 3\n. . . 4 5 6\n3 7 8 9\n, 1 1 1\n" 2 2 2\nat a@b.c 3 3 3\n 4 4 4\ncat 5 5 5\ndog 6 6 6\n'
    opened, _ = read(written(tmp_path, lines + "owl 7 7 7\neel 8 8 8\n"))
    assert ids(opened)[:8] == ["new york", ". . .", "3", ",", '"', "at a@b.c", "", "cat"]
    assert opened.vectors[:2].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert opened.vectors[6].tolist() == [4, 4, 4]


def written_words(words: list[str]) -> bytes:
    lines = [f"{len(words)} 3", *(f"{word} {row} 0.5 -1e-3" for row, word in enumerate(words))]
    return "\n".join(lines).encode() + b"\n"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\n ", exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_words_of_any_characters_but_spaces_and_line_feeds_come_back(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opened, _ = read(written(Path(folder), written_words(words)), format="words")
        assert ids(opened) == words
        assert opened.vectors[:, 0].tolist() == list(range(len(words)))


def test_duplicate_words_are_kept_and_said(tmp_path: Path) -> None:
    opened, imported = read(written(tmp_path, "".join(f"{word} {i} 0.5\n" for i, word in enumerate(WORDS))))
    assert ids(opened) == WORDS
    assert any("Duplicate words: 1, such as 'the'" in note for note in imported.notes)


def test_words_in_latin_1_are_kept_with_replacement_and_counted(tmp_path: Path) -> None:
    opened, imported = read(written(tmp_path, "café 1 2\ntea 3 4\nthé 5 6\n".encode("latin-1")))
    assert ids(opened) == ["caf\ufffd", "tea", "th\ufffd"]
    assert any("2 texts were no UTF-8" in note for note in imported.notes)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("cat 1 2 3\ndog 1 2\nowl 1 2 3\n", r"line 2: 2 numbers after 'dog', where 3.*limit=1\."),
        ("3 3\ncat 1 2 3\ndog 1 2 3\nowl 1.5 2.5 3.5 4\n", r"line 4: 4 numbers after 'owl', where 3.*limit=2\."),
        ("cat 1 2 3\ndog 1 2 3\nowl 1 2 x\n", r"line 3: 'x' is no number"),
        ("2 9\ncat 1 2 3\ndog 1 2 3\n", "9 numbers a word, but most lines have 3"),
        ("2 3\n", "no row"),
    ],
)
def test_lines_that_do_not_fit_are_named_with_the_way_out(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(written(tmp_path, content), format="words")
    assert re.search(words, str(caught.value)), str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["words.txt"]


def test_a_limit_reads_the_rows_before_a_ragged_line(tmp_path: Path) -> None:
    opened, imported = read(written(tmp_path, "a 1 2 3\n\nb 4 5 6\nc 7\nd 1 2 3\n"), limit=2)
    assert ids(opened) == ["a", "b"]
    assert any("first 2 rows" in note for note in imported.notes)


def test_a_first_line_that_tells_of_more_words_than_there_are_is_a_note(tmp_path: Path) -> None:
    _, imported = read(written(tmp_path, "9 3\n" + PLAIN))
    assert any("tells of 9 words; the file has 3" in note for note in imported.notes)


def binary_file(folder: Path, header: bytes, rows: int = 5, width: int = 4, cut: int = 0) -> Path:
    vectors = some_vectors(rows, width)
    body = b"".join(f"word{row} ".encode() + vectors[row].tobytes() for row in range(rows))
    return written(folder, (header + body)[: -cut or None], "w.bin")


def test_a_truncated_binary_says_how_many_whole_rows_there_are(tmp_path: Path) -> None:
    path = binary_file(tmp_path, b"5 4\n", cut=30)
    with pytest.raises(DataError, match=r"tells of 5 rows and holds 3 whole ones.*limit=3"):
        read(path)
    opened, _ = read(path, limit=3)
    np.testing.assert_array_equal(opened.vectors, some_vectors(5, 4)[:3])


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"5 400000000000\n", "cannot be true: 5 words of 400000000000 numbers need 8 TB"),
        (b"9000000000000 4\n", "tells of 9000000000000 rows and holds 5 whole ones"),
        (b"3 4\n", "goes on after the 3 words of 4 numbers"),
        (b"0 4\n", "no row"),
        (b"5 0\n", "cannot be true"),
    ],
)
def test_a_binary_with_a_lying_header_is_refused_before_anything_is_allocated(
    tmp_path: Path, header: bytes, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        read(binary_file(tmp_path, header))


def test_a_binary_whose_header_tells_another_width_is_refused_by_row(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row \d+: no word of under 2000 bytes; the header's 7 numbers"):
        read(written(tmp_path, b"900 7\nword " + b"\x01\x02\xff\x00" * 9000, "w.bin"))


def test_a_text_is_described_from_its_first_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "".join(f"word{row:06} 0.25 0.50 0.75\n" for row in range(50_000)))
    found = describe_vectors(path)
    assert (found.format, found.width, found.exact, found.columns) == ("words", 3, False, ("word",))
    assert found.rows == pytest.approx(50_000, rel=0.02)
