"""The tree of errors that a user may meet.

    WorkbenchError                 base: a plain sentence, and optionally the way out
    ├── RecipeError                a recipe that cannot be run: carries its list of problems
    ├── DataError                  a data set that is missing, empty or unreadable
    ├── RunError                   a run folder or a run that is not what it should be
    │   └── RunFailed              training stopped: out of memory, NaN, full disk
    ├── PluginError                a plugin that cannot be listed or loaded
    ├── LabError                   the lab refused or could not do a request
    ├── FilterError                a filter of the explorer that cannot be understood: in app.explorer.filter_words
    └── Cancelled                  someone pressed Cancel: not a fault

Everything else that is raised is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class WorkbenchError(Exception):
    """An error with a message for people.

    Parameters
    ----------
    message : what is wrong, naming the thing and its value
    hint : the way out, as one sentence; empty when there is none
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a recipe: the dotted key, and a sentence that names value, bounds and nearest name."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


class RecipeError(WorkbenchError):
    """A recipe that cannot be run; `problems` lists every reason, in the order of the recipe."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class DataError(WorkbenchError):
    """A data set that is missing, empty or unreadable."""


class RunError(WorkbenchError):
    """A run folder or a run that is not what it should be."""


class RunFailed(RunError):  # noqa: N818  (a state's name)
    """Training stopped for a reason that has a name; `hint` says what to change."""


class PluginError(WorkbenchError):
    """A plugin that cannot be listed or loaded."""


class LabError(WorkbenchError):
    """The lab refused a request or could not finish it."""


class Cancelled(WorkbenchError):  # noqa: N818  (a state's name)
    """Someone pressed Cancel."""

    def __init__(self, message: str = "Cancelled.") -> None:
        super().__init__(message)


def nearest(name: str, options: Iterable[str]) -> str | None:
    """The option most like `name`, or None where nothing comes near."""
    matches = difflib.get_close_matches(name.lower(), {o.lower(): o for o in options}, n=1, cutoff=0.5)
    by_lower = {option.lower(): option for option in options}
    return by_lower[matches[0]] if matches else None


def unknown(kind: str, name: str, options: Sequence[str]) -> str:
    """The sentence for a name that does not exist: what was given, the nearest, and all there is (at most 12)."""
    guess = nearest(name, options)
    shown = ", ".join(options[:12]) + (f" and {len(options) - 12} more" if len(options) > 12 else "")
    meant = f" Did you mean {guess!r}?" if guess else ""
    return f"There is no {kind} {name!r}.{meant} Known: {shown}."
