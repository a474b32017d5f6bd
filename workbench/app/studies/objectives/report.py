"""The objectives study's table as words, Markdown, CSV, JSON and a figure.

A row is an objective; its columns are the mean over seeds of kNN and linear probe, each beside the same measurement of
the pixels and of the encoder before training.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from workbench.app.studies.objectives.plan import ObjectivesPlan
from workbench.app.studies.plan import MEASURE_WORDS, Measure, budget_words
from workbench.app.studies.results import CellResult, CellState, Results, score_of
from workbench.core.files import write_atomic
from workbench.plugins.catalogue import Catalogue
from workbench.runs.history import RANDOM, RAW

MEASURES: tuple[Measure, ...] = ("knn", "probe")


@dataclass(frozen=True)
class Row:
    """One objective.

    values, floors : by measure, in [0, 1]; a measure that was not taken is missing
    deviation : standard deviation over seeds of the plan's measure; None for one seed
    steps : optimiser steps, the mean over seeds; None where no run is done
    note : "failed: why" or where its runs stand, "" when all are done
    """

    id: str
    title: str
    family: str
    values: Mapping[Measure, float]
    floors: Mapping[Measure, Mapping[str, float]]
    deviation: float | None
    steps: int | None
    note: str


def rows(plan: ObjectivesPlan, results: Results, catalogue: Catalogue) -> list[Row]:
    """A row an objective, in the plan's order."""
    by_id: dict[str, list[CellResult]] = {id_: [] for id_ in plan.objectives}
    for run in results.runs:
        by_id[run.cell.names[0]].append(run)
    return [_row(id_, runs, catalogue) for id_, runs in by_id.items()]


def as_text(plan: ObjectivesPlan, table: Sequence[Row]) -> str:
    """The table for a terminal."""
    lines = [_HEADINGS, *([row.title, *_cells(row), row.note] for row in table)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    told = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines]
    return "\n".join([caption(plan), *told])


def as_markdown(plan: ObjectivesPlan, table: Sequence[Row]) -> str:
    """The table for documentation."""
    lines = [["family", *_HEADINGS], ["---", "---", *["---:"] * 7, "---"]]
    lines += [[row.family, row.title, *_cells(row), row.note] for row in table]
    return f"{caption(plan)}.\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def caption(plan: ObjectivesPlan) -> str:
    """'Accuracy (%), 5 min a run, 3 seeds'."""
    parts = ["Accuracy (%)", f"{budget_words(plan.budget)} a run"]
    if plan.samples:
        parts.append(f"{plan.samples} samples")
    if plan.seeds > 1:
        parts.append(f"mean of {plan.seeds} seeds")
    return ", ".join(parts)


def as_document(plan: ObjectivesPlan, results: Results, table: Sequence[Row]) -> dict[str, Any]:
    """The table as plain containers; accuracies in [0, 1]."""
    return {
        "plan": plan.model_dump(mode="json"),
        "objectives": [
            {
                "id": row.id,
                "family": row.family,
                **row.values,
                "floors": {measure: dict(floors) for measure, floors in row.floors.items()},
                "deviation": row.deviation,
                "steps": row.steps,
                "note": row.note,
            }
            for row in table
        ],
        "done": results.count(CellState.DONE),
        "failed": results.count(CellState.FAILED),
        "runs": len(results.runs),
    }


def as_csv(table: Sequence[Row]) -> str:
    """One line an objective; accuracies in per cent."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    floors = [f"{measure}_{floor.replace(' ', '_')}" for measure in MEASURES for floor in (RAW, RANDOM)]
    lines.writerow(["objective", "family", *MEASURES, *floors, "deviation", "steps", "note"])
    for row in table:
        values = [_percent(row.values.get(measure)) for measure in MEASURES]
        under = [_percent(row.floors.get(measure, {}).get(floor)) for measure in MEASURES for floor in (RAW, RANDOM)]
        lines.writerow([row.id, row.family, *values, *under, _percent(row.deviation), row.steps, row.note])
    return text.getvalue()


def save(plan: ObjectivesPlan, table: Sequence[Row], title: str, folder: Path) -> list[Path]:
    """Write objectives.csv, .md, .png and .svg into a folder; the files."""
    write_atomic(folder / "objectives.csv", as_csv(table))
    write_atomic(folder / "objectives.md", as_markdown(plan, table))
    pictures = [folder / "objectives.png", folder / "objectives.svg"]
    for path in pictures:
        draw(plan, table, title, path)
    return [folder / "objectives.csv", folder / "objectives.md", *pictures]


def draw(plan: ObjectivesPlan, table: Sequence[Row], title: str, path: Path) -> None:
    """Bars of the plan's measure, best first, each over the mark of its own untrained encoder; the pixels as a line.

    matplotlib is imported when the first figure is drawn, never at start-up.
    """
    from matplotlib.figure import Figure

    measure = plan.measure
    shown = sorted((row for row in table if measure in row.values), key=lambda row: row.values[measure])
    figure = Figure(figsize=(8, 0.26 * len(shown) + 1.6), layout="constrained")
    axes = figure.subplots()
    places = range(len(shown))
    axes.barh(places, [100 * row.values[measure] for row in shown], color="#4477aa", height=0.7)
    axes.set_yticks(places, [row.title for row in shown])
    untrained = [(place, row.floors.get(measure, {}).get(RANDOM)) for place, row in enumerate(shown)]
    marks = [(100 * value, place) for place, value in untrained if value is not None]
    axes.scatter(
        [x for x, _ in marks], [y for _, y in marks], marker="|", s=120, color="#ee6677", label=RANDOM, zorder=3
    )
    pixels = [row.floors[measure][RAW] for row in shown if RAW in row.floors.get(measure, {})]
    if pixels:
        axes.axvline(100 * fmean(pixels), color="#222222", linestyle="--", linewidth=1, label=RAW)
    axes.set(xlabel=f"{MEASURE_WORDS[measure]} accuracy (%)", title=f"{title}: {caption(plan)}")
    axes.spines[["top", "right"]].set_visible(False)
    if marks or pixels:
        axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=144)


_HEADINGS = ["objective", "steps", "kNN", RAW, RANDOM, "linear probe", RAW, RANDOM, ""]


def _row(id_: str, runs: Sequence[CellResult], catalogue: Catalogue) -> Row:
    known = catalogue.has("objective", id_)
    spec = catalogue.objective(id_).spec if known else None
    values: dict[Measure, float] = {}
    floors: dict[Measure, dict[str, float]] = {}
    for measure in MEASURES:
        found = [run.readings[measure] for run in runs if measure in run.readings]
        if found:
            values[measure] = fmean(reading.value for reading in found)
            names = dict.fromkeys(name for reading in found for name in reading.floors)
            floors[measure] = {
                name: fmean(reading.floors[name] for reading in found if name in reading.floors) for name in names
            }
    score, steps = score_of(runs), [run.steps for run in runs if run.steps is not None]
    title, family = (spec.title, spec.family) if spec is not None else (id_, "")
    return Row(id_, title, family, values, floors, score.std if score else None, _mean(steps), _note(runs))


def _note(runs: Sequence[CellResult]) -> str:
    failed = [run.reason for run in runs if run.state is CellState.FAILED]
    if failed:
        return f"failed: {'; '.join(dict.fromkeys(failed))}"
    waiting = [str(run.state) for run in runs if run.state is not CellState.DONE]
    return ", ".join(dict.fromkeys(waiting))


def _mean(steps: Sequence[int]) -> int | None:
    return round(fmean(steps)) if steps else None


def _cells(row: Row) -> list[str]:
    told = ["-" if row.steps is None else str(row.steps)]
    for measure in MEASURES:
        floors = row.floors.get(measure, {})
        told += [_words(row.values.get(measure)), _words(floors.get(RAW)), _words(floors.get(RANDOM))]
    return told


def _words(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.4f}"
