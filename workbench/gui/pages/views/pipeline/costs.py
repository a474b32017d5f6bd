"""Measured costs of operations, and where they belong after the pipeline was changed. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

Place = tuple[int, int]
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Costs:
    """What operations cost when they were measured.

    views : the views section that was measured
    us : (branch, position) there -> microseconds that the operation adds to a sample, all its views
    """

    views: Document = field(default_factory=dict)
    us: Mapping[Place, float] = field(default_factory=dict)

    @property
    def whole(self) -> float:
        """The cost of all operations, µs an image."""
        return sum(self.us.values())

    def placed(self, branches: Sequence[Document]) -> dict[Place, float]:
        """The costs of the operations that are still there, by their places in these branches."""
        measured = {name_of(branch): number for number, branch in enumerate(self.views.get("branches", ()))}
        found: dict[Place, float] = {}
        for number, branch in enumerate(branches):
            was = measured.get(name_of(branch))
            if was is None:
                continue
            before = ids_of(self.views["branches"][was])
            for old, new in kept(before, ids_of(branch)):
                if (was, old) in self.us:
                    found[number, new] = self.us[was, old]
        return found


def kept(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Positions (before, after) of what stayed: what kept its order first, then what was moved."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    pairs = [(block.a + step, block.b + step) for block in blocks for step in range(block.size)]
    left = [old for old in range(len(before)) if old not in {pair[0] for pair in pairs}]
    for new in range(len(after)):
        if new not in {pair[1] for pair in pairs}:
            moved = next((old for old in left if before[old] == after[new]), None)
            if moved is not None:
                left.remove(moved)
                pairs.append((moved, new))
    return sorted(pairs)


def name_of(branch: Document) -> str:
    """The branch's name, by which it is known again."""
    return str(branch.get("name", "A"))


def ids_of(branch: Document) -> list[str]:
    """The branch's operations."""
    return [str(op.get("id", "")) for op in branch.get("ops", ())]
