"""Where imported vectors go."""

from __future__ import annotations

from pathlib import Path

from workbench.app.application import App


def test_files_of_equal_name_that_wait_together_get_folders_of_their_own(tmp_path: Path) -> None:
    app = App(tmp_path)
    try:
        names = [app.free_embeddings(Path(folder) / "Vectors.npy").name for folder in ("one", "two", "three")]
    finally:
        app.close()
    assert names == ["vectors", "vectors-2", "vectors-3"]
