"""Rows shared among ordinary threads, for kernels that free the GIL.

Numba's own threads are not used: its default layer aborts the process when two threads enter it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numba
import numpy as np


def workers() -> ThreadPoolExecutor:
    """As many threads as numba may use."""
    return ThreadPoolExecutor(numba.get_num_threads(), thread_name_prefix="rows")


def share(pool: ThreadPoolExecutor, count: int, work: Callable[[slice], None]) -> None:
    """Do `count` rows in equal bands, one a thread; raises what `work` raises."""
    edges = np.linspace(0, count, numba.get_num_threads() + 1).astype(int)
    list(pool.map(work, [slice(int(a), int(b)) for a, b in pairwise(edges)]))
