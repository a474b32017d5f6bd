"""Pretrained encoders from local files: found by name, opened without trust, refused with the file's name."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from workbench.core.errors import LabError
from workbench.models.modes import evaluating
from workbench.models.pretrained import PretrainedFile, find_pretrained, load_pretrained, places

MODEL = "test_efficientnet"


class Anything:
    """What a pickle could hold."""


@pytest.fixture(scope="module")
def source():
    torch.manual_seed(5)
    return timm.create_model(MODEL, num_classes=10).eval()


def test_weights_are_found_by_the_models_name_and_other_files_are_not(tmp_path: Path, source) -> None:
    weights = {name: tensor.contiguous() for name, tensor in source.state_dict().items()}
    snapshot = tmp_path / f"models--timm--{MODEL}.r160_in1k" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    save_file(weights, snapshot / "model.safetensors")
    for name in ("resnet50-0676ba61.pth", "notes.txt", "my-own-net.pt"):
        (tmp_path / name).write_bytes(b"")
    found = {file.name: file.model for file in find_pretrained([tmp_path, tmp_path / "absent"])}
    assert found == {"resnet50": "resnet50", f"{MODEL}.r160_in1k": MODEL}


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_loaded_encoder_has_the_features_of_the_model_it_came_from(tmp_path: Path, source, suffix: str) -> None:
    path = tmp_path / f"{MODEL}{suffix}"
    weights = {name: tensor.contiguous() for name, tensor in source.state_dict().items()}
    save_file(weights, path) if suffix == ".safetensors" else torch.save({"state_dict": weights}, path)
    loaded = load_pretrained(PretrainedFile(MODEL, path))
    assert (loaded.size, len(loaded.mean), len(loaded.std)) == (160, 3, 3)
    x = torch.randn(2, 3, 160, 160, generator=torch.Generator().manual_seed(0))
    with evaluating(loaded.backbone):
        torch.testing.assert_close(loaded.backbone.features(x), source.forward_head(source.forward_features(x), True))


def test_a_file_that_would_run_code_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / f"{MODEL}.pth"
    torch.save(Anything(), path)
    with pytest.raises(LabError, match="not plain tensors"):
        load_pretrained(PretrainedFile(MODEL, path))


def test_weights_of_another_model_name_the_file_and_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / f"{MODEL}.safetensors"
    save_file({"conv.weight": torch.zeros(2)}, path)
    with pytest.raises(LabError, match=f"{path.name} do not fit") as caught:
        load_pretrained(PretrainedFile(MODEL, path))
    assert "more" in caught.value.message


def test_the_workspaces_own_folder_is_searched_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    assert places()[0] == tmp_path / "weights"
