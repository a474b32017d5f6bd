"""The request that writes an embedding set in another program's format."""

from __future__ import annotations

from pathlib import Path

from workbench.embeddings.exporters.export import export_set as write_set
from workbench.engine.lab.server import Request, Result


def export_set(request: Request) -> Result:
    """params: embeddings, format, out, layout (null: the only one), rows (row numbers, null: all).

    Result: out, format, rows written, left_out, size_bytes, layouts, notes (sentences).
    """
    params = request.params
    told = write_set(
        Path(params["embeddings"]),
        params["format"],
        Path(params["out"]),
        params.get("layout"),
        params.get("rows"),
        request.progress,
    )
    result = {
        "out": str(told.out),
        "format": params["format"],
        "rows": told.rows,
        "left_out": told.left_out,
        "size_bytes": told.size_bytes,
        "layouts": list(told.layouts),
        "notes": list(told.notes),
    }
    return result, {}


EXPORTING = (export_set,)
"""The requests, for the lab's table."""
