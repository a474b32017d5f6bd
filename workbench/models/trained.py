"""Encoders that runs have trained, from their folders."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from workbench.core.errors import RunError
from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.recipes.models import Choice
from workbench.recipes.toml_io import read_document
from workbench.runs.folder import RunFolder

_PREFIX = "backbone."
WEIGHTS = "model.safetensors"


def load_trained(path: Path, image_size: int) -> Backbone:
    """The encoder of a run's newest checkpoint, or of one checkpoint of it.

    Parameters
    ----------
    path : a run folder, or one of the folders in its `checkpoints`
    image_size : side of the views it will see, px

    Raises
    ------
    RunError
        Where there is no run or no whole checkpoint, or where the weights cannot be read or do not fit.
    """
    one = (path / WEIGHTS).is_file()
    folder = RunFolder(path.parent.parent if one else path)
    if not folder.resolved.is_file():
        raise RunError(
            f"{path} is neither a run folder nor one of its checkpoints.",
            "Name a folder that holds resolved.toml, or a step_... folder in its checkpoints.",
        )
    file = (path if one else folder.checkpoint(None).path) / WEIGHTS
    backbone = build_backbone(Choice(**read_document(folder.resolved)["backbone"]), image_size)
    try:
        held = load_file(file)
        backbone.load_state_dict({name.removeprefix(_PREFIX): held[name] for name in held if name.startswith(_PREFIX)})
    except (OSError, SafetensorError, RuntimeError) as error:
        why = str(error).splitlines()[0]
        raise RunError(f"The weights {file} cannot be used: {why}", "Choose another checkpoint.") from error
    return backbone
