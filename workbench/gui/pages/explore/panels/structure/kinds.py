"""What can be looked for in a set: in words, with its settings and the question to the lab. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from workbench.core.model import Model, setting

if TYPE_CHECKING:
    from workbench.runs.embedding_set import EmbeddingSet

VECTORS = "the vectors"
LABEL = "label"
_NO_CLASSES = ("id", "text", "path")
_K = "How many nearest others of each point are looked at."
_COLUMN = "The column with the labels."
_OF = "What is clustered: the vectors, which is exact, or what a layout shows."


class DensitySettings(Model):
    """Clusters of any shape and number; what lies between them is noise."""

    min_cluster_size: int = setting(25, "Smallest cluster", "Fewer points than this are noise.", ge=2, le=1_000_000)
    min_samples: int = setting(
        5, "Core neighbours", "How many near points make a place dense; more leaves more noise.", ge=1, le=1000
    )
    of: str = setting(VECTORS, "Clusters of", _OF)


class KMeansSettings(Model):
    """A given number of clusters, every point in the one whose centre is nearest."""

    clusters: int = setting(10, "Clusters", "How many to find.", ge=1, le=1000)
    of: str = setting(VECTORS, "Clusters of", _OF)


class CentroidSettings(Model):
    """How far classes lie apart."""

    column: str = setting(LABEL, "Labels", _COLUMN)


class DuplicateSettings(Model):
    """Points that are almost the same."""

    threshold: float | None = setting(
        None, "Largest distance", "Pairs at most this far apart; empty for one that the distances suggest.", ge=0
    )


class OutlierSettings(Model):
    """Points far from all others."""

    score: Literal["distance", "lof"] = setting(
        "distance",
        "Sorted by",
        "distance: the mean distance to the neighbours. lof: how much emptier it is around a point than around them.",
    )
    k: int = setting(15, "Neighbours", _K, ge=1, le=1000)


class SuspectSettings(Model):
    """Points whose neighbours have another label."""

    column: str = setting(LABEL, "Labels", _COLUMN)
    k: int = setting(15, "Neighbours", _K, ge=1, le=1000)
    weighting: Literal["distance", "equal"] = setting(
        "distance", "Votes", "distance: near neighbours count for more. equal: all count the same."
    )


Params = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """Something to look for.

    id, title, sentence : in the settings, in the list, and over the settings
    request, params : the lab's question, and its parameters made of the settings
    settings : the model whose schema is the form
    needs_labels : whether there is nothing to find in a set without labels
    rows_are : what a row of the answer stands for: a sample, or all points of a cluster or of a class
    """

    id: str
    title: str
    sentence: str
    request: str
    settings: type[Model]
    params: Params = field(default=dict)
    needs_labels: bool = False
    rows_are: Literal["samples", "clusters", "classes"] = "samples"

    def schema(self, opened: EmbeddingSet) -> dict[str, Any]:
        """The form for a set: columns and layouts are chosen among those that it has."""
        schema = self.settings.model_json_schema()
        choices = {"column": label_columns(opened), "of": [VECTORS, *opened.layouts()]}
        for name, values in choices.items():
            if name in schema["properties"] and values:
                schema["properties"][name] |= {"enum": values, "default": values[0]}
        return schema

    def refusal(self, opened: EmbeddingSet) -> str:
        """Why there is nothing to find, with the way out; "" where there may be something."""
        if self.needs_labels and not label_columns(opened):
            return (
                "This set has no labels, so there is nothing to compare. Look for clusters, or import the vectors with"
                " a column of labels."
            )
        return ""


def label_columns(opened: EmbeddingSet) -> list[str]:
    """The columns of a set whose values can be classes: the label first, then words, then whole numbers."""
    import pyarrow as pa

    def likely(kind: Any) -> int:
        """2 for words and truth values, 1 for whole numbers, 0 for what is no class."""
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        words = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
        return 2 if words or pa.types.is_boolean(kind) else int(pa.types.is_integer(kind))

    parts = [part for part in opened.samples.schema if part.name not in _NO_CLASSES]
    found = {part.name: likely(part.type) for part in parts if likely(part.type)}
    return sorted(found, key=lambda name: (name != LABEL, -found[name]))


def _layout(values: Mapping[str, Any]) -> str | None:
    return None if values["of"] == VECTORS else str(values["of"])


def _density(values: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: values[name] for name in ("min_cluster_size", "min_samples")}
    return {"method": "hdbscan", "settings": settings, "layout": _layout(values)}


def _kmeans(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"method": "kmeans", "settings": {"clusters": values["clusters"]}, "layout": _layout(values)}


KINDS: tuple[Kind, ...] = (
    Kind(
        "hdbscan",
        "Clusters (HDBSCAN)",
        "Dense regions of any shape and number. Points between them are in none.",
        "find_clusters",
        DensitySettings,
        _density,
        rows_are="clusters",
    ),
    Kind(
        "kmeans",
        "Clusters (k-means)",
        "As many round groups as you ask for, every point in one.",
        "find_clusters",
        KMeansSettings,
        _kmeans,
        rows_are="clusters",
    ),
    Kind(
        "centroids",
        "Class centroids",
        "How far the classes lie apart, how wide each spreads, and which it is closest to.",
        "centroids",
        CentroidSettings,
        needs_labels=True,
        rows_are="classes",
    ),
    Kind(
        "duplicates",
        "Near-duplicates",
        "Groups of points that are almost the same.",
        "duplicates",
        DuplicateSettings,
    ),
    Kind(
        "outliers",
        "Outliers",
        "Points far from all others, the farthest out first.",
        "outliers",
        OutlierSettings,
    ),
    Kind(
        "suspects",
        "Label suspects",
        "Points whose neighbours mostly have another label: often a wrong label.",
        "suspects",
        SuspectSettings,
        needs_labels=True,
    ),
)
