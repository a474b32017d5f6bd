"""Pretrained encoders from files that are on this machine already: nothing is downloaded, nothing unpickled.

A file is told by its name, which holds that of a timm model: `resnet18.a1_in1k.safetensors`, `resnet50-0676ba61.pth`
(torchvision's names for the ResNets are timm's), or a snapshot of the Hugging Face hub (`models--timm--NAME`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from workbench.core.errors import LabError
from workbench.core.resources import workspace_home
from workbench.models.timm_backbone import TimmBackbone, TimmConfig

FOLDER = "weights"
"""Where in the workspace users put their files."""
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
_HASH = re.compile(r"-[0-9a-f]{6,}$")
_SNAPSHOT = re.compile(r"models--[^/]*?--(.+)")


@dataclass(frozen=True)
class PretrainedFile:
    """Weights of a timm model: its name with the tag of the weights ("resnet18.a1_in1k"), and the file."""

    name: str
    path: Path

    @property
    def model(self) -> str:
        """The architecture's name."""
        return self.name.split(".")[0]


@dataclass(frozen=True)
class PretrainedEncoder:
    """A loaded encoder, the side of the pictures it was trained on (px), and their mean and deviation, (3,) each."""

    backbone: TimmBackbone
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


def places() -> tuple[Path, ...]:
    """The folders that are searched: the workspace's own, then the caches of PyTorch and of the Hugging Face hub."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    torch_home = Path(os.environ.get("TORCH_HOME") or cache / "torch")
    hub = Path(os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or cache / "huggingface") / "hub")
    return workspace_home() / FOLDER, torch_home / "hub" / "checkpoints", hub


def find_pretrained(folders: Sequence[Path] | None = None) -> list[PretrainedFile]:
    """The weights of models that timm knows, each name once, in the order of the folders (None: `places()`)."""
    import timm  # here, as below: it takes seconds

    found: dict[str, PretrainedFile] = {}
    for folder in places() if folders is None else folders:
        for path in _weights_in(folder):
            name = _name_of(path)
            if timm.is_model(name.split(".")[0]):
                found.setdefault(name, PretrainedFile(name, path))
    return list(found.values())


def load_pretrained(file: PretrainedFile) -> PretrainedEncoder:
    """The encoder without its classifier; raises LabError naming the file when it cannot be read or does not fit."""
    size, mean, std = _made_for(file)
    backbone = TimmBackbone(TimmConfig(name=file.model), size)
    wanted = backbone.net.state_dict()
    counters = {name: torch.tensor(0) for name in wanted if name.endswith("num_batches_tracked")}
    weights = {**counters, **_read(file.path)}  # which weights of 2018 and before do not have
    missing = [name for name in wanted if name not in weights or weights[name].shape != wanted[name].shape]
    if missing:
        raise LabError(
            f"The weights {file.path} do not fit the model {file.model!r}: {missing[0]} is missing or has another shape"
            f"{f', and {len(missing) - 1} more' if len(missing) > 1 else ''}.",
            "Name the file after the timm model that it belongs to, for example resnet18.safetensors.",
        )
    backbone.net.load_state_dict({name: weights[name] for name in wanted})
    return PretrainedEncoder(backbone, size, mean, std)


def _made_for(file: PretrainedFile) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    """Side, mean and deviation of the pictures that these weights, or else the model's first ones, were trained on."""
    import timm

    try:
        known = timm.get_pretrained_cfg(file.name, allow_unregistered=False)
    except RuntimeError:  # a tag of the user's own
        known = timm.get_pretrained_cfg(file.model)
    if known is None:
        return 224, timm.data.IMAGENET_DEFAULT_MEAN, timm.data.IMAGENET_DEFAULT_STD
    return int(known.input_size[-1]), tuple(known.mean), tuple(known.std)


def _weights_in(folder: Path) -> Iterator[Path]:
    for parent in (folder, *sorted(folder.glob("models--*/snapshots/*"))):
        if parent.is_dir():
            yield from sorted(path for path in parent.iterdir() if path.suffix in SUFFIXES and path.is_file())


def _name_of(path: Path) -> str:
    snapshot = _SNAPSHOT.fullmatch(path.parent.parent.parent.name) if path.parent.parent.name == "snapshots" else None
    return snapshot[1] if snapshot else _HASH.sub("", path.stem)


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError) as error:
        raise LabError(f"The weights {path} cannot be read: {error}.") from error
    except Exception as error:
        raise LabError(
            f"The weights {path} are not plain tensors: {str(error).splitlines()[0]}",
            "Save them as .safetensors; files that would run code are not opened.",
        ) from error
    inner = held.get("state_dict", held.get("model", held)) if isinstance(held, Mapping) else {}
    return {str(name): tensor for name, tensor in inner.items() if isinstance(tensor, Tensor)}
