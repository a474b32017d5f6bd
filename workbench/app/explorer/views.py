"""The walk from neighbour to neighbour, with back and forward as in a browser; no part of undo."""

from __future__ import annotations

LONGEST = 1_000


class Walk:
    """The rows that were looked at, in order, and where in them one is; the oldest are forgotten after 1,000."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._at = -1

    @property
    def row(self) -> int | None:
        """The row that is looked at; None before the first."""
        return self._rows[self._at] if self._rows else None

    @property
    def previous(self) -> int | None:
        """Where Back leads; None at the beginning."""
        return self._rows[self._at - 1] if self._at > 0 else None

    @property
    def following(self) -> int | None:
        """Where Forward leads; None at the end."""
        return self._rows[self._at + 1] if self._at + 1 < len(self._rows) else None

    def visit(self, row: int) -> None:
        """Go on to a row; what lay ahead is forgotten. The row that is looked at is not visited again."""
        if row == self.row:
            return
        self._rows[self._at + 1 :] = [row]
        del self._rows[:-LONGEST]
        self._at = len(self._rows) - 1

    def back(self) -> int | None:
        """Step back; the row that is then looked at, None where there was no way back."""
        row = self.previous
        self._at -= row is not None
        return row

    def forward(self) -> int | None:
        """Step forward; the row that is then looked at, None where there was no way forward."""
        row = self.following
        self._at += row is not None
        return row
