"""How fast views are made: two SimCLR views an image, uint8 in, float tensors out, on the CPU.

    python -m tests.benchmarks.views [--json] [--threads 2] [--seconds 3]

32-pixel images take the `simclr-cifar` preset, 256-pixel ones the `simclr-imagenet` preset at 224. The peers, lightly's
SimCLRTransform (one PIL image at a time) and kornia's AugmentationSequential (a float batch), draw from the same
distribution in the same run; one that is not installed is reported as missing (pip install ssl-workbench[peers]).
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from workbench.data.base import Samples
from workbench.recipes.models import Choice
from workbench.views.pipeline import compile_views
from workbench.views.presets import PRESETS

STATISTICS = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
PEERS = {"lightly": "SimCLRTransform", "kornia": "AugmentationSequential"}


@dataclass(frozen=True)
class Case:
    """One size: the preset, the images' side and how many are in a batch."""

    preset: str
    side: int
    batch: int

    @property
    def view_size(self) -> int:
        return PRESETS[self.preset].size or self.side

    def settings(self, id_: str) -> dict[str, Any]:
        """The preset's settings for one operation; p = 0 where it does not use it."""
        ops: dict[str, Choice] = {op.id: op for op in PRESETS[self.preset].branches[0].ops}
        return ops[id_].params if id_ in ops else {"p": 0.0, "sigma": (0.1, 2.0)}

    def images(self) -> np.ndarray:
        """Smooth random pictures, uint8 (N, 3, side, side)."""
        coarse = torch.rand(self.batch, 3, 8, 8, generator=torch.Generator().manual_seed(0))
        smooth = torch.nn.functional.interpolate(coarse, self.side, mode="bicubic").clamp(0, 1)
        return (smooth * 255).to(torch.uint8).numpy()


CASES = (Case("simclr-cifar", 32, 256), Case("simclr-imagenet", 256, 32))


def ours(case: Case) -> Callable[[int], object]:
    pipeline = compile_views(PRESETS[case.preset], 3, case.side, case.side, *STATISTICS)
    samples = Samples({"image": case.images()}, None, np.arange(case.batch))
    return lambda step: pipeline(samples, (0, step), torch.device("cpu"))


def kornia(case: Case) -> Callable[[int], object]:
    augmentation = importlib.import_module("kornia.augmentation")
    crop, jitter, blur = (case.settings(name) for name in ("random_resized_crop", "colour_jitter", "gaussian_blur"))
    strengths = [jitter[name] for name in ("brightness", "contrast", "saturation", "hue")]
    chain = augmentation.AugmentationSequential(
        augmentation.RandomResizedCrop((case.view_size, case.view_size), scale=crop["scale"], ratio=crop["ratio"]),
        augmentation.RandomHorizontalFlip(p=0.5),
        augmentation.ColorJitter(*strengths, p=jitter["p"]),
        augmentation.RandomGrayscale(p=case.settings("greyscale")["p"]),
        *([augmentation.RandomGaussianBlur((13, 13), blur["sigma"], p=blur["p"])] if blur["p"] else []),
        augmentation.Normalize(torch.tensor(STATISTICS[0]), torch.tensor(STATISTICS[1])),
    )
    images = torch.from_numpy(case.images())
    return lambda step: [chain(images.float() / 255) for _ in range(2)]


def lightly(case: Case) -> Callable[[int], object]:
    transforms = importlib.import_module("lightly.transforms")
    crop, jitter, blur = (case.settings(name) for name in ("random_resized_crop", "colour_jitter", "gaussian_blur"))
    transform = transforms.SimCLRTransform(
        input_size=case.view_size,
        cj_prob=jitter["p"],
        cj_strength=1.0,
        cj_bright=jitter["brightness"],
        cj_contrast=jitter["contrast"],
        cj_sat=jitter["saturation"],
        cj_hue=jitter["hue"],
        min_scale=crop["scale"][0],
        random_gray_scale=case.settings("greyscale")["p"],
        gaussian_blur=blur["p"],
        sigmas=blur["sigma"],
        hf_prob=0.5,
    )
    pictures = [Image.fromarray(image) for image in case.images().transpose(0, 2, 3, 1)]

    def run(step: int) -> object:
        views = [transform(picture) for picture in pictures]
        return [torch.stack([pair[v] for pair in views]) for v in range(2)]

    return run


def images_per_s(run: Callable[[int], object], batch: int, seconds: float) -> float:
    """The median over batches, after two to warm up."""
    run(0), run(1)
    times: list[float] = []
    while sum(times) < seconds or len(times) < 3:
        start = time.perf_counter()
        run(len(times))
        times.append(time.perf_counter() - start)
    return batch / statistics.median(times)


def measure(case: Case, seconds: float) -> dict[str, Any]:
    """Our rate, each peer's, and the ratio of the two."""
    rate = images_per_s(ours(case), case.batch, seconds)
    result: dict[str, Any] = {
        "preset": case.preset,
        "source_px": case.side,
        "view_px": case.view_size,
        "ours_images_per_s": round(rate),
    }
    for peer, build in (("lightly", lightly), ("kornia", kornia)):
        try:
            run = build(case)
        except ImportError as error:
            result[peer] = f"missing: {error}"
            continue
        theirs = images_per_s(run, case.batch, seconds)
        result[peer] = {
            "what": PEERS[peer],
            "images_per_s": round(theirs),
            "ours_times_faster": round(rate / theirs, 1),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to measure each")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    results = [measure(case, arguments.seconds) for case in CASES]
    if arguments.json:
        print(json.dumps({"threads": arguments.threads, "views_per_image": 2, "cases": results}, indent=1))
        return
    for result in results:
        print("  ".join(f"{name}: {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
