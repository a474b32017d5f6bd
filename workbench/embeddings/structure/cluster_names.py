"""Names for clusters, and where to write them.

Legend: N rows, K clusters.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from workbench.data.base import Progress, no_progress
from workbench.embeddings.structure.labels import Labels

_WORD = re.compile(r"\w+")
_SHOWN_WORDS = 3
_COMPARED_PLACES = 500


@dataclass(frozen=True)
class ClusterName:
    """What a cluster is called.

    words : "mostly cat (83%)", "cat (40%), dog (35%)", "paris, london, rome"; "cluster 4" where nothing is known
    share : share of the labelled members with the most frequent label; None for a name that is not from labels
    """

    words: str
    share: float | None = None


def name_clusters(
    codes: NDArray[np.int32],
    labels: Labels | None,
    texts: Sequence[str | None] | None,
    central: NDArray[np.int64] | None = None,
    progress: Progress = no_progress,
) -> list[ClusterName]:
    """A name for each cluster (N,) by its most frequent label, else by its most typical words, else by its number.

    Typical words have the highest class-based tf-idf, Grootendorst (2022), "BERTopic: neural topic modeling with a
    class-based TF-IDF procedure", section 3.3: sqrt(f) log(1 + A / F), where f is how often the cluster has the word, F
    how often all have it, and A the mean number of words a cluster. The root, which is an option of that author's
    program, keeps "the" and "of" back. Numbers and single letters count where there is nothing else. Of equally
    typical words those of the members nearest to the mean come first.

    Parameters
    ----------
    central : int64 (K, c), the rows of those members, -1 where there are fewer
    """
    count = int(codes.max(initial=-1)) + 1
    by_label = _by_label(codes, labels, count) if labels is not None else [None] * count
    by_words = _by_words(codes, texts, count, central, progress) if texts is not None else [None] * count
    named = zip(by_label, by_words, strict=True)
    return [one or other or ClusterName(f"cluster {number}") for number, (one, other) in enumerate(named)]


def name_places(places: NDArray[np.float32], codes: NDArray[np.int32]) -> NDArray[np.float32]:
    """Where the name of each cluster stands in a layout (N, d): float32 (K, d), NaN for one without placed members.

    It is the place of the member with the least sum of distances to the others, which a few strays do not move and
    which never lies between two parts; of more than 500 members, to 500 taken at even steps.
    """
    count = int(codes.max(initial=-1)) + 1
    found = np.full((count, places.shape[1]), np.nan, dtype=np.float32)
    placed = np.flatnonzero(np.isfinite(places).all(axis=1) & (codes >= 0))
    placed = placed[np.argsort(codes[placed], kind="stable")]
    borders = np.searchsorted(codes[placed], np.arange(count + 1))
    for cluster in range(count):
        members = placed[borders[cluster] : borders[cluster + 1]]
        if len(members):
            steps = np.linspace(0, len(members) - 1, min(len(members), _COMPARED_PLACES)).astype(np.int64)
            chosen = places[members[steps]].astype(np.float64)
            found[cluster] = chosen[cdist(chosen, chosen).sum(axis=1).argmin()]
    return found


def _by_label(codes: NDArray[np.int32], labels: Labels, count: int) -> list[ClusterName | None]:
    known = (codes >= 0) & (labels.codes >= 0)
    pairs, times = np.unique(np.stack([codes[known], labels.codes[known]], axis=1), axis=0, return_counts=True)
    borders = np.searchsorted(pairs[:, 0], np.arange(count + 1))
    names: list[ClusterName | None] = []
    for cluster in range(count):
        here = slice(borders[cluster], borders[cluster + 1])
        order = np.argsort(-times[here], kind="stable")[:2]
        shares = times[here][order] / max(1, int(times[here].sum()))
        titles = [labels.names[code] for code in pairs[here][order, 1]]
        names.append(_label_name(titles, shares.tolist()) if titles else None)
    return names


def _label_name(titles: list[str], shares: list[float]) -> ClusterName:
    words = [f"{title} ({share:.0%})" for title, share in zip(titles, shares, strict=True)]
    return ClusterName(f"mostly {words[0]}" if shares[0] >= 0.5 else ", ".join(words), shares[0])


def _by_words(
    codes: NDArray[np.int32],
    texts: Sequence[str | None],
    count: int,
    central: NDArray[np.int64] | None,
    progress: Progress,
) -> list[ClusterName | None]:
    counters: list[Counter[str]] = [Counter() for _ in range(count)]
    for row, code in enumerate(codes.tolist()):
        if row % 65_536 == 0:
            progress(row / len(codes), "Counting words")
        if code >= 0:
            counters[code].update(_words(texts[row]))
    overall: Counter[str] = Counter()
    for counter in counters:
        overall.update(counter)
    mean = overall.total() / max(count, 1)
    names: list[ClusterName | None] = []
    for cluster, counter in enumerate(counters):
        nearest = [] if central is None else [texts[row] for row in central[cluster].tolist() if row >= 0]
        first = dict.fromkeys(word for text in nearest for word in _words(text))
        names.append(_typical(counter, overall, mean, list(first)))
    return names


def _typical(counter: Counter[str], overall: Counter[str], mean: float, first: list[str]) -> ClusterName | None:
    place = {word: number for number, word in enumerate(first)}

    def rank(word: str) -> tuple[float, int, str]:
        weight = math.sqrt(counter[word]) * math.log1p(mean / overall[word])
        return -weight, place.get(word, len(place)), word

    telling = [word for word in counter if len(word) > 1 and not word.isdigit()] or list(counter)
    chosen = sorted(telling, key=rank)[:_SHOWN_WORDS]
    return ClusterName(", ".join(chosen)) if chosen else None


def _words(text: str | None) -> list[str]:
    return _WORD.findall(text.casefold()) if text else []
