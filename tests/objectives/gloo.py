"""Several gloo processes that do their share of one piece of work, and the mean of what they found.

A program beside this file calls `serve` with what one process does; a test calls `together` with the program's name.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist

WORLD = 2
Found = dict[str, dict[str, torch.Tensor]]


def together(program: str, folder: Path) -> Found:
    """Run a program of this folder in two processes; the mean over both of every tensor that they found."""
    path, store, out = Path(__file__).with_name(program), folder / "store", folder / "found.pt"
    words = [str(WORLD), str(store), str(out)]
    processes = [subprocess.Popen([sys.executable, str(path), str(rank), *words]) for rank in range(WORLD)]
    try:
        assert [process.wait(timeout=120) for process in processes] == [0] * WORLD
    finally:
        for process in processes:
            process.kill()
    found: Found = torch.load(out, weights_only=True)
    return found


def serve(work: Callable[[int, int], Found]) -> None:
    """Be one of the processes: `work(rank, world)`, averaged over all and written by the first."""
    rank, world, store, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.FileStore(store, world), rank=rank, world_size=world)
    found = work(rank, world)
    for tensor in (tensor for tensors in found.values() for tensor in tensors.values()):
        dist.all_reduce(tensor)
        tensor /= world
    if rank == 0:
        torch.save(found, Path(out))
    dist.destroy_process_group()
