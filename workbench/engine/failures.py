"""Faults of training under the names people know them by, each with what to change."""

from __future__ import annotations

import errno

import torch

from workbench.core.errors import DataError, RecipeError, RunFailed, WorkbenchError
from workbench.recipes.models import Recipe

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


def named(error: BaseException, recipe: Recipe | None) -> RunFailed:
    """The failure as a sentence and a way out; a fault without a name keeps its type and text."""
    if isinstance(error, RunFailed):
        return error
    if _is_memory(error):
        batch = recipe.training.batch_size if recipe else "?"
        return RunFailed(
            f"Out of memory with a batch of {batch}.",
            "Halve training.batch_size, choose smaller views (views.size) or a smaller backbone.",
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return RunFailed("The disk is full.", "Free some space and resume; earlier checkpoints are intact.")
    if isinstance(error, RecipeError | DataError | WorkbenchError):
        return RunFailed(error.message, error.hint)
    return RunFailed(f"{type(error).__name__}: {error}", "The traceback is in console.log of the run folder.")


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MEMORY_WORDS)
