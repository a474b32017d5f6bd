"""The time-lapse of a real run, whose checkpoints were not embedded while it trained."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from workbench.core.errors import WorkbenchError
from workbench.core.wire import Message
from workbench.engine.lab.runs import embed_run
from workbench.engine.lab.server import Request
from workbench.engine.lab.timelapse import timelapse
from workbench.runs.embedding_set import EmbeddingSet


def request(name: str, **params: object) -> Request:
    return Request(Message({"id": 1, "name": name, "params": params}, {}), lambda _message: None)


@pytest.mark.slow
def test_missing_checkpoints_are_embedded_as_they_are_one_by_one_and_then_drawn(engine, new_run):
    folder = new_run()
    assert engine.run(folder) == 0, folder.console.read_text()
    steps = [ref.step for ref in folder.whole_checkpoints()]
    shutil.rmtree(folder.embeddings, ignore_errors=True)
    wanted, skipped = steps[:2], steps[2]
    told, _ = timelapse(
        request("timelapse", run=str(folder.path), method="pca", steps=wanted, embed_missing=True)
    )  # fmt: skip
    assert (told["embedded"], told["steps"], told["made"]) == (wanted, wanted, 2)
    assert skipped not in dict(folder.embedding_sets())
    made = EmbeddingSet.open(folder.embeddings / f"step_{wanted[1]:08d}")
    assert "pca-time" in made.layouts()
    together = np.array(made.vectors)
    embed_run(request("embed_run", run=str(folder.path), step=wanted[1]))
    np.testing.assert_array_equal(EmbeddingSet.open(made.folder).vectors, together)


def test_a_folder_that_is_no_embedding_set_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(WorkbenchError, match="is no embedding set"):
        embed_run(request("embed_run", run=str(tmp_path / "none"), out=str(tmp_path)))
    assert (tmp_path / "thesis.txt").read_text() == "mine"
