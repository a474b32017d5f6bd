"""Settings of an objective that the data, the batch or the views limit.

They are checked twice: with the recipe, against what the catalogue knows, and when the data are read, because the
user's own files are not known before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.core.errors import Problem
from workbench.plugins.specs import Bound, evaluate


def beyond_bounds(
    bounds: tuple[Bound, ...], settings: Mapping[str, Any], known: Mapping[str, int]
) -> Iterator[Problem]:
    """A problem for every setting above its bound.

    Parameters
    ----------
    settings : of the objective, by name
    known : numbers of the surroundings (`batch_size`, `classes`, `samples`, `size`); 0 where one is not known
    """
    names = {**settings, **{name: value for name, value in known.items() if value}}
    numbers = {name: float(value) for name, value in names.items() if isinstance(value, int | float)}
    for bound in bounds:
        value, most = numbers.get(bound.setting), evaluate(bound.at_most, numbers)
        if value is not None and most is not None and value > most:
            yield Problem(f"objective.{bound.setting}", f"{value:g} is too much: at most {most:g}, {bound.why}.")
