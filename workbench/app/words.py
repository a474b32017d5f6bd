"""A recipe in words: what the chips of the recipe bar, run titles and lists say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.core.units import format_count, format_duration
from workbench.plugins.catalogue import Catalogue

Document = Mapping[str, Any]

SHORT_OPS = {
    "random_resized_crop": "crop",
    "horizontal_flip": "flip",
    "colour_jitter": "jitter",
    "greyscale": "grey",
    "gaussian_blur": "blur",
    "normalize": "",
    "quarter_turn": "turn",
}
"""Names short enough for a chip; "" leaves the operation out, because every pipeline has it."""


def data_words(document: Document, catalogue: Catalogue) -> str:
    """`Fashion-MNIST · 8k`."""
    section = document.get("data", {})
    id_ = str(section.get("id", ""))
    if not catalogue.has("dataset", id_):
        return id_ or "none"
    spec = catalogue.get("dataset", id_).spec
    path = str(section.get("path", ""))
    if spec.origin == "import" and path:
        return path.rstrip("/").rsplit("/", 1)[-1]
    return f"{spec.title} · {format_count(spec.samples)}" if spec.samples else str(spec.title)


def views_words(document: Document, catalogue: Catalogue) -> str:
    """`2 × crop · flip · jitter | 6 × like A, 96 px`."""
    return " | ".join(_branch_words(branch) for branch in document.get("views", {}).get("branches", []))


def _branch_words(branch: Document) -> str:
    ids = [str(op.get("id", "")) for op in branch.get("ops", []) if op.get("p", 1) != 0]
    names = [name for id_ in ids if (name := SHORT_OPS.get(id_, id_.replace("_", " ")))]
    words = f"like {branch['like']}" if branch.get("like") else " · ".join(names) or "as they are"
    count, size = int(branch.get("count", 1)), branch.get("size", 0)
    return (f"{count} × " if count > 1 else "") + words + (f", {size} px" if size else "")


def objective_words(document: Document, catalogue: Catalogue) -> str:
    """`SimCLR τ = 0.2`."""
    section = document.get("objective", {})
    id_ = str(section.get("id", ""))
    title = catalogue.objective(id_).title if catalogue.has("objective", id_) else id_
    temperature = section.get("temperature")
    return f"{title} τ = {temperature:g}" if isinstance(temperature, int | float) else title


def backbone_words(document: Document, catalogue: Catalogue) -> str:
    """`Tiny CNN`, or a timm model's own name."""
    section = document.get("backbone", {})
    id_ = str(section.get("id", ""))
    if section.get("name"):
        return str(section["name"])
    return catalogue.get("backbone", id_).title if catalogue.has("backbone", id_) else id_


def training_words(document: Document, catalogue: Catalogue) -> str:
    """`20 epochs · batch 256 · SGD`, with the number of labels between where some are hidden."""
    budget, training = document.get("budget", {}), document.get("training", {})
    amount, unit = float(budget.get("amount", 0)), str(budget.get("unit", ""))
    length = format_duration(amount) if unit == "seconds" else f"{amount:g} {unit if amount != 1 else unit[:-1]}"
    optimiser = str(document.get("optimiser", {}).get("id", ""))
    title = catalogue.get("optimiser", optimiser).title if catalogue.has("optimiser", optimiser) else optimiser
    labels = f" · {training['labels']} labels" if training.get("labels") else ""
    return f"{length} · batch {training.get('batch_size', '?')}{labels} · {title}"


CHIPS = {
    "data": ("Data", data_words),
    "views": ("Views", views_words),
    "objective": ("Objective", objective_words),
    "backbone": ("Backbone", backbone_words),
    "training": ("Training", training_words),
}
"""Chip id -> caption and the function that words it."""

SECTIONS = {
    "data": ("data",),
    "views": ("views",),
    "objective": ("objective",),
    "backbone": ("backbone",),
    "training": (
        "optimiser",
        "schedule",
        "budget",
        "training",
        "evaluation",
        "checkpoints",
        "hardware",
        "seed",
        "name",
        "schema",
    ),
}
"""Chip id -> the recipe's sections it stands for."""


def chip_of(key: str) -> str:
    """The chip that stands for a setting such as "optimiser.lr"; "training" for one of no section."""
    return next((chip for chip, sections in SECTIONS.items() if key.split(".")[0] in sections), "training")


def chip_problem(chip: str, problems: tuple[Any, ...]) -> str:
    """The first problem in a chip's sections; "" without."""
    for problem in problems:
        if problem.key.split(".")[0] in SECTIONS[chip]:
            return str(problem)
    return ""
