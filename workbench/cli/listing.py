"""`workbench list`: what recipes can name."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.app.application import App
from workbench.cli.pretrained import list_encoders
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
    "pretrained": "",
}


def run(arguments: argparse.Namespace) -> int:
    """Print one kind of contribution: id, title, what it is."""
    if arguments.kind == "pretrained":
        return list_encoders(arguments)
    terminal, app = Terminal(arguments.json), App()
    try:
        rows = _rows(app, arguments.kind)
    finally:
        app.close()
    terminal.result({arguments.kind: rows}, _words(rows) or f"There are no {arguments.kind}.")
    return 0


def _words(rows: list[dict[str, Any]]) -> str:
    """A line for each row, under a heading for each group where rows have one."""
    width = max((len(row["id"]) for row in rows), default=0)
    groups: dict[str, list[str]] = {}
    for row in rows:
        line = f"{row['id']:<{width}}  {row['title']}  {row.get('summary', '')}".rstrip()
        groups.setdefault(row.get("group", ""), []).append(line)
    return "\n\n".join("\n".join([group, *lines] if group else lines) for group, lines in sorted(groups.items()))


def _rows(app: App, kind: str) -> list[dict[str, Any]]:
    if kind == "presets":
        return [{"id": preset.name, "title": preset.title, "group": preset.group} for preset in presets()]
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
