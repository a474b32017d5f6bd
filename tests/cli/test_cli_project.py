"""`workbench project` with the settings of every projection, words typed as words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.cli.lists import listed
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

SCHEMA = {"properties": {"words": {"type": "array"}, "text": {"type": "string"}, "count": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("typed", "read"),
    [("woman", ["woman"]), ("woman, queen", ["woman", "queen"]), (7, ["7"]), (["a, b"], ["a, b"]), ("", [])],
)
def test_a_word_in_place_of_a_list_is_that_list(typed: object, read: list[str]) -> None:
    assert listed(SCHEMA, {"words": typed, "text": "a, b", "count": 7}) == {"words": read, "text": "a, b", "count": 7}


def test_an_axis_between_words_is_projected_and_named(tmp_path: Path) -> None:
    words = ["man", "woman", "king", "queen"]
    vectors = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 1, 1]], np.float32)
    write_embedding_set(tmp_path / "words", vectors, pa.table({"id": words}))
    ends = {"x_plus": "woman", "x_minus": "man", "y_plus": "king,queen", "y_minus": "man,woman"}
    given = [part for name, typed in ends.items() for part in ("--set", f"{name}={typed}")]
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "project", str(tmp_path / "words"), "--method", "axis", "--json", *given],
        capture_output=True, text=True, timeout=240, check=False, env={**os.environ, "WORKBENCH_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["layout"] == "axis"
    assert answer["axes"] == ["woman − man", "king, queen − man, woman"]
    assert answer["approximate"] == ""
    xy = EmbeddingSet.open(tmp_path / "words").layout("axis").xy
    np.testing.assert_allclose(xy[:, 0], [-np.sqrt(0.5), np.sqrt(0.5), -0.5, 0.5], atol=1e-6)
    assert (xy[2:, 1] > xy[:2, 1]).all()
