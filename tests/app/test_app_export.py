"""Exports as the window asks for them: a long job with an outcome."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.app.application import App
from workbench.runs.embedding_set import write_embedding_set


def test_an_export_is_a_job_that_hands_over_what_was_written(tmp_path: Path) -> None:
    write_embedding_set(tmp_path / "set", np.eye(3, dtype=np.float32), pa.table({"id": list("abc")}))
    app, told = App(tmp_path / "home"), list[dict[str, Any]]()
    try:
        job = app.export_set(tmp_path / "set", "npz", tmp_path / "out.npz", None, np.array([2, 0]), told.append)
        deadline = time.monotonic() + 120
        while job.active and time.monotonic() < deadline:
            app.poll()
            time.sleep(0.02)
    finally:
        app.close()
    assert job.state == "done"
    assert (told[0]["rows"], told[0]["out"]) == (2, str(tmp_path / "out.npz"))
    with np.load(tmp_path / "out.npz") as held:
        assert held["ids"].tolist() == ["c", "a"]
