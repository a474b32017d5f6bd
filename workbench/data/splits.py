"""Which sample belongs to which split."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ALIASES = {
    "training": "train",
    "trn": "train",
    "testing": "test",
    "tst": "test",
    "valid": "val",
    "validation": "val",
    "dev": "val",
}
_ORDER = ("train", "val", "test")


def canonical(name: str) -> str:
    """'train', 'val' or 'test' for the usual spellings; any other name in lower case."""
    lower = name.strip().lower()
    return _ALIASES.get(lower, lower)


def is_split_name(name: str) -> bool:
    """Whether a folder or key of this name is one of the usual splits."""
    return canonical(name) in _ORDER


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Split names without repeats: train, val, test, then the rest by name."""
    present = set(names)
    return tuple(name for name in _ORDER if name in present) + tuple(sorted(present - set(_ORDER)))


def settle(
    given: Sequence[str], ids: Sequence[str], labels: NDArray[np.int64] | None, test_share: float, seed: int
) -> NDArray[np.str_]:
    """The split of every sample.

    Parameters
    ----------
    given : N names as the files say, "" where they say nothing (counts as train)
    ids : N texts, from which the hold-out is drawn: the same texts give the same draw in any order

    A validation split stands in where there is no test split; where there is neither, `test_share` of the training
    samples is held out as "test", the same share of every class as far as whole samples allow. Where nothing is meant
    for training, the names say nothing.
    """
    names = np.array([canonical(name) or "train" for name in given], dtype=object)
    if "train" not in names:
        names[:] = "train"
    if "test" not in names and "val" in names:
        names[names == "val"] = "test"
    if "test" not in names:
        train = np.flatnonzero(names == "train")
        held = hold_out([ids[i] for i in train.tolist()], None if labels is None else labels[train], test_share, seed)
        names[train[held]] = "test"
    return names.astype(np.str_)


def hold_out(ids: Sequence[str], labels: NDArray[np.int64] | None, share: float, seed: int) -> NDArray[np.int64]:
    """Positions of round(share * N) samples, drawn by a hash of their id, evenly over the classes."""
    ranks = sorted(range(len(ids)), key=lambda i: _draw(ids[i], seed))
    groups: dict[int, list[int]] = defaultdict(list)
    for i in ranks:
        groups[-1 if labels is None else int(labels[i])].append(i)
    depth = {i: (place + 0.5) / len(group) for group in groups.values() for place, i in enumerate(group)}
    chosen = sorted(ranks, key=lambda i: depth[i])[: round(share * len(ids))]
    return np.array(sorted(chosen), dtype=np.int64)


def falls_in_test(text: str, share: float) -> bool:
    """Whether a sample of this id belongs to the held-out share, whatever else is in the set."""
    return _draw(text, 0) < share * 2**64


def _draw(text: str, seed: int) -> int:
    digest = hashlib.blake2b(f"{seed}/{text}".encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
