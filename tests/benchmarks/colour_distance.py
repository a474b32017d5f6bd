"""How far the fused colour jitter is from torchvision's ColorJitter, on real pictures.

    python -m tests.benchmarks.colour_distance [--json] [--pictures 2000]

Both get the same pictures and the same random factors in the same order, for the SimCLR paper's colour distortion of
strength 0.5 and 1.0 (0.8 s for brightness, contrast and saturation, 0.2 s for hue). All figures are in counts of 255.

same_factors    the difference of each value, its mean, and the mean's 95 % quantile over pictures; also with hue alone
                and without hue, because fusing changes the two in different ways
channels        for the values of all pictures together: how far mean, deviation and quantiles lie apart; the last is
                the mean distance of equal quantiles, which is the Wasserstein distance. `chance` is the same between
                torchvision and torchvision with other random factors
clamped         share of all values that lie on 0 or 255
exact_max       the largest difference of the exact mode from torchvision

Needs the CIFAR npz files (WORKBENCH_TEST_DATA).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torchvision.transforms.v2 import functional as F

from workbench.data.base import Place, Samples
from workbench.data.loading import load
from workbench.recipes.models import Branch, Choice, Views
from workbench.views.pipeline import compile_views

ROOT = Path(__file__).resolve().parents[2]
STRENGTHS = (0.5, 1.0)
NAMES = ("brightness", "contrast", "saturation", "hue")
ADJUST = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
QUANTILES = np.linspace(0.005, 0.995, 100)


def pictures(data: Path, count: int) -> Samples:
    """A seeded choice of the training pictures."""
    with tempfile.TemporaryDirectory() as home:
        dataset = load(Choice(id="cifar-npz", path=str(data)), "train", Place(Path(home)))
        chosen = np.random.default_rng(0).choice(len(dataset), count, replace=False)
        return dataset.batch(np.sort(chosen))


def jitter(strength: float, without: tuple[str, ...] = (), mode: str = "fused") -> Choice:
    """The SimCLR paper's colour distortion, in every view, without some of its four parts."""
    widths = {name: (0.2 if name == "hue" else 0.8) * strength * (name not in without) for name in NAMES}
    return Choice(id="colour_jitter", p=1.0, mode=mode, **widths)


def ours(samples: Samples, op: Choice) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Our result, (N, 3, H, W) in counts, and the factors that made it."""
    shape = samples.fields["image"].shape[1:]
    pipeline = compile_views(Views(branches=(Branch(count=1, ops=(op,)),)), *shape, (0.5,), (0.25,))
    drawn = pipeline.parameters(len(samples), (0, 0))
    (view,) = pipeline.render(samples, drawn, torch.device("cpu")).inputs
    return view.numpy() * 255, dict(drawn[0].draws[0, 0].values)


def torchvisions(samples: Samples, factors: dict[str, np.ndarray]) -> np.ndarray:
    """torchvision's result with the same factors in the same order, in counts."""
    found = []
    for n, picture in enumerate(torch.from_numpy(samples.fields["image"]).float() / 255):
        for step in factors["order"][n]:
            picture = ADJUST[step](picture, float(factors[NAMES[step]][n]))
        found.append(picture)
    return torch.stack(found).numpy() * 255


def same_factors(samples: Samples, op: Choice) -> dict[str, float]:
    """Mean difference of all values, and its 95 % quantile over pictures."""
    mine, factors = ours(samples, op)
    each = np.abs(mine - torchvisions(samples, factors)).mean(axis=(1, 2, 3))
    return {"mean": round(float(each.mean()), 2), "p95": round(float(np.quantile(each, 0.95)), 2)}


def channel_distances(one: np.ndarray, other: np.ndarray) -> dict[str, list[float]]:
    """How far the values of two results lie apart, a number a channel."""
    a, b = (result.transpose(1, 0, 2, 3).reshape(3, -1) for result in (one, other))
    apart = np.quantile(a, QUANTILES, axis=1) - np.quantile(b, QUANTILES, axis=1)
    measures = {
        "mean": a.mean(axis=1) - b.mean(axis=1),
        "std": a.std(axis=1) - b.std(axis=1),
        "quantiles": np.abs(apart).mean(axis=0),
        "largest_quantile": np.abs(apart).max(axis=0),
    }
    return {name: np.round(values.astype(float), 2).tolist() for name, values in measures.items()}


def clamped(result: np.ndarray) -> float:
    return round(float(((result <= 0) | (result >= 255)).mean()), 4)


def measure(samples: Samples, strength: float) -> dict[str, Any]:
    """Every figure for one strength."""
    op = jitter(strength)
    mine, factors = ours(samples, op)
    theirs = torchvisions(samples, factors)
    other = torchvisions(samples, {name: np.roll(values, 1, axis=0) for name, values in factors.items()})
    exact, _ = ours(samples, jitter(strength, mode="exact"))
    return {
        "strength": strength,
        "same_factors": {
            "all": same_factors(samples, op),
            "hue_alone": same_factors(samples, jitter(strength, NAMES[:3])),
            "without_hue": same_factors(samples, jitter(strength, NAMES[3:])),
        },
        "channels": {"fused": channel_distances(mine, theirs), "chance": channel_distances(other, theirs)},
        "clamped": {
            "original": clamped(samples.fields["image"]),
            "fused": clamped(mine),
            "torchvision": clamped(theirs),
        },
        "exact_max": round(float(np.abs(exact - theirs).max()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--pictures", type=int, default=2000)
    arguments = parser.parse_args()
    data = (ROOT / os.environ.get("WORKBENCH_TEST_DATA", "../shared/data")).resolve()
    if not (data / "cifar10_jpeg_train.npz").exists():
        print(json.dumps({"skipped": f"no CIFAR npz files in {data}; set WORKBENCH_TEST_DATA"}))
        return
    samples = pictures(data, arguments.pictures)
    results = [measure(samples, strength) for strength in STRENGTHS]
    if arguments.json:
        print(json.dumps({"pictures": len(samples), "unit": "counts of 255", "strengths": results}, indent=1))
        return
    for result in results:
        for name, value in result.items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()
