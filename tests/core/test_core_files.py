"""Files and folders that are whole or absent."""

from __future__ import annotations

import pytest

from workbench.core.files import atomic_folder, free_name, write_atomic


def test_a_write_replaces_the_whole_file(tmp_path):
    path = tmp_path / "a.txt"
    write_atomic(path, "one, and long")
    write_atomic(path, "two")
    assert path.read_text() == "two"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "a.txt"
    write_atomic(path, "old")
    with pytest.raises(TypeError):
        write_atomic(path, None)
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError):
        write_atomic(target, "a file cannot take a folder's place")
    assert path.read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "folder"]


def test_a_folder_appears_only_when_it_is_whole(tmp_path):
    def fill_half():
        with atomic_folder(tmp_path / "set") as draft:
            (draft / "part").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fill_half()
    assert list(tmp_path.iterdir()) == []
    with atomic_folder(tmp_path / "set") as draft:
        (draft / "part").write_text("x")
        assert not (tmp_path / "set").exists()
    assert (tmp_path / "set" / "part").read_text() == "x"


def test_a_whole_folder_replaces_the_one_before(tmp_path):
    for text in ("old", "new"):
        with atomic_folder(tmp_path / "set") as draft:
            (draft / text).write_text(text)
    assert [file.name for file in (tmp_path / "set").iterdir()] == ["new"]


def test_a_taken_name_gets_a_number(tmp_path):
    for expected in ("run", "run-2", "run-3"):
        path = free_name(tmp_path, "run")
        path.mkdir()
        assert path.name == expected


def test_a_promised_name_is_taken_before_anything_is_there(tmp_path):
    assert free_name(tmp_path, "run", {tmp_path / "run", tmp_path / "run-2"}).name == "run-3"
