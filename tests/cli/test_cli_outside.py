"""Neighbours of a picture in a file, on a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from workbench.cli.main import main
from workbench.data.base import no_progress
from workbench.data.probe import guess_source
from workbench.engine.embed_own import embed_pictures
from workbench.models.pretrained import PretrainedFile

MODEL = "test_efficientnet"


def test_a_picture_in_a_file_is_asked_about_and_a_file_that_is_none_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / f"{MODEL}.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in timm.create_model(MODEL).state_dict().items()}, weights)
    (tmp_path / "pictures").mkdir()
    for row in range(4):
        pixels = np.random.default_rng(row).integers(0, 256, (40, 40, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{row}.png")
    data, target = guess_source(tmp_path / "pictures"), tmp_path / "set"
    embed_pictures(target, PretrainedFile(MODEL, weights), data, None, torch.device("cpu"), no_progress)
    picture = tmp_path / "pictures" / "2.png"
    assert main(["neighbours", str(target), "--picture", str(picture), "-k", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["query"] == {"picture": str(picture)}
    assert [told["neighbours"][0]["id"], len(told["neighbours"])] == ["2.png", 3]
    assert told["neighbours"][0]["distance"] < 1e-5
    weights.write_text("no weights")
    assert main(["neighbours", str(target), "--picture", str(picture)]) == 2
    assert "not those that made this set" in capsys.readouterr().err
