"""`workbench list`: what recipes can name."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.app.application import App
from workbench.cli.terminal import Terminal
from workbench.recipes.presets import presets

KINDS = {
    "datasets": "datasets",
    "views": "operations",
    "objectives": "objectives",
    "backbones": "backbones",
    "optimisers": "optimisers",
    "projections": "projections",
    "presets": "",
    "plugins": "",
}


def run(arguments: argparse.Namespace) -> int:
    """Print one kind of contribution: id, title, what it is."""
    terminal, app = Terminal(arguments.json), App()
    try:
        rows = _rows(app, arguments.kind)
    finally:
        app.close()
    width = max((len(row["id"]) for row in rows), default=0)
    lines = [f"{row['id']:<{width}}  {row['title']}  {row.get('summary', '')}".rstrip() for row in rows]
    terminal.result({arguments.kind: rows}, "\n".join(lines) if lines else f"There are no {arguments.kind}.")
    return 0


def _rows(app: App, kind: str) -> list[dict[str, Any]]:
    if kind == "presets":
        return [{"id": preset.name, "title": preset.title} for preset in presets()]
    if kind == "plugins":
        return [
            {
                "id": row.id,
                "title": row.manifest.title if row.manifest else "",
                "summary": row.error or ("enabled" if row.enabled else "not enabled"),
            }
            for row in app.plugins()
        ]
    entries = getattr(app.catalogue, KINDS[kind])
    return [{**entry.spec.model_dump(mode="json"), "settings": entry.defaults()} for entry in entries]
