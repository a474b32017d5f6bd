"""Runs on scikit-learn's digits whose samples' losses can be asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from workbench.engine import checkpoint
from workbench.engine.embed import embed_split
from workbench.engine.experiment import build_encoder, build_learner, load_splits
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Recipe
from workbench.recipes.overrides import override_recipe
from workbench.recipes.presets import find_document
from workbench.recipes.toml_io import write_toml
from workbench.runs.folder import RunFolder

SETTINGS = (
    "data.id=arrays",
    "views.size=16",
    "training.batch_size=64",
    "backbone.width=8",
    "hardware.device=cpu",
    "hardware.threads=1",
    "seed=5",
)


def write_digits(path: Path) -> None:
    """1,797 pictures of 8 x 8, the first 397 of them for testing, with their labels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images, labels = (found.images * 15).astype(np.uint8), found.target
    np.savez(path, x_train=images[397:], y_train=labels[397:], x_test=images[:397], y_test=labels[:397])


def digits_recipe(path: Path, *overrides: str, preset: str = "supervised-fashion-mnist") -> Recipe:
    catalogue = builtin_catalogue()
    settings = [*SETTINGS, f"data.path={path}", *overrides]
    return build(override_recipe(find_document(preset), settings, catalogue), catalogue)


def untrained_run(parent: Path, recipe: Recipe) -> RunFolder:
    """A run with a checkpoint and its embedding at step 0, made without an engine."""
    folder = RunFolder.create(parent, "untrained", write_toml(recipe))
    folder.resolved.write_text(write_toml(recipe), encoding="utf-8")
    splits = load_splits(recipe.data, lambda share, words: None)
    encoder = build_encoder(recipe, splits.train)
    learner = build_learner(recipe, splits, encoder)
    checkpoint.save(folder, learner, checkpoint.TrainState(0, 0.0, "", {}))
    embed_split(folder, 0, encoder, splits.test, torch.device("cpu"), "")
    return folder
