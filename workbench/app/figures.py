"""Figures of a run for papers and terminals: the curve and the map, as PNG, SVG or PDF by the file's ending.

matplotlib is imported when the first figure is drawn, never at start-up.
"""

from __future__ import annotations

from pathlib import Path

from workbench.app.palette import CATEGORICAL_10
from workbench.app.smooth import smooth
from workbench.runs.embedding_columns import Categorical
from workbench.runs.embedding_set import EmbeddingSet
from workbench.runs.history import RunHistory

GREY = "#8a8f98"
SMOOTH = 0.9


def draw_curve(history: RunHistory, title: str, chance: float | None, path: Path) -> None:
    """The loss (raw and smoothed, with its chance level) above the kNN accuracy with its floors."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    steps, loss = history.array("loss")
    upper.plot(steps, loss, color=CATEGORICAL_10[0], alpha=0.3, linewidth=0.8, label="loss")
    upper.plot(steps, smooth(loss, SMOOTH), color=CATEGORICAL_10[0], label=f"loss, smoothed {SMOOTH}")
    if chance is not None:
        upper.axhline(chance, color=GREY, linestyle="--", label=f"chance {chance:.3f}")
    upper.set(ylabel="loss", title=title)
    upper.legend(frameon=False)
    measured = history.evaluated("knn")
    if measured:
        lower.plot([s for s, _ in measured], [100 * v for _, v in measured], "o-", color=CATEGORICAL_10[5], label="kNN")
        for (name, value), style in zip(history.evaluations[-1].floors.items(), (":", "-."), strict=False):
            lower.axhline(100 * value, color=GREY, linestyle=style, label=f"{name} {value:.1%}")
        lower.legend(frameon=False)
    lower.set(xlabel="step", ylabel="kNN accuracy (%)")
    figure.savefig(path, dpi=144)


def draw_map(embeddings: EmbeddingSet, layout: str, title: str, path: Path) -> None:
    """A layout coloured by label, with its legend and how far it can be trusted."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6.5), layout="constrained")
    axes = figure.subplots()
    found = embeddings.layout(layout)
    column = embeddings.column("label")
    if isinstance(column, Categorical):
        for code, name in enumerate(column.names):
            colour, chosen = CATEGORICAL_10[code % len(CATEGORICAL_10)], found.xy[column.codes == code]
            axes.scatter(chosen[:, 0], chosen[:, 1], s=6, color=colour, label=name, linewidths=0)
        axes.legend(markerscale=3, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    else:
        axes.scatter(found.xy[:, 0], found.xy[:, 1], s=6, color=CATEGORICAL_10[0], linewidths=0)
    trust = embeddings.meta.layouts[layout].trust_mean
    kept = f"; {trust:.0%} of true neighbours kept" if trust is not None else ""
    axes.set(title=f"{title}\n{layout.upper()} of {len(embeddings)} samples{kept}", xticks=[], yticks=[])
    axes.set_aspect("equal", adjustable="datalim")
    figure.savefig(path, dpi=144)
