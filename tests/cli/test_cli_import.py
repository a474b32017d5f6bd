"""`workbench import` through a real lab, and the same from the application."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from workbench.app.application import App
from workbench.cli.main import main
from workbench.runs.embedding_set import EmbeddingSet


@pytest.fixture
def glove_text(tmp_path: Path) -> Path:
    path = tmp_path / "Größe 人.txt"
    path.write_text("the 1 2 3\nof nan 5 6\nthe 7 8 9.5\n", encoding="utf-8")
    return path


@pytest.fixture
def several(tmp_path: Path) -> Path:
    path = tmp_path / "v.npz"
    np.savez(path, a=np.ones((4, 3)), b=np.ones((4, 2)))
    return path


def test_import_writes_a_set_as_wished_and_tells_what_was_found(glove_text: Path, tmp_path: Path, capsys) -> None:
    wishes = ["--format", "words", "--set", "metric=euclidean", "--set", "limit=3"]
    assert main(["import", str(glove_text), "--out", str(tmp_path / "set"), *wishes, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["samples"], told["width"], told["set_aside"]) == ("words", 3, 3, 1)
    assert any("Duplicate words" in note for note in told["notes"])
    opened = EmbeddingSet.open(tmp_path / "set")
    assert opened.meta.metric == "euclidean"
    np.testing.assert_array_equal(opened.vectors[2], [7, 8, 9.5])


def test_import_looks_at_a_file_and_writes_nothing(several: Path, capsys) -> None:
    assert main(["import", str(several), "--look"]) == 0
    assert "choices: a, b" in capsys.readouterr().out
    assert not (App().home / "embeddings").exists()


def test_import_refuses_with_exit_2_and_the_way_out(several: Path, capsys) -> None:
    assert main(["import", str(several)]) == 2
    assert "several arrays" in (told := capsys.readouterr().err)
    assert "Traceback" not in told


def test_the_application_imports_into_the_workspace_and_numbers_a_name_that_is_taken(glove_text: Path) -> None:
    app, made = App(), []
    try:
        for number in (1, 2):
            app.import_vectors(glove_text, made.append)
            deadline = time.monotonic() + 60
            while len(made) < number and time.monotonic() < deadline:
                app.poll()
                time.sleep(0.02)
    finally:
        app.close()
    assert made == [app.home / "embeddings" / "größe-人", app.home / "embeddings" / "größe-人-2"]
    assert all(len(EmbeddingSet.open(folder)) == 3 for folder in made)
    assert app.notice is not None
    assert "Duplicate words" in app.notice.hint
