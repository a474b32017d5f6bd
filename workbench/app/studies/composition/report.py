"""The composition study's table as words, CSV, JSON and figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.app.studies.composition.plan import CompositionPlan
from workbench.app.studies.composition.table import Table
from workbench.app.studies.plan import MEASURE_WORDS, budget_words
from workbench.app.studies.results import CellResult, CellState, Score
from workbench.core.errors import WorkbenchError
from workbench.core.files import write_atomic
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.sweeps import distortion

AVERAGE = "Average"


def titles(plan: CompositionPlan, catalogue: Catalogue) -> list[str]:
    """Headings of rows and columns; an operation that the catalogue has lost keeps its name."""
    found = []
    for name in plan.ops:
        try:
            found.append(distortion(name, catalogue).title)
        except WorkbenchError:
            found.append(name)
    return found


def title_words(plan: CompositionPlan) -> str:
    """'Linear probe accuracy (%), 2 epochs, 2000 samples, 3 seeds'."""
    parts = [f"{MEASURE_WORDS[plan.measure]} accuracy (%)", budget_words(plan.budget)]
    if plan.samples:
        parts.append(f"{plan.samples} samples")
    if plan.seeds > 1:
        parts.append(f"mean ± deviation of {plan.seeds} seeds")
    return ", ".join(parts)


def cell_words(score: Score | None, runs: Sequence[CellResult]) -> str:
    """What stands in a cell: '71.2', '71.2 ±0.4', 'failed', '…' while it trains, '' before."""
    if score is not None:
        return f"{100 * score.mean:.1f}" + (f" ±{100 * score.std:.1f}" if score.std is not None else "")
    states = {run.state for run in runs}
    if states & {CellState.RUNNING, CellState.PAUSED, CellState.MEASURING}:
        return "…"
    return "failed" if states == {CellState.FAILED} else ""


def as_text(table: Table, headings: Sequence[str]) -> str:
    """The table for a terminal: rows are applied first, columns second."""
    lines = [["first \\ second", *headings, AVERAGE]]
    for first, heading in zip(table.plan.ops, headings, strict=True):
        cells = [cell_words(table.score(first, second), table.runs(first, second)) for second in table.plan.ops]
        average = table.average(first)
        lines.append(
            [heading, *(cell or "-" for cell in cells), f"{100 * average:.1f}" if average is not None else "-"]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rows = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines]
    best = table.best()
    name = dict(zip(table.plan.ops, headings, strict=True))
    told = [f"{title_words(table.plan)}; rows first, columns second, diagonal alone", *rows]
    if best is not None and (score := table.score(*best)) is not None:
        pair = name[best[0]] if best[0] == best[1] else f"{name[best[0]]}, then {name[best[1]]}"
        told.append(f"Best: {pair}, {100 * score.mean:.1f}%")
    told += [f"{result.cell.folder} failed: {result.reason}" for result in table.results.failures]
    return "\n".join(told)


def as_document(table: Table) -> dict[str, Any]:
    """The table as plain containers; accuracies in [0, 1]."""
    cells = [
        {
            "first": run.cell.names[0],
            "second": run.cell.names[1],
            "seed": run.cell.seed,
            "run": run.cell.folder,
            "state": str(run.state),
            "accuracy": run.value,
            "reason": run.reason,
        }
        for run in table.results.runs
    ]
    best = table.best()
    return {
        "plan": table.plan.model_dump(mode="json"),
        "cells": cells,
        "average": {name: table.average(name) for name in table.plan.ops},
        "best": list(best) if best else None,
        "done": table.results.count(CellState.DONE),
        "failed": table.results.count(CellState.FAILED),
        "runs": len(table.results.runs),
    }


def as_csv(table: Table) -> str:
    """One line a cell, then one a row's average; accuracies in per cent."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["first", "second", "accuracy_percent", "std_percent", "runs_done", "runs_failed", "reason"])
    for first in table.plan.ops:
        for second in table.plan.ops:
            score, runs = table.score(first, second), table.runs(first, second)
            failed = [run for run in runs if run.state is CellState.FAILED]
            reasons = "; ".join(dict.fromkeys(run.reason for run in failed))
            count = score.count if score else 0
            lines.writerow([first, second, *_percent(score), count, len(failed), reasons])
    for first in table.plan.ops:
        average = table.average(first)
        lines.writerow([first, "average", "" if average is None else f"{100 * average:.4f}", "", "", "", ""])
    return text.getvalue()


def save(table: Table, headings: Sequence[str], title: str, folder: Path) -> list[Path]:
    """Write composition.csv, .png and .svg into a folder; the files."""
    write_atomic(folder / "composition.csv", as_csv(table))
    pictures = [folder / "composition.png", folder / "composition.svg"]
    for path in pictures:
        draw_table(table, headings, title, path)
    return [folder / "composition.csv", *pictures]


def draw_table(table: Table, headings: Sequence[str], title: str, path: Path) -> None:
    """The heat map as in the paper's figure 5, as PNG, SVG or PDF by the file's ending.

    matplotlib is imported when the first figure is drawn, never at start-up.
    """
    from matplotlib.figure import Figure

    ops, size = table.plan.ops, 1.0 * len(table.plan.ops)
    figure = Figure(figsize=(size + 3.2, 0.7 * size + 2), layout="constrained")
    axes = figure.subplots()
    shades, words = _grid(table)
    image = axes.imshow(shades, cmap="cividis", aspect="auto")
    axes.set_xticks(range(len(ops) + 1), [*headings, AVERAGE])
    axes.set_yticks(range(len(ops)), headings)
    axes.axvline(len(ops) - 0.5, color="white", linewidth=6)
    low, high = image.get_clim()
    for row, line in enumerate(words):
        for column, text in enumerate(line):
            value = shades[row][column]
            dark = value == value and value > (low + high) / 2
            axes.text(column, row, text, ha="center", va="center", color="black" if dark or value != value else "white")
    axes.set(xlabel="second operation", ylabel="first operation", title=f"{title}\n{title_words(table.plan)}")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    figure.colorbar(image, label="accuracy (%)")
    figure.savefig(path, dpi=144)


def _grid(table: Table) -> tuple[list[list[float]], list[list[str]]]:
    """Per cent (NaN where there is none) and words, each with the average as the last column."""
    shades: list[list[float]] = []
    words: list[list[str]] = []
    for first in table.plan.ops:
        scores = [table.score(first, second) for second in table.plan.ops]
        average = table.average(first)
        nan = float("nan")
        line = [nan if score is None else 100 * score.mean for score in scores]
        shades.append([*line, nan if average is None else 100 * average])
        told = [cell_words(s, table.runs(first, op)) for s, op in zip(scores, table.plan.ops, strict=True)]
        words.append([*told, "" if average is None else f"{100 * average:.1f}"])
    return shades, words


def _percent(score: Score | None) -> list[str]:
    if score is None:
        return ["", ""]
    return [f"{100 * score.mean:.4f}", "" if score.std is None else f"{100 * score.std:.4f}"]
