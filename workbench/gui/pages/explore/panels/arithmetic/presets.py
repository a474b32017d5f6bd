"""Pairs of words that show what an embedding has learned, and which of them a set has. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.runs.embedding_meta import word_column

if TYPE_CHECKING:
    import pyarrow as pa

Pair = tuple[str, str]


def _pairs(text: str) -> tuple[Pair, ...]:
    words = text.split()
    return tuple(zip(words[::2], words[1::2], strict=True))


PRESETS: dict[str, tuple[Pair, ...]] = {
    "Countries and capitals": _pairs(
        "china beijing japan tokyo france paris germany berlin russia moscow italy rome spain madrid poland warsaw"
        " greece athens portugal lisbon turkey ankara egypt cairo austria vienna norway oslo sweden stockholm"
    ),
    "Man and woman": _pairs(
        "man woman king queen brother sister father mother son daughter uncle aunt nephew niece husband wife"
        " actor actress he she duke duchess prince princess"
    ),
    "Comparatives": _pairs(
        "slow slower short shorter strong stronger loud louder clear clearer soft softer dark darker high higher"
        " big bigger small smaller fast faster cheap cheaper"
    ),
}


def known_pairs(samples: pa.Table, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs both of whose words a set has, in any case. Looks through all rows: not for the window's thread."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pc.utf8_lower(samples.column(word_column(samples.column_names)).cast(pa.string()))
    wanted = sorted({word for pair in pairs for word in pair})
    there = pc.is_in(pa.array(wanted), value_set=words.combine_chunks()).to_pylist()
    known = {word for word, found in zip(wanted, there, strict=True) if found}
    return [pair for pair in pairs if known.issuperset(pair)]
