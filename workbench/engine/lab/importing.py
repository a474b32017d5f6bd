"""Requests about vectors made elsewhere: what a file would be read as, and reading it into an embedding set."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workbench.core.errors import Problem, RecipeError, unknown
from workbench.embeddings.importers.base import Wishes
from workbench.embeddings.importers.importing import describe_vectors as describe
from workbench.embeddings.importers.importing import import_vectors as read
from workbench.engine.lab.server import Handler, Request, Result


def describe_vectors(request: Request) -> Result:
    """params: path, wishes (optional). What the file would be read as, without reading it whole.

    Result: format, title, rows (an estimate unless `exact`), width (0 where `choices` has to be asked first), columns,
    choices (what the wish `vector` may name), size in bytes, notes.
    """
    return asdict(describe(Path(request.params["path"]), _wishes(request))), {}


def import_vectors(request: Request) -> Result:
    """params: path, out, wishes (optional). Write the embedding set `out`.

    Result: embeddings (its folder), format, samples, width, notes, set_aside (how many), and the listing of the rows
    that were set aside.
    """
    found = read(Path(request.params["path"]), Path(request.params["out"]), _wishes(request), request.progress)
    told = {
        "embeddings": str(found.folder),
        "format": found.format,
        "samples": found.rows,
        "width": found.width,
        "notes": list(found.notes),
        "set_aside": len(found.set_aside),
    }
    words = f"{len(found.set_aside)} of {found.rows} rows hold NaN or infinite values."
    return {**told, "title": "Rows set aside", "columns": [], "words": words}, {"rows": found.set_aside}


def _wishes(request: Request) -> Wishes:
    try:
        return Wishes.model_validate(request.params.get("wishes") or {})
    except ValidationError as error:
        raise RecipeError([_problem(detail) for detail in error.errors()]) from None


def _problem(detail: Any) -> Problem:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return Problem(name, unknown("import setting", name, list(Wishes.model_fields)))
    return Problem(name, f"{detail['input']!r} is not allowed: {detail['msg']}.")


IMPORTING: tuple[Handler, ...] = (describe_vectors, import_vectors)
