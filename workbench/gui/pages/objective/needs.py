"""What an objective must be given, in words, held against the recipe at hand. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.plugins.catalogue import Catalogue
from workbench.plugins.specs import Needs, ObjectiveSpec

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """One thing that is needed.

    words : what
    met : whether the recipe gives it; None where that is not known before the data are read
    remark : what the recipe gives
    of_views : whether other views would mend it
    """

    words: str
    met: bool | None
    remark: str = ""
    of_views: bool = False


def needs_of(spec: ObjectiveSpec, document: Document, catalogue: Catalogue, labelled: bool | None) -> list[Need]:
    """Everything that the objective needs, in the order of the recipe.

    Parameters
    ----------
    document : a recipe's document, which may be wrong
    labelled : whether the data set that was read has labels; None while none was read
    """
    return [
        _modality(spec, document, catalogue),
        _labels(spec.needs, document, catalogue, labelled),
        _views(spec.needs, document),
        *_targets(spec.needs, document, catalogue),
        *_colour(spec.needs, document, catalogue),
        *_plain(spec.needs, document, catalogue),
        *_batch(spec.needs, document),
        *_backbone(spec.needs, document, catalogue),
    ]


def _modality(spec: ObjectiveSpec, document: Document, catalogue: Catalogue) -> Need:
    words = "Pictures" if spec.modality == "image" else f"{spec.modality.capitalize()} data"
    kinds = (("dataset", "data"), ("backbone", "backbone"))
    others = [
        f"{entry.title} is for {entry.spec.modality}"
        for kind, section in kinds
        if (entry := _entry(document, catalogue, kind, section)) and entry.spec.modality != spec.modality
    ]
    return Need(words, not others, "; ".join(others))


def _labels(needs: Needs, document: Document, catalogue: Catalogue, labelled: bool | None) -> Need:
    if not needs.labels:
        return Need("No labels", True)
    entry = _entry(document, catalogue, "dataset", "data")
    if labelled is None and entry is not None and entry.spec.origin != "import":
        labelled = entry.spec.classes > 0
    remark = {True: "", False: "the data have none", None: "known once the data are read"}[labelled]
    return Need("Labels", labelled, remark)


def _views(needs: Needs, document: Document) -> Need:
    count, low, high = sum(_counts(document)), needs.min_views, needs.max_views
    words = f"{low} view{'s' if low > 1 else ''} of each sample"
    if high is None:
        words = f"{low} or more views of each sample"
    elif high > low:
        words = f"{low} to {high} views of each sample"
    met = count >= low and (high is None or count <= high)
    return Need(words, met, f"the recipe makes {count}", of_views=True)


def _targets(needs: Needs, document: Document, catalogue: Catalogue) -> Iterator[Need]:
    everywhere = needs.target_views == "all"
    for target in needs.targets:
        makers = {entry.id: entry.title for entry in catalogue.operations if target in entry.spec.targets}
        branches = zip(_operations(document), _largest(document), strict=True)
        asked = [ops for ops, large in branches if large or everywhere]
        made = [any(op.get("id") in makers for op in ops) for ops in asked]
        remark = "" if all(made) and made else f"add {' or '.join(makers.values()) or 'an operation that makes it'}"
        where = "in every view" if everywhere else "in every view of the largest size"
        yield Need(f"The target “{target}” {where}", bool(made) and all(made), remark, of_views=True)


def _batch(needs: Needs, document: Document) -> Iterator[Need]:
    if needs.min_batch > 1:
        size = document.get("training", {}).get("batch_size", 0)
        met = isinstance(size, int) and size >= needs.min_batch
        yield Need(f"At least {needs.min_batch} samples in a batch", met, f"the recipe has {size}")


def _colour(needs: Needs, document: Document, catalogue: Catalogue) -> Iterator[Need]:
    if needs.colour:
        entry = _entry(document, catalogue, "dataset", "data")
        known = entry is not None and entry.spec.origin != "import"
        met = entry.spec.channels > 1 if known else None
        remark = {True: "", False: "the data are grey", None: "known once the data are read"}[met]
        yield Need("Colours", met, remark)


def _plain(needs: Needs, document: Document, catalogue: Catalogue) -> Iterator[Need]:
    if needs.plain:
        kinds = {entry.id: entry.spec.kind for entry in catalogue.operations}
        normalised = any(kinds.get(str(op.get("id"))) == "normalise" for ops in _operations(document) for op in ops)
        yield Need("Colours as they are", not normalised, "remove the normalisation" if normalised else "", True)


def _backbone(needs: Needs, document: Document, catalogue: Catalogue) -> Iterator[Need]:
    """What the encoder must be able to do, and for causal ones also told to."""
    entry = _entry(document, catalogue, "backbone", "backbone")
    title = entry.title if entry is not None else "the backbone"
    if needs.tokens:
        met = entry is not None and entry.spec.tokens
        yield Need("A backbone that gives tokens", met, "" if met else f"{title} gives none")
    if needs.patches:
        met = entry is not None and entry.spec.patches
        yield Need("A backbone from which patches can be hidden", met, "" if met else f"{title} takes whole pictures")
    if needs.causal:
        able = entry is not None and entry.spec.causal
        met = able and bool(document.get("backbone", {}).get("causal", entry.defaults().get("causal")))
        remark = "" if met else "switch Causal on" if able else f"{title} sees all of a picture"
        yield Need("A backbone that sees earlier patches alone", met, remark)


def _entry(document: Document, catalogue: Catalogue, kind: str, section: str) -> Any:
    part = document.get(section)
    id_ = str(part.get("id", "")) if isinstance(part, Mapping) else ""
    return catalogue.get(kind, id_) if catalogue.has(kind, id_) else None


def _branches(document: Document) -> list[Document]:
    views = document.get("views")
    branches = views.get("branches", []) if isinstance(views, Mapping) else []
    return [branch for branch in branches if isinstance(branch, Mapping)]


def _operations(document: Document) -> list[list[Document]]:
    """Each branch's operations: its own, or those of the branch that it is like."""
    branches = _branches(document)
    own = {str(branch.get("name", "A")): list(branch.get("ops", [])) for branch in branches}
    return [own.get(str(branch.get("like") or branch.get("name", "A")), []) for branch in branches]


def _largest(document: Document) -> list[bool]:
    """Which branches make the largest views; one without a size of its own has that of all views, and may be."""
    views = document.get("views", {}).get("size") or 0
    sizes = [branch.get("size") or views or math.inf for branch in _branches(document)]
    return [size == max(sizes) for size in sizes]


def _counts(document: Document) -> list[int]:
    counts = [branch.get("count", 1) for branch in _branches(document)]
    return [count for count in counts if isinstance(count, int)]
