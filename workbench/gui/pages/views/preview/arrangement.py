"""Where the pictures of the preview stand: a row a sample, in as many columns of rows as makes them largest. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from workbench.gui.theme.tokens import SPACE_L, SPACE_XL, SPACE_XS

HEAD = 20
"""Room for the headings, px."""

GAP = SPACE_XS
AFTER_ORIGINAL = SPACE_L
BETWEEN = SPACE_XL
SMALLEST, LARGEST = 24, 160
_ENDLESS = 2**24
COMFORTABLE, SCROLLED = 32, 44
"""Below the first, px, pictures are not squeezed further: the whole scrolls, and they take the second at least."""


@dataclass(frozen=True)
class Arrangement:
    """Rows of an original and its views.

    columns : how many columns of rows stand beside each other
    rows : how many rows the tallest has
    cell : side of an original and of a view of the largest size, px
    widths : side of each picture of a row, the original first, px
    caption : room for words under each picture, px
    """

    columns: int
    rows: int
    cell: int
    widths: tuple[int, ...]
    caption: int = 0

    @property
    def pitch(self) -> int:
        """From a row to the next, px."""
        return self.cell + self.caption + GAP

    @property
    def group(self) -> int:
        """Width of a row, px."""
        return sum(self.widths) + len(self.widths) * GAP + AFTER_ORIGINAL

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole, px."""
        return self.columns * self.group + (self.columns - 1) * BETWEEN, HEAD + self.rows * self.pitch

    def place(self, sample: int, line: int) -> tuple[int, int, int]:
        """Left, top and side of a picture, px; line 0 is the original."""
        left = sample // self.rows * (self.group + BETWEEN) + sum(self.widths[:line]) + line * GAP
        side = self.widths[line]
        top = HEAD + sample % self.rows * self.pitch + (self.cell - side) // 2
        return left + (AFTER_ORIGINAL if line else 0), top, side


@lru_cache(maxsize=16)
def arrange(
    width: int,
    height: int,
    samples: int,
    views: int,
    ratios: tuple[float, ...] = (),
    caption: int = 0,
) -> Arrangement:
    """The arrangement with the largest pictures; higher than `height` where they would be too small to see.

    Parameters
    ----------
    ratios : for each view its side as a share of the largest view's; empty where all are of one size
    caption : room for words under each picture, px
    """
    shares = (1.0, *(ratios or (1.0,) * views))
    options = [_fitted(width, height, samples, shares, caption, columns) for columns in range(1, samples + 1)]
    fitting = [option for option in options if option.size[0] <= width] or options[:1]
    best = max(fitting, key=lambda option: option.cell)
    if best.cell >= COMFORTABLE and best.size[1] <= height:
        return best
    scrolled = [_made(samples, shares, caption, columns, SCROLLED) for columns in range(samples, 0, -1)]
    columns = next((option.columns for option in scrolled if option.size[0] <= width), 1)
    return _fitted(width, _ENDLESS, samples, shares, caption, columns)


def _fitted(width: int, height: int, samples: int, shares: Sequence[float], caption: int, columns: int) -> Arrangement:
    """So many columns, as large as the room allows and no smaller than can be seen."""
    rows = -(-samples // columns)
    room = (width - (columns - 1) * BETWEEN) // columns - AFTER_ORIGINAL - len(shares) * GAP
    cell = min(int(room / sum(shares)), (height - HEAD) // rows - caption - GAP)
    made = _made(samples, shares, caption, columns, cell)
    while made.size[0] > width and made.cell > SMALLEST:  # small views have a least size of their own
        made = _made(samples, shares, caption, columns, made.cell - 1)
    return made


def _made(samples: int, shares: Sequence[float], caption: int, columns: int, cell: int) -> Arrangement:
    side = max(SMALLEST, min(LARGEST, cell))
    widths = tuple(max(SMALLEST, round(side * share)) for share in shares)
    return Arrangement(columns, -(-samples // columns), side, widths, caption)
