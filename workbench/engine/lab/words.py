"""Requests about nearness: neighbours, sums, analogies, and the benchmarks made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import LabError, unknown
from workbench.embeddings.words.analogies import FREQUENT, Score, solve_analogies
from workbench.embeddings.words.arithmetic import Method
from workbench.embeddings.words.arithmetic import analogy as solve
from workbench.embeddings.words.files import read_judgements, read_questions
from workbench.embeddings.words.planes import meaning_axes as place_on_axes
from workbench.embeddings.words.planes import pair_plane as plane_of
from workbench.embeddings.words.similarity import correlate
from workbench.engine.lab.outside import is_unknown_text, picture_query, text_query
from workbench.engine.lab.server import Request, Result
from workbench.engine.lab.spaces import SPACES, Query, Space
from workbench.runs.embedding_meta import SearchMetric
from workbench.runs.embedding_set import Neighbours

_METHODS: tuple[Method, ...] = ("add", "mul")
_UNITS = {"cosine": "cosine distance", "euclidean": "Euclidean distance", "dot": "minus dot product"}


def neighbours(request: Request) -> Result:
    """params: embeddings, row or query (see `Space.query`), k, metric (null: the set's own).

    The query may also be {"picture": path}, and in a set of a text encoder a text that no row has (`outside`); of a
    picture the answer has what its encoder saw as `picture`, uint8 (h, w, 3).

    The nearest others, exact, over all points: a listing, with the same rows as `index` and their `distance`. Of one
    row also `mutual` (bool: it is among the other's own k; absent where finding that out would take long), and where
    neighbours are stored `hubness` (how many points name the other among their `hubness_k`).
    """
    space, params = SPACES.open(Path(request.params["embeddings"])), request.params
    metric = space.metric(params.get("metric"))
    wanted = params.get("query") or {"row": params["row"]}
    query, seen = _query(space, wanted, metric, request)
    found = space.index(metric).nearest(query.vector, int(params["k"]), leave_out=query.inputs)
    head, arrays = _listing(space, query, found, metric)
    if len(query.inputs) == 1 and not {"rows", "terms"} & wanted.keys():
        head["row"] = int(query.inputs[0])
        mutual = space.mutual(head["row"], found.index, metric)
        if mutual is not None:
            arrays["mutual"] = mutual
            head["columns"].append({"name": "mutual", "title": "Mutual", "unit": ""})
    if (hubs := space.hubness(metric)) is not None:
        arrays["hubness"], head["hubness_k"] = hubs[0][found.index], hubs[1]
        head["columns"].append({"name": "hubness", "title": "Named by", "unit": "points"})
    return {"of": len(space), "metric": metric, **head}, {**arrays, **seen, "index": found.index}


def _query(
    space: Space, wanted: Mapping[str, Any], metric: SearchMetric, request: Request
) -> tuple[Query, dict[str, NDArray[Any]]]:
    """What is asked for, and the picture that it was, if it was one."""
    if wanted.get("picture"):
        query, picture = picture_query(space, Path(wanted["picture"]), request.progress)
        return query, {"picture": picture}
    if is_unknown_text(space, wanted):
        return text_query(space, str(wanted["text"]), request.progress), {}
    return space.query(wanted, metric), {}


def combine(request: Request) -> Result:
    """params: embeddings, terms [{row or text, sign}], k, metric. The nearest to a signed sum: a listing."""
    space = SPACES.open(Path(request.params["embeddings"]))
    metric = space.metric(request.params.get("metric"))
    query = space.query({"terms": request.params["terms"]}, metric)
    found = space.index(metric).nearest(query.vector, int(request.params["k"]), leave_out=query.inputs)
    head, arrays = _listing(space, query, found, metric)
    return {"of": len(space), "metric": metric, **head}, arrays


def analogy(request: Request) -> Result:
    """params: embeddings, a, b, c (rows, words or {row or text}), k, method ("add" or "mul"). A listing with scores."""
    space, params = SPACES.open(Path(request.params["embeddings"])), request.params
    method = _method(params.get("method"))
    named = [space.row(params[name]) for name in ("a", "b", "c")]
    a, b, c = (row for row, _ in named)
    found = solve(space.index("cosine"), a, b, c, int(params["k"]), method)
    title = f"{space.name(a)} is to {space.name(b)} as {space.name(c)} is to"
    best = f": {space.name(int(found.rows[0]))}." if len(found.rows) else " nothing that is known."
    words = " ".join([title + best, *dict.fromkeys(note for _, notes in named for note in notes)])
    column = {"name": "score", "title": "Score", "unit": "cosine" if method == "add" else "3CosMul"}
    head = {"title": f"{title} …", "columns": [column], "words": words, "inputs": [a, b, c], "method": method}
    return {**head, **_names(space, found.rows)}, {"rows": found.rows, "score": found.scores}


def analogy_benchmark(request: Request) -> Result:
    """params: embeddings, path, restrict (words that take part), any_case, method. What share of a file is solved.

    Result: total, semantic, syntactic and sections [{name, correct, asked, skipped, accuracy}], invalid lines.
    Arrays: answers int64 (row of each question of the file, -1 where skipped) and correct bool.
    """
    space, params = SPACES.open(Path(request.params["embeddings"])), request.params
    path = Path(params["path"])
    questions, invalid = read_questions(path)
    report = solve_analogies(
        space.index("cosine"),
        space.vocabulary,
        questions,
        restrict=_restrict(params),
        any_case=bool(params.get("any_case", True)),
        method=_method(params.get("method")),
        progress=request.progress,
    )
    parts = {name: _score(getattr(report, name)) for name in ("total", "semantic", "syntactic")}
    told = report.total
    words = f"{told.correct:,} of {told.asked:,} analogies solved ({told.accuracy:.1%}); {_skipped(told.skipped)}."
    head = {"title": path.name, "words": words, "sections": [_score(section) for section in report.sections]}
    return {**head, **parts, "invalid": invalid}, {"answers": report.answers, "correct": report.correct}


def similarity_benchmark(request: Request) -> Result:
    """params: embeddings, path, restrict, any_case. How cosines follow people's judgements of pairs of words.

    Result: pearson and spearman {value, p}, used, skipped, invalid lines. Arrays: scores and cosines (NaN: skipped).
    """
    space, params = SPACES.open(Path(request.params["embeddings"])), request.params
    path = Path(params["path"])
    judgements, invalid = read_judgements(path)
    report = correlate(
        space.index("cosine"),
        space.vocabulary.words,
        judgements,
        restrict=_restrict(params),
        any_case=bool(params.get("any_case", True)),
    )
    words = (
        f"Spearman {report.spearman.value:.3f}, Pearson {report.pearson.value:.3f} over {report.used:,} pairs; "
        f"{_skipped(report.skipped)}."
    )
    head = {"title": path.name, "words": words, "used": report.used, "skipped": report.skipped, "invalid": invalid}
    correlations = {"pearson": asdict(report.pearson), "spearman": asdict(report.spearman)}
    scores = np.array([judgement.score for judgement in judgements])
    return {**head, **correlations}, {"scores": scores, "cosines": report.cosines}


def pair_plane(request: Request) -> Result:
    """params: embeddings, pairs [[word, word], ...] (rows, words or {row or text}). Pairs on their principal plane.

    Result: explained (share of variance of both components), agreement (mean cosine between offsets; null with one
    pair), names. Arrays: rows (P, 2) and xy (P, 2, 2).
    """
    space = SPACES.open(Path(request.params["embeddings"]))
    pairs = [(space.row(one)[0], space.row(other)[0]) for one, other in request.params["pairs"]]
    units, rows = _units(space, [row for pair in pairs for row in pair])
    made = plane_of(units, list(zip(rows[::2].tolist(), rows[1::2].tolist(), strict=True)))
    agreement = None if math.isnan(made.agreement) else made.agreement
    head = {"explained": list(made.explained), "agreement": agreement}
    names = [[space.name(one), space.name(other)] for one, other in pairs]
    return {**head, "names": names}, {"rows": np.array(pairs, np.int64).reshape(-1, 2), "xy": made.xy}


def meaning_axes(request: Request) -> Result:
    """params: embeddings, words [...], x [from, to], y [from, to]. Words between the poles of two pairs.

    Each pole lies at -1 or +1 of its axis. Result: names, axes (titles), shared (cosine between the axes). Arrays: rows
    (W,) and xy (W, 2).
    """
    space, params = SPACES.open(Path(request.params["embeddings"])), request.params
    rows = [space.row(word)[0] for word in params["words"]]
    poles = [space.row(word)[0] for axis in ("x", "y") for word in params[axis]]
    if len(poles) != 4:
        raise LabError("An axis runs between two words.", "Give two for x and two for y.")
    units, at = _units(space, [*poles, *rows])
    placed = place_on_axes(units, at[4:].tolist(), (int(at[0]), int(at[1])), (int(at[2]), int(at[3])))
    axes = [f"{space.name(poles[i])} → {space.name(poles[i + 1])}" for i in (0, 2)]
    head = {"names": [space.name(row) for row in rows], "axes": axes, "shared": placed.shared}
    return head, {"rows": np.array(rows, np.int64), "xy": placed.xy}


def words(request: Request) -> Result:
    """params: embeddings, prefix, count. Words that begin so, in any case, in the order of the rows: a listing."""
    space = SPACES.open(Path(request.params["embeddings"]))
    prefix, count = str(request.params["prefix"]), int(request.params["count"])
    if count < 0:
        raise LabError(f"{count} words cannot be listed.", "Ask for 0 or more.")
    rows = np.array(space.vocabulary.complete(prefix, count), np.int64)
    head = {"title": f"Words that begin with {prefix!r}", "columns": [], "words": f"{len(rows):,} words."}
    return {**head, **_names(space, rows)}, {"rows": rows}


def _listing(
    space: Space, query: Query, found: Neighbours, metric: SearchMetric
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    sentence = f"{len(found.index):,} nearest to {query.title} of {len(space):,}, exact."
    head = {
        "title": f"Nearest to {query.title}",
        "columns": [{"name": "distance", "title": "Distance", "unit": _UNITS[metric]}],
        "words": " ".join([sentence, *query.notes]),
        "inputs": query.inputs.tolist(),
        **_names(space, found.index),
    }
    return head, {"rows": found.index, "distance": found.distance}


def _names(space: Space, rows: NDArray[np.int64]) -> dict[str, list[str]]:
    return {"names": [space.name(int(row)) for row in rows]}


def _units(space: Space, rows: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The vectors of some rows at length 1, and where each row stands among them."""
    index = space.index("cosine")
    different, at = np.unique(rows, return_inverse=True)
    return np.stack([index.row(int(row)) for row in different]), at.astype(np.int64)


def _restrict(params: dict[str, Any]) -> int:
    wanted = params.get("restrict")
    if wanted is not None and int(wanted) < 1:
        raise LabError(f"The first {wanted} words cannot be asked about.", "Give 1 or more.")
    return FREQUENT if wanted is None else int(wanted)


def _method(wanted: str | None) -> Method:
    for method in _METHODS:
        if method == (wanted or "add"):
            return method
    raise LabError(unknown("method", str(wanted), _METHODS))


def _score(score: Score) -> dict[str, Any]:
    return {**asdict(score), "accuracy": score.accuracy}


def _skipped(count: int) -> str:
    return f"{count:,} skipped for unknown words" if count else "none was skipped"


WORDS = (
    neighbours,
    combine,
    analogy,
    analogy_benchmark,
    similarity_benchmark,
    pair_plane,
    meaning_axes,
    words,
)
"""The requests, for the lab's table."""
