"""`workbench export`, `embed --pretrained` and `list pretrained` as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from workbench.cli.exporting import FORMATS, read_rows
from workbench.core.errors import WorkbenchError
from workbench.embeddings.exporters.export import EXPORTERS
from workbench.runs.embedding_meta import LayoutInfo
from workbench.runs.embedding_set import EmbeddingSet, add_layout, write_embedding_set

MODEL = "test_efficientnet"


@pytest.fixture
def workbench(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    caches = {name: str(tmp_path / "none") for name in ("TORCH_HOME", "HF_HOME")}
    environment = {**os.environ, "WORKBENCH_HOME": str(tmp_path / "home"), **caches}
    environment.pop("HF_HUB_CACHE", None)

    def run(*words: object, check: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "workbench", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240, check=False)
        assert done.returncode == check, done.stderr
        return done

    return run


@pytest.fixture
def embeddings(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    write_embedding_set(folder, np.eye(4, dtype=np.float32), pa.table({"id": list("abcd"), "label": list("xyxy")}))
    add_layout(folder, "pca", np.zeros((4, 2), np.float32), np.ones(4, np.float32), LayoutInfo(method="pca"))
    return folder


def test_the_command_knows_every_format_there_is() -> None:
    assert tuple(EXPORTERS) == FORMATS


def test_chosen_rows_are_exported_and_told_as_one_json_document(workbench, embeddings: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("3\n\n1\n")
    out = tmp_path / "out.npz"
    words = ("export", embeddings, "--format", "npz", "--out", out, "--rows", tmp_path / "rows.txt", "--json")
    told = json.loads(workbench(*words, check=0).stdout)
    assert (told["rows"], told["left_out"], told["layouts"]) == (2, 0, ["pca"])
    assert told["size_bytes"] == out.stat().st_size
    with np.load(out) as held:
        assert held["ids"].tolist() == ["d", "b"]


def test_a_run_folder_is_refused_with_its_sets(workbench, tmp_path: Path) -> None:
    (tmp_path / "run" / "embeddings" / "step_00000010").mkdir(parents=True)
    (tmp_path / "run" / "recipe.toml").write_text("")
    done = workbench("export", tmp_path / "run", "--format", "npz", "--out", tmp_path / "out", check=2)
    assert "only embedding sets can be exported" in done.stderr
    assert "step_00000010" in done.stderr
    assert done.stdout == ""


def test_row_numbers_come_from_an_array_or_from_lines(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.array([5, 2]))
    (tmp_path / "rows.txt").write_text(" 5 \n\n2")
    assert read_rows(tmp_path / "rows.npy") == read_rows(tmp_path / "rows.txt") == [5, 2]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("r.txt", b"1\ntwo\n", r"line 2: 'two'"),
        ("r.txt", b"-1\n", r"line 1: '-1'"),
        ("r.txt", b"\xff\xfe", "cannot be read"),
        ("r.npy", b"nothing", "no array"),
        ("absent.npy", None, "cannot be read"),
        ("r.npy", np.array([0.5]), r"float64 of shape \(1,\)"),
        ("r.npy", np.array([object()]), "no array"),
    ],
)
def test_a_file_that_holds_no_row_numbers_is_named(tmp_path: Path, name: str, content: object, words: str) -> None:
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif content is not None:
        np.save(tmp_path / name, content, allow_pickle=True)
    with pytest.raises(WorkbenchError, match=words):
        read_rows(tmp_path / name)


def test_a_pretrained_encoder_is_listed_and_embeds_a_folder_of_pictures(workbench, tmp_path: Path) -> None:
    (tmp_path / "home" / "weights").mkdir(parents=True)
    torch.manual_seed(0)
    net = {name: tensor.contiguous() for name, tensor in timm.create_model(MODEL).state_dict().items()}
    save_file(net, tmp_path / "home" / "weights" / f"{MODEL}.safetensors")
    listed = json.loads(workbench("list", "pretrained", "--json", check=0).stdout)["pretrained"]
    assert [(row["name"], row["reads"]) for row in listed] == [(MODEL, "pictures")]
    for name in ("cat", "dog"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        Image.new("RGB", (40, 40), "red").save(tmp_path / "pictures" / name / "1.png")
    out = tmp_path / "own"
    words = ("embed", "--pretrained", MODEL, "--data", tmp_path / "pictures", "--out", out)
    assert "2 vectors of" in workbench(*words, check=0).stdout
    opened = EmbeddingSet.open(out)
    assert opened.samples["label"].to_pylist() == ["cat", "dog"]
    done = workbench("embed", "--pretrained", "resnet19", "--data", tmp_path / "pictures", "--out", out, check=2)
    assert f"Known: {MODEL}" in done.stderr


def test_embed_needs_a_run_or_a_pretrained_encoder_and_spares_other_folders(workbench, tmp_path: Path) -> None:
    assert "either a run" in workbench("embed", "--data", "x", "--out", tmp_path / "out", check=2).stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("")
    done = workbench("embed", "--pretrained", MODEL, "--data", "x", "--out", tmp_path / "mine", check=2)
    assert "no embedding set" in done.stderr
    assert (tmp_path / "mine" / "letter.txt").exists()
