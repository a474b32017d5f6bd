"""`workbench timelapse` on a small run folder made of embedding sets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from workbench.app import films
from workbench.cli.main import main
from workbench.core.errors import WorkbenchError
from workbench.embeddings.projections.timelapse import lay_out_steps
from workbench.recipes.models import Choice
from workbench.runs.embedding_meta import SetMeta
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set
from workbench.runs.folder import RunFolder

ROWS, WANDERER = 60, 7
Command = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clusters at three steps, and one sample that changes sides."""
    run = tmp_path_factory.mktemp("runs") / "tiny"
    codes = np.arange(ROWS) % 2
    vectors = np.random.default_rng(0).normal(size=(ROWS, 4)) * [0.3, 0.2, 0.1, 0.1]
    vectors[:, 0] += 5.0 * codes
    table = pa.table({"id": [f"s{row}" for row in range(ROWS)], "label": [("cat", "dog")[code] for code in codes]})
    for part, step in enumerate((0, 100, 250)):
        moved = vectors.copy()
        moved[WANDERER, 0] -= 2.5 * part
        folder = run / "embeddings" / f"step_{step:08d}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_embedding_set(folder, moved.astype(np.float32), table, meta=SetMeta(step=step))
    (run / "recipe.toml").write_text('name = "tiny"\n', encoding="utf-8")
    (run / "evaluation").mkdir()
    (run / "evaluation" / "knn_step_00000250.json").write_text('{"step": 250, "knn": 0.625}', encoding="utf-8")
    return run


@pytest.fixture
def timelapse(capfd: pytest.CaptureFixture[str]) -> Command:
    """Run the command; standard output and standard error, the film's process included."""

    def run(*words: object, check: int = 0) -> tuple[str, str]:
        code = main(["timelapse", *map(str, words)])
        told = capfd.readouterr()
        assert code == check, told.err
        return told.out, told.err

    return run


def test_the_steps_are_laid_out_and_the_one_that_changed_sides_travelled_farthest(
    timelapse: Command, run_dir: Path
) -> None:
    out, _ = timelapse(run_dir, "--json")
    told = json.loads(out)
    assert (told["layout"], told["steps"]) == ("pca-time", [0, 100, 250])
    assert told["travelled"][0]["row"] == WANDERER
    assert told["travelled"][0]["travel"] > 3 * told["travelled"][1]["travel"]
    assert all("pca-time" in EmbeddingSet.open(Path(folder)).layouts() for folder in told["folders"])


def test_a_gif_has_its_frames_size_and_pace_and_loops(timelapse: Command, run_dir: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.gif"
    out, err = timelapse(run_dir, "--out", film, "--size", "320x240", "--fps", "5")
    assert out.splitlines()[-1] == f"Film: {film}"
    assert "Drawing the film 100%" in err
    with Image.open(film) as picture:
        durations = []
        for number in range(picture.n_frames):
            picture.seek(number)
            durations.append(picture.info["duration"])
        assert (picture.size, picture.info["loop"]) == ((320, 240), 0)
    # 3 rests of 0.4 s and 2 ways of 0.8 s at 200 ms a frame, the last rest 1.2 s; equal frames may be one longer frame
    assert sum(durations) == pytest.approx(1000 * (2 * (0.4 + 0.6) + 1.2))
    assert list(tmp_path.iterdir()) == [film]


def test_an_mp4_is_drawn_of_stored_layouts_where_the_encoder_is_installed(run_dir: Path, tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    film = tmp_path / "film.mp4"
    lay_out_steps([folder for _, folder in RunFolder(run_dir).embedding_sets()], Choice(id="pca"))
    words = ["film", run_dir, "--out", film, "--size", "321x241", "--fps", "10", "--theme", "dark"]
    subprocess.run([sys.executable, "-m", "workbench", *map(str, words)], check=True)
    frames, seconds = ffmpeg.count_frames_and_secs(str(film))
    assert frames == 2 * (4 + 7) + 12
    assert seconds == pytest.approx(frames / 10, abs=0.11)


def test_without_the_encoder_the_extra_is_named_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films, "find_spec", lambda name: None)
    with pytest.raises(WorkbenchError, match=r"pip install ssl-workbench\[video\]"):
        films.check_film(tmp_path / "film.mp4")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "film.avi"], "Choose .gif or .mp4"),
        (["--out", "nowhere/film.gif"], "There is no folder"),
        (["--set", "y=0"], "too small"),
    ],
)
def test_what_makes_no_film_is_refused_with_the_way_out(
    timelapse: Command, run_dir: Path, words: list[str], said: str
) -> None:
    _, err = timelapse(run_dir, *words, check=2)
    assert said in err


def test_a_folder_without_sets_is_told_what_to_do(timelapse: Command, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text('name = "empty"\n', encoding="utf-8")
    _, err = timelapse(tmp_path, check=2)
    assert "Embed its checkpoints first" in err


def test_sizes_and_paces_that_no_film_has_are_refused(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--size", "10x10"], ["--size", "wide"], ["--fps", "0"], ["--fps", "600"]):
        with pytest.raises(SystemExit):
            main(["timelapse", str(run_dir), *words])
        assert words[1] in capsys.readouterr().err
