"""How well a few typed letters fit a title. No Qt.

The letters must occur in order. Among all ways of placing them the best counts: letters at the start of a word and
letters that follow each other are worth more, letters skipped before the first one cost a little.
"""

from __future__ import annotations

from dataclasses import dataclass

_WORD_START = 8.0
_CONSECUTIVE = 6.0
_PLAIN = 1.0
_GAP_COST = 0.15
_NEVER = float("-inf")


@dataclass(frozen=True)
class Match:
    """score : higher is better; positions : the letters of the title that were typed, ascending"""

    score: float
    positions: tuple[int, ...]


def match(query: str, title: str) -> Match | None:
    """The best placement of the query's letters in the title, None where they do not occur in order.

    Spaces in the query and upper case do not count; an empty query fits everything with score 0.
    """
    letters = [letter for letter in query.casefold() if not letter.isspace()]
    text = title.casefold() if len(title.casefold()) == len(title) else title.lower()[: len(title)]
    if not letters:
        return Match(0.0, ())
    best, came_from = _fill(letters, text, title)
    last = max(range(len(text)), key=lambda place: best[-1][place], default=0)
    if not text or best[-1][last] == _NEVER:
        return None
    positions = [last]
    for row in range(len(letters) - 1, 0, -1):
        positions.append(came_from[row][positions[-1]])
    return Match(best[-1][last] - 0.02 * len(text), tuple(reversed(positions)))


def _fill(letters: list[str], text: str, title: str) -> tuple[list[list[float]], list[list[int]]]:
    """best[i][j]: score of placing letters 0..i with letter i at j; came_from[i][j]: where letter i - 1 then is."""
    worth = [_WORD_START if _starts_word(title, place) else _PLAIN for place in range(len(text))]
    best: list[list[float]] = []
    came_from: list[list[int]] = []
    for row, letter in enumerate(letters):
        scores, sources = [_NEVER] * len(text), [-1] * len(text)
        reach, source = _NEVER, -1
        for place, here in enumerate(text):
            if row and place and best[-1][place - 1] > reach - _GAP_COST:
                reach, source = best[-1][place - 1], place - 1
            else:
                reach -= _GAP_COST
            if here != letter:
                continue
            if row == 0:
                scores[place] = worth[place] - _GAP_COST * place
                continue
            adjacent = best[-1][place - 1] + _CONSECUTIVE if place else _NEVER
            ahead = max(adjacent, reach)
            if ahead != _NEVER:
                scores[place], sources[place] = ahead + worth[place], place - 1 if adjacent >= reach else source
        best.append(scores)
        came_from.append(sources)
    return best, came_from


def _starts_word(title: str, place: int) -> bool:
    if place == 0:
        return True
    before, here = title[place - 1], title[place]
    return not before.isalnum() or (before.islower() and here.isupper())
