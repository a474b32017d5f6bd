"""Words on a terminal: signs that look like options, answers as text and as JSON, sets without labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.cli.main import main
from workbench.cli.words import parse_terms
from workbench.core.errors import WorkbenchError
from workbench.runs.embedding_set import write_embedding_set

WORDS = ["king", "queen", "man", "woman", "well-known"] + [f"word{n}" for n in range(60)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    vectors = np.random.default_rng(0).normal(size=(len(WORDS), 12)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[1] = vectors[0] - vectors[2] + vectors[3]
    folder = tmp_path_factory.mktemp("words") / "set"
    write_embedding_set(folder, vectors, pa.table({"id": [f"w{n}" for n in range(len(WORDS))], "text": WORDS}))
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> dict:
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "words",
    [
        ["king", "-man", "+woman"],
        ["king", "-", "man", "+", "woman"],
        ["king - man + woman"],
        ["-man", "king", "woman"],
        ["+king", "−man", "woman"],
    ],
)
def test_signs_stand_before_words_or_apart(words: list[str]) -> None:
    terms = {term["text"]: term["sign"] for term in parse_terms(words)}
    assert terms == {"king": 1, "man": -1, "woman": 1}


def test_a_hyphen_within_a_word_is_no_sign() -> None:
    assert parse_terms(["well-known", "-", "-x"]) == [{"text": "well-known", "sign": 1}, {"text": "-x", "sign": -1}]


@pytest.mark.parametrize("words", [[], ["king", "-"], ["king", "+", ""]])
def test_a_sign_without_a_word_is_refused(words: list[str]) -> None:
    with pytest.raises(WorkbenchError, match="behind each sign"):
        parse_terms(words)


def test_a_sum_with_minus_signs_is_no_option(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "combine", folder, "king", "-man", "+woman", "-k", 2, "--metric", "cosine")
    assert told["neighbours"][0]["word"] == "queen"
    assert len(told["neighbours"]) == 2
    assert told["title"] == "Nearest to king − man + woman"


def test_an_analogy_is_answered_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analogy", str(folder), "man", "king", "woman", "-k", "3", "--method", "mul"]) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert first == "man is to king as woman is to: queen."
    assert len(rows) == 3


def test_a_sum_that_cannot_be_read_exits_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["combine", str(folder), "king", "-"]) == 2
    assert "king -man +woman" in capsys.readouterr().err
    assert main(["combine", str(folder), "king", "--metric", "cosin"]) == 2
    assert "Did you mean 'cosine'" in capsys.readouterr().err


def test_neighbours_of_a_text_need_no_labels(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "neighbors", folder, "--text", "KING", "-k", 3, "--metric", "dot")
    assert told["query"] == {"row": 0, "id": "w0", "label": None}
    assert len(told["neighbours"]) == 3
    assert "'king' was taken for 'KING'." in told["words"]


def test_a_benchmark_file_is_measured(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "q.txt").write_text(": royal\nman king woman queen\nman king woman pope\n", "utf-8")
    assert main(["words", str(folder), "--analogies", str(tmp_path / "q.txt")]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "1 of 1 analogies solved (100.0%); 1 skipped for unknown words."
    assert "100.0%       1 of      1  royal" in lines
