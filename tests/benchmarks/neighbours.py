"""How long exact neighbours take, beside numpy, torch and faiss in the same run.

    python -m tests.benchmarks.neighbours [--json] [--rows 1000000] [--width 128] [-k 100] [--words 400000]
                                          [--graph-rows 50000] [--graph-width 512] [--graph-k 15] [--queries 20]

`query` is the median over different queries, one at a time, by cosine; `words` the same for a word space 50 wide, with
the time from a stored folder to its first answer; `graph` every point's neighbours, each method once. Peers do the same
with what they have: a product and a partial sort, a product and topk, a flat index. `equal` is the share of lists that
are faiss's to the row; faiss orders by float32 sums, so `unlike` counts the lists that this does not excuse: where at
some place the distances of the two neighbours differ by more than float32 can tell apart. Goals: 60 ms, 1.5 s and
30 ms, and 1.05 times faiss.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

GOALS = {"query_ms": 60, "words_open_s": 1.5, "words_query_ms": 30, "graph_to_faiss": 1.05}
Find = Callable[[NDArray[np.float32]], Any]


def main() -> int:
    """Print all times and ratios as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on one line")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("-k", type=int, default=100)
    parser.add_argument("--words", type=int, default=400_000)
    parser.add_argument("--graph-rows", type=int, default=50_000)
    parser.add_argument("--graph-width", type=int, default=512)
    parser.add_argument("--graph-k", type=int, default=15)
    parser.add_argument("--queries", type=int, default=20)
    chosen = parser.parse_args()
    result = {
        "query": query(unit_rows(chosen.rows, chosen.width), chosen.k, chosen.queries),
        "words": words(unit_rows(chosen.words, 50), chosen.k, chosen.queries),
        "graph": graph(unit_rows(chosen.graph_rows, chosen.graph_width), chosen.graph_k),
        "goals": GOALS,
    }
    print(json.dumps(result, indent=None if chosen.json else 2))
    return 0


def unit_rows(rows: int, width: int) -> NDArray[np.float32]:
    """Points around a hundred middles, of length 1: neighbours that differ as those of embeddings do."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((rows, width), dtype=np.float32)
    vectors += 1.5 * rng.standard_normal((100, width), dtype=np.float32)[rng.integers(0, 100, rows)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def query(vectors: NDArray[np.float32], k: int, queries: int) -> dict[str, Any]:
    """Milliseconds of one query by each method, and the ratios to ours."""
    from workbench.embeddings.search.index import SearchIndex

    index = SearchIndex(vectors, "cosine")
    ways: dict[str, Find] = {"ours": lambda one: index.nearest(one, k).index, **peers(vectors, k)}
    asked = vectors[np.random.default_rng(1).integers(0, len(vectors), queries)]
    times = {name: timed(find, asked) for name, find in ways.items()}
    return {
        "shape": list(vectors.shape),
        "k": k,
        "ms": {name: round(value, 2) for name, value in times.items()},
        "ratio": {name: round(times["ours"] / value, 3) for name, value in times.items() if name != "ours"},
        **likeness(
            vectors,
            asked,
            np.stack([ways["ours"](one) for one in asked]),
            np.stack([ways["faiss"](one) for one in asked]),
        ),
    }


def peers(vectors: NDArray[np.float32], k: int) -> dict[str, Find]:
    """One query by numpy, torch and faiss."""
    import faiss
    import torch

    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    tensor = torch.from_numpy(vectors)

    def by_numpy(one: NDArray[np.float32]) -> NDArray[np.int64]:
        score = vectors @ one
        best = np.argpartition(score, -k)[-k:]
        return best[np.argsort(-score[best])]

    return {
        "numpy": by_numpy,
        "torch": lambda one: (tensor @ torch.from_numpy(one)).topk(k).indices.numpy(),
        "faiss": lambda one: flat.search(one[None], k)[1][0],
    }


def others(found_NK: NDArray[np.int64]) -> NDArray[np.int64]:
    """The neighbours without the point itself (the last one where equal points have displaced it)."""
    itself = found_NK == np.arange(len(found_NK))[:, None]
    itself[~itself.any(axis=1), -1] = True
    return found_NK[~itself].reshape(len(found_NK), -1)


def likeness(
    vectors: NDArray[np.float32],
    asked_QD: NDArray[np.float32],
    ours_QK: NDArray[np.int64],
    theirs_QK: NDArray[np.int64],
) -> dict[str, float]:
    """The share of equal lists, and how many differ by more than float32 excuses; vectors have length 1."""
    unequal = np.flatnonzero((ours_QK != theirs_QK).any(axis=1))
    excused = 2 * (vectors.shape[1] + 8) * 2.0**-24
    unlike = 0
    for one in unequal:
        query_D = asked_QD[one].astype(np.float64)
        mine, other = (np.square(vectors[rows] - query_D).sum(axis=1) for rows in (ours_QK[one], theirs_QK[one]))
        # Vectors are of length 1 but for rounding, which cosine takes out and faiss does not.
        unlike += bool((np.abs(other - mine) > excused).any())
    return {"equal": round(1 - len(unequal) / len(ours_QK), 5), "unlike": unlike}


def timed(find: Find, asked: Sequence[NDArray[np.float32]]) -> float:
    """Median milliseconds, after one call that warms up."""
    find(asked[0])
    took = []
    for one in asked:
        began = time.perf_counter()
        find(one)
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def words(vectors: NDArray[np.float32], k: int, queries: int) -> dict[str, Any]:
    """From opening a stored word space to the first answer, and the answers after it; kernels are loaded before."""
    import pyarrow as pa

    from workbench.embeddings.search.index import SearchIndex
    from workbench.engine.lab.spaces import Spaces
    from workbench.runs.embedding_set import write_embedding_set

    SearchIndex(vectors[:100], "cosine").nearest(vectors[0], 3)
    names = [f"word{number}" for number in range(len(vectors))]
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "words"
        write_embedding_set(folder, vectors, pa.table({"id": names, "text": names}))
        spaces = Spaces()

        def ask(number: int) -> None:
            space = spaces.open(folder)
            asked = space.query({"text": f"word{number}"}, "cosine")
            space.index("cosine").nearest(asked.vector, k, leave_out=asked.inputs)

        began = time.perf_counter()
        ask(0)
        opened_s = time.perf_counter() - began
        took = []
        for number in range(1, queries + 1):
            began = time.perf_counter()
            ask(number)
            took.append(1000 * (time.perf_counter() - began))
    return {"shape": list(vectors.shape), "open_s": round(opened_s, 3), "query_ms": round(statistics.median(took), 2)}


def graph(vectors: NDArray[np.float32], k: int) -> dict[str, Any]:
    """Seconds for all neighbours of all points, the ratio to faiss, and the share of equal lists."""
    import faiss
    import torch

    from workbench.embeddings.search.neighbours import exact_neighbours

    exact_neighbours(vectors[:1000], k, "cosine")
    began = time.perf_counter()
    ours = exact_neighbours(vectors, k, "cosine").index
    ours_s = time.perf_counter() - began
    began = time.perf_counter()
    flat = faiss.IndexFlatL2(vectors.shape[1])
    flat.add(vectors)
    theirs = flat.search(vectors, k + 1)[1]
    faiss_s = time.perf_counter() - began
    began = time.perf_counter()
    tensor = torch.from_numpy(vectors)
    for start in range(0, len(tensor), 2048):
        (tensor[start : start + 2048] @ tensor.T).topk(k + 1)
    torch_s = time.perf_counter() - began
    return {
        "shape": list(vectors.shape),
        "k": k,
        "s": {"ours": round(ours_s, 2), "faiss": round(faiss_s, 2), "torch": round(torch_s, 2)},
        "ratio": {"faiss": round(ours_s / faiss_s, 3), "torch": round(ours_s / torch_s, 3)},
        **likeness(vectors, vectors, ours, others(theirs)),
    }


if __name__ == "__main__":
    sys.exit(main())
