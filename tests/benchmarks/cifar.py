"""SimCLR with the tiny CNN on CIFAR-10, 150 s of training on this machine's CPU.

    python -m tests.benchmarks.cifar [--json]

Features are judged by kNN (k = 200, T = 0.1, cosine) with all 50,000 training pictures as the bank and 2,000 seeded
test pictures as queries, beside raw pixels and the untrained encoder on the same split. Needs the CIFAR npz files
(WORKBENCH_TEST_DATA).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    arguments = parser.parse_args()
    data = (ROOT / os.environ.get("WORKBENCH_TEST_DATA", "../shared/data")).resolve()
    if not (data / "cifar10_jpeg_train.npz").exists():
        print(json.dumps({"skipped": f"no CIFAR npz files in {data}; set WORKBENCH_TEST_DATA"}))
        return 0
    with tempfile.TemporaryDirectory() as home:
        run = Path(home) / "run"
        overrides = [
            "data.id=cifar-npz",
            f"data.path={data}",
            "evaluation.every_epochs=0",
            "checkpoints.embed=false",
            *arguments.overrides,
        ]
        settings = [word for override in overrides for word in ("--set", override)]
        limit = ("--time-limit", f"{arguments.seconds}s", "--device", "cpu")
        trained = workbench(home, "train", "simclr-cifar10", *settings, *limit, "--run-dir", str(run))
        judged = workbench(
            home, "eval", str(run), "--knn", "-k", "200", "--temperature", "0.1", "--bank", "0", "--test", "2000"
        )
    result = {
        "knn": judged["knn"],
        "floors": judged["floors"],
        "settings": judged["settings"],
        "steps": trained["step"],
        "training_s": trained["elapsed_s"],
        "loss": trained["loss"],
    }
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


def workbench(home: str, *words: str) -> dict[str, object]:
    """One command's JSON."""
    command = [sys.executable, "-m", "workbench", *words, "--json"]
    done = subprocess.run(
        command, env={**os.environ, "WORKBENCH_HOME": home}, stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
