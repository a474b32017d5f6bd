"""How fast views are made: two SimCLR views an image, uint8 in, float tensors out.

    python -m tests.benchmarks.views [--json] [--threads 2] [--seconds 3] [--device all|cpu|cuda]

32-pixel images take the `simclr-cifar` preset in batches of 1,024, 256-pixel ones the `simclr-imagenet` preset at 224
in batches of 128; smaller batches cost us more an image (256 at 32 px: a third). The peers, lightly's
SimCLRTransform (one PIL image at a time) and kornia's AugmentationSequential (a float batch), draw from the same
distribution in the same run; one that is not installed is reported as missing (pip install ssl-workbench[peers]).

Memory is how far the process's high-water mark rises above what it held before, over one batch after a first one, as
a multiple of that batch of views; it is measured in a process of its own on Linux, and by torch on CUDA.

With a CUDA device the same views are made on it, against kornia on it, and as a share of a ResNet-18 training step.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from workbench.data.base import Samples
from workbench.recipes.models import Choice
from workbench.views.base import Views
from workbench.views.pipeline import compile_views
from workbench.views.presets import PRESETS

STATISTICS = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
PEERS = {"lightly": "SimCLRTransform", "kornia": "AugmentationSequential"}
MOST_MEMORY = 3.0
"""Goal: multiples of the output batch."""
CUDA_BATCH = 256
CUDA_GOALS = {"times_kornia": 3.0, "share_of_a_resnet18_step": 0.05}


@dataclass(frozen=True)
class Case:
    """One size: the preset, the images' side, how many are in a batch, and how many times as fast as whom to be."""

    preset: str
    side: int
    batch: int
    goals: tuple[tuple[str, float], ...]

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


CASES = (
    Case("simclr-cifar", 32, 1024, (("lightly", 80.0), ("kornia", 15.0))),
    Case("simclr-imagenet", 256, 128, (("lightly", 10.0), ("kornia", 20.0))),
)


def ours(case: Case, device: str = "cpu") -> Callable[[int], Views]:
    pipeline = compile_views(PRESETS[case.preset], 3, case.side, case.side, *STATISTICS)
    samples = Samples({"image": case.images()}, None, np.arange(case.batch))
    return lambda step: pipeline(samples, (0, step), torch.device(device))


def kornia(case: Case, device: str = "cpu") -> Callable[[int], object]:
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
    chain = chain.to(device)
    return lambda step: [chain(images.to(device).float() / 255) for _ in range(2)]


def lightly_transform(case: Case) -> Any:
    """lightly's transform with the preset's settings, for one PIL image."""
    transforms = importlib.import_module("lightly.transforms")
    crop, jitter, blur = (case.settings(name) for name in ("random_resized_crop", "colour_jitter", "gaussian_blur"))
    return transforms.SimCLRTransform(
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


def lightly(case: Case) -> Callable[[int], object]:
    transform = lightly_transform(case)
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
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return batch / statistics.median(times)


def measure(case: Case, seconds: float) -> dict[str, Any]:
    """Our rate, each peer's, and the ratio of the two beside its goal."""
    rate = images_per_s(ours(case), case.batch, seconds)
    result: dict[str, Any] = {
        "preset": case.preset,
        "source_px": case.side,
        "view_px": case.view_size,
        "ours_images_per_s": round(rate),
    }
    builds = {"lightly": lightly, "kornia": kornia}
    for peer, goal in case.goals:
        try:
            run = builds[peer](case)
        except ImportError as error:
            result[peer] = f"missing: {error}"
            continue
        theirs = images_per_s(run, case.batch, seconds)
        result[peer] = {"what": PEERS[peer], "images_per_s": round(theirs, 1), **_against(rate / theirs, goal)}
    return result | {"memory": memory(case)}


def _against(times: float, goal: float) -> dict[str, Any]:
    return {"ours_times_faster": round(times, 1), "goal": goal, "reached": times >= goal}


def memory(case: Case) -> dict[str, Any] | str:
    """How far one batch lifts the high-water mark of a fresh process, in multiples of the batch it makes."""
    if not Path("/proc/self/clear_refs").exists():
        return "skipped: only Linux tells how high a process's memory has been"
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        multiple = pool.apply(_memory_of, (case, torch.get_num_threads()))
    return {"multiple_of_the_views": round(multiple, 2), "goal": MOST_MEMORY, "reached": multiple <= MOST_MEMORY}


def _memory_of(case: Case, threads: int) -> float:
    torch.set_num_threads(threads)
    larger = Case(case.preset, case.side, 8 * case.batch, ())  # far above what an allocator keeps at hand
    run = ours(larger)
    made = sum(view.nbytes for view in run(0).inputs)
    Path("/proc/self/clear_refs").write_text("5")  # sets the high-water mark to what is held now
    before = _status_bytes("VmRSS")
    run(1)
    return (_status_bytes("VmHWM") - before) / made


def _status_bytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


def measure_cuda(case: Case, seconds: float) -> dict[str, Any]:
    """Ours and kornia on the device, our memory there, and our share of a training step."""
    case = Case(case.preset, case.side, CUDA_BATCH, ())
    rate = images_per_s(ours(case, "cuda"), case.batch, seconds)
    result: dict[str, Any] = {"preset": case.preset, "batch": case.batch, "ours_images_per_s": round(rate)}
    try:
        theirs = images_per_s(kornia(case, "cuda"), case.batch, seconds)
        result["kornia"] = {"images_per_s": round(theirs), **_against(rate / theirs, CUDA_GOALS["times_kornia"])}
    except ImportError as error:
        result["kornia"] = f"missing: {error}"
    step_s = case.batch / images_per_s(resnet18_step(case), case.batch, seconds)
    share = (case.batch / rate) / (case.batch / rate + step_s)
    goal = CUDA_GOALS["share_of_a_resnet18_step"]
    result["share_of_a_resnet18_step"] = {"share": round(share, 4), "goal": goal, "reached": share <= goal}
    return result | {"memory": _cuda_memory(case)}


def resnet18_step(case: Case) -> Callable[[int], object]:
    """Forward, backward and optimiser of a ResNet-18 on the two views of a batch, in float32."""
    model = importlib.import_module("torchvision.models").resnet18().cuda()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    views = torch.cat(ours(case, "cuda")(0).inputs)

    def run(step: int) -> object:
        loss = model(views).square().mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss

    return run


def _cuda_memory(case: Case) -> dict[str, Any]:
    run = ours(case, "cuda")
    made = sum(view.nbytes for view in run(0).inputs)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run(1)
    multiple = (torch.cuda.max_memory_allocated() - before) / made
    return {"multiple_of_the_views": round(multiple, 2), "goal": MOST_MEMORY, "reached": multiple <= MOST_MEMORY}


def cuda(seconds: float) -> list[dict[str, Any]] | str:
    """Every case on the CUDA device, where there is one."""
    if not torch.cuda.is_available():
        return "skipped: no CUDA device"
    return [measure_cuda(case, seconds) for case in CASES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to measure each")
    parser.add_argument("--device", choices=("all", "cpu", "cuda"), default="all")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    result: dict[str, Any] = {"threads": arguments.threads, "views_per_image": 2}
    if arguments.device != "cuda":
        result["cases"] = [measure(case, arguments.seconds) for case in CASES]
    if arguments.device != "cpu":
        result["cuda"] = cuda(arguments.seconds)
    print(json.dumps(result, indent=None if arguments.json else 1))


if __name__ == "__main__":
    main()
