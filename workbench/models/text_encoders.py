"""Text encoders of the transformers library from folders that are on this machine already.

Nothing is downloaded, no code of a model's author is run, and only .safetensors weights are opened. A model is told by
its folder: the one in the workspace's `weights`, or a snapshot of the Hugging Face hub (`models--ORG--NAME`).
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.errors import LabError
from workbench.data.base import Progress, no_progress
from workbench.models.pretrained import places

BATCH = 32
MOST_TOKENS = 512
_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


@dataclass(frozen=True)
class TextEncoderFiles:
    """A model's name ("sentence-transformers/all-MiniLM-L6-v2") and the folder of its files."""

    name: str
    folder: Path


@dataclass(frozen=True)
class TextEncoder:
    """A loaded encoder.

    pooling : what becomes of the tokens' vectors: their mean, or the first one
    limit : tokens of a text that are read; the rest is cut off
    """

    tokenizer: Any
    model: Any
    pooling: Literal["mean", "cls"]
    limit: int
    device: torch.device

    def encode(self, texts: Sequence[str], progress: Progress = no_progress) -> NDArray[np.float32]:
        """Vectors (N, D) of N texts, in their order; raises what `progress` raises."""
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))  # little padding, and the longest first
        found: list[NDArray[np.float32]] = []
        for start in range(0, len(order), BATCH):
            progress(start / len(order), f"Encoding texts: {start:,} of {len(order):,}")
            found.append(self._encode([texts[row] for row in order[start : start + BATCH]]))
        vectors = np.concatenate(found)
        vectors[order] = vectors.copy()
        return vectors

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=self.limit, return_tensors="pt")
        tokens = {name: values.to(self.device) for name, values in tokens.items()}
        with torch.no_grad():
            state_NLD = self.model(**tokens).last_hidden_state
        pooled = state_NLD[:, 0] if self.pooling == "cls" else mean_pooled(state_NLD, tokens["attention_mask"])
        vectors: NDArray[np.float32] = pooled.float().cpu().numpy()
        return vectors


def mean_pooled(state_NLD: Tensor, mask_NL: Tensor) -> Tensor:
    """The mean over the tokens where the mask is 1, (N, D); zero for a text without any.

    Reimers and Gurevych (2019), "Sentence-BERT", section 3.
    """
    weight_NL1 = mask_NL.to(state_NLD.dtype).unsqueeze(-1)
    return (state_NLD * weight_NL1).sum(1) / weight_NL1.sum(1).clamp(min=1)


def find_text_encoders(folders: Sequence[Path] | None = None) -> list[TextEncoderFiles]:
    """The text encoders below the folders (None: `places()`), each name once."""
    found: dict[str, TextEncoderFiles] = {}
    for folder in places() if folders is None else folders:
        for name, path in _candidates(folder):
            if is_text_encoder(path):
                found.setdefault(name, TextEncoderFiles(name, path))
    return list(found.values())


def is_text_encoder(folder: Path) -> bool:
    """Whether a folder holds a transformers model with a tokenizer and .safetensors weights."""
    return (
        isinstance(_document(folder / "config.json").get("model_type"), str)
        and any((folder / name).is_file() for name in _WEIGHTS)
        and any((folder / name).is_file() for name in _TOKENIZERS)
    )


def pooling_of(folder: Path) -> Literal["mean", "cls"]:
    """What the folder's sentence-transformers configuration says; the mean where it says nothing else."""
    return "cls" if _document(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token") is True else "mean"


def load_text_encoder(files: TextEncoderFiles, device: torch.device) -> TextEncoder:
    """The encoder; raises LabError naming what is missing: the library, or files that it can read."""
    transformers = _library()
    given = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(files.folder), **given)
        model = transformers.AutoModel.from_pretrained(str(files.folder), use_safetensors=True, **given)
    except Exception as error:  # a stranger's files may break the library in any way
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise LabError(f"The text encoder in {files.folder} cannot be loaded: {reason}") from error
    tokenizer.padding_side = "right"  # so that the first token is the text's
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    limit = _limit(files.folder, tokenizer, model)
    return TextEncoder(tokenizer, model.to(device).float().eval(), pooling_of(files.folder), limit, device)


def _limit(folder: Path, tokenizer: Any, model: Any) -> int:
    told = [
        _document(folder / "sentence_bert_config.json").get("max_seq_length"),
        tokenizer.model_max_length,
        getattr(model.config, "max_position_embeddings", None),
        MOST_TOKENS,
    ]
    return min(int(limit) for limit in told if limit)


def _candidates(folder: Path) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("models--*/snapshots/*")):
        yield path.parent.parent.name.removeprefix("models--").replace("--", "/"), path
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield path.name, path


def _document(path: Path) -> dict[str, Any]:
    """A JSON object; empty where the file is not there or holds something else."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _library() -> Any:
    try:
        return importlib.import_module("transformers")
    except ImportError as error:
        raise LabError(
            "Text encoders need the transformers library, which is not installed.",
            "Install it with: pip install 'ssl-workbench[text]'",
        ) from error
