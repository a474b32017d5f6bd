"""How long UMAP and t-SNE take, beside umap-learn and openTSNE called alone in the same run.

    python -m tests.benchmarks.projections [--json] [--rows 10000] [--width 512] [--epochs 500] [--iterations 750]
                                           [--repeats 2] [--skip-tsne]

Both sides are warm: each has compiled on fewer points before. They get the same vectors (around a hundred middles, of
length 1), parameters, number of steps and seed, a start on the principal plane, and one thread to optimise with:
umap-learn takes one as soon as it is given a seed, openTSNE is told so. Times are the shortest of the repeats, which
take turns; `cpu_s` is the processor's time, which other work on the machine disturbs less.

`whole` is from vectors to places: ours finds exact neighbours, umap-learn and openTSNE find approximate ones. `layout`
is the rest, from the same exact neighbours on either side: weights, start and optimisation; openTSNE is handed its
start. `quality` is the mean share of 15 true neighbours kept. The ratios are
ours over theirs in seconds (`cpu_ratio` in the processor's); `goal` is our whole over their whole and the time of our
neighbours, and for UMAP at most 1.0.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.neighbours import unit_rows

GOALS = {"umap": {"ratio": {"goal": 1.0}}}
SEED = 3
NEIGHBOURS = "our neighbours"
WARM_ROWS = 4500
"""Above umap-learn's limit for exact neighbours, so that it compiles what it searches with."""

Places = NDArray[Any]
Way = Callable[[], Places]


def main() -> int:
    """Print all times and ratios as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on one line")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--iterations", type=int, default=750)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--skip-tsne", action="store_true")
    chosen = parser.parse_args()
    vectors = unit_rows(chosen.rows, chosen.width)
    result: dict[str, Any] = {"shape": list(vectors.shape)}
    timed(umap_ways(vectors[:WARM_ROWS], 2), 1)
    result["umap"] = compared(vectors, umap_ways(vectors, chosen.epochs), chosen.repeats)
    if not chosen.skip_tsne:
        timed(tsne_ways(vectors[:WARM_ROWS], 2), 1)
        result["tsne"] = compared(vectors, tsne_ways(vectors, chosen.iterations), chosen.repeats)
    result["goals"] = GOALS
    print(json.dumps(result, indent=None if chosen.json else 2))
    return 0


def compared(vectors: NDArray[np.float32], ways: Mapping[str, Way], repeats: int) -> dict[str, Any]:
    """Seconds and quality of each way, and ours over theirs."""
    from workbench.embeddings.projections.trust import trust
    from workbench.embeddings.search.neighbours import exact_neighbours

    times, places = timed({**ways, NEIGHBOURS: lambda: exact_neighbours(vectors, 15, "cosine").index}, repeats)
    true = exact_neighbours(vectors, 15, "cosine")
    return {
        "s": {name: round(wall, 2) for name, (wall, _) in times.items()},
        "cpu_s": {name: round(cpu, 2) for name, (_, cpu) in times.items()},
        "ratio": ratios({name: wall for name, (wall, _) in times.items()}),
        "cpu_ratio": ratios({name: cpu for name, (_, cpu) in times.items()}),
        "quality": {name: round(float(trust(true, places[name].astype(np.float32)).mean()), 4) for name in ways},
    }


def ratios(times: Mapping[str, float]) -> dict[str, float]:
    """Ours over theirs: whole, from neighbours on, and as the goal has it."""
    return {
        "whole": round(times["our whole"] / times["their whole"], 3),
        "layout": round(times["our layout"] / times["their layout"], 3),
        "goal": round(times["our whole"] / (times["their whole"] + times[NEIGHBOURS]), 3),
    }


def timed(ways: Mapping[str, Way], repeats: int) -> tuple[dict[str, tuple[float, float]], dict[str, Places]]:
    """The shortest of the repeats of each way, in seconds by the clock and of the processor, and what each found."""
    times = dict.fromkeys(ways, (float("inf"), float("inf")))
    found = {}
    for _ in range(repeats):
        for name, way in ways.items():
            began, cpu_began = time.perf_counter(), time.process_time()
            found[name] = way()
            wall, cpu = time.perf_counter() - began, time.process_time() - cpu_began
            times[name] = (min(times[name][0], wall), min(times[name][1], cpu))
    return times, found


def umap_ways(vectors: NDArray[np.float32], epochs: int) -> dict[str, Way]:
    """UMAP by cosine, whole and from neighbours on, ours and umap-learn's."""
    import umap

    from workbench.data.base import no_progress
    from workbench.embeddings.projections.base import Given
    from workbench.embeddings.projections.umap_layout import Umap, UmapConfig, with_self
    from workbench.embeddings.search.neighbours import exact_neighbours

    config = UmapConfig(n_epochs=epochs, seed=SEED)
    neighbours = exact_neighbours(vectors, config.n_neighbors - 1, config.metric)
    known = with_self(neighbours, np.arange(len(vectors)), config.n_neighbors)

    def theirs(**more: Any) -> Places:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = umap.UMAP(
                n_neighbors=config.n_neighbors, min_dist=config.min_dist, metric=config.metric, n_epochs=epochs,
                init="pca", random_state=SEED, **more,
            )  # fmt: skip
            return np.asarray(model.fit_transform(vectors))

    return {
        "our whole": lambda: Umap().project(Given(vectors), config, no_progress).places,
        "their whole": theirs,
        "our layout": lambda: Umap().project(Given(vectors, neighbours), config, no_progress).places,
        "their layout": lambda: theirs(precomputed_knn=known),
    }


def tsne_ways(vectors: NDArray[np.float32], iterations: int) -> dict[str, Way]:
    """t-SNE by cosine, whole and from affinities on, ours and openTSNE's, a third of the steps exaggerated."""
    import openTSNE

    from workbench.data.base import no_progress
    from workbench.embeddings.projections.base import Given
    from workbench.embeddings.projections.tsne import Tsne, TsneConfig, affinities
    from workbench.embeddings.search.neighbours import exact_neighbours

    early = iterations // 3
    config = TsneConfig(iterations=iterations, early_iterations=early, seed=SEED)
    neighbours = exact_neighbours(vectors, int(3 * config.perplexity), config.metric)
    start = 1e-4 * plane(vectors) / plane(vectors)[:, 0].std()

    def theirs(known: bool) -> Places:
        model = openTSNE.TSNE(
            perplexity=config.perplexity, metric=config.metric, n_iter=iterations - early, initialization=start,
            early_exaggeration_iter=early, negative_gradient_method="fft", random_state=SEED, n_jobs=1,
        )  # fmt: skip
        if not known:
            return np.asarray(model.fit(vectors))
        weights = affinities(neighbours.index, neighbours.distance, config.perplexity)
        return np.asarray(model.fit(affinities=openTSNE.affinity.PrecomputedAffinities(weights, normalize=False)))

    return {
        "our whole": lambda: Tsne().project(Given(vectors), config, no_progress).places,
        "their whole": lambda: theirs(known=False),
        "our layout": lambda: Tsne().project(Given(vectors, neighbours), config, no_progress).places,
        "their layout": lambda: theirs(known=True),
    }


def plane(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The first two principal components, the largest coordinate 10."""
    from workbench.data.base import no_progress
    from workbench.embeddings.projections.pca import principal_plane

    places = np.asarray(principal_plane(vectors, np.arange(len(vectors)), no_progress, 2), np.float64)
    return 10 * places / np.abs(places).max()


if __name__ == "__main__":
    sys.exit(main())
