"""Points named in a line of text: `king - man + woman`, `"new york"`, and `#42` for the point in row 42."""

from __future__ import annotations

import re
from typing import Any

from workbench.core.errors import WorkbenchError

SIGNS = {"+": 1, "-": -1, "\N{MINUS SIGN}": -1}
_PART = re.compile(r'\s*([+\-\u2212]?)\s*("[^"]*"|[^\s"]+)')
_ROW = re.compile(r"#(\d+)")
_LONGEST = 40

Term = dict[str, Any]


def term_of(text: str) -> Term | None:
    """What the lab takes for one point: {"row": 42} or {"text": "king"}; None for an empty text."""
    name = text.strip()
    row = _ROW.fullmatch(name)
    if row:
        return {"row": int(row[1])}
    name = name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name
    return {"text": name} if name.strip() else None


def parse_sum(text: str) -> list[Term]:
    """The signed terms of a sum; none for an empty line.

    Signs stand before a word, apart from it or not; a hyphen within a word is no sign, and words without one are added.
    Raises WorkbenchError where a sign has no word behind it, or a quotation mark has no partner.
    """
    terms, at = [], 0
    for part in _PART.finditer(text):
        sign, name = part[1], part[2]
        term = None if name in SIGNS else term_of(name)
        if term is None:
            raise WorkbenchError("A sum needs a word behind each sign.", "Write for example: king -man +woman")
        if text[at : part.start()].strip():
            break
        terms.append({**term, "sign": SIGNS.get(sign, 1)})
        at = part.end()
    if text[at:].strip():
        raise WorkbenchError(
            f"{text[at:].strip()!r} cannot be read as words with signs.", 'Write for example: king -"new york" +woman'
        )
    return terms


def name_of_row(row: int, word: str) -> str:
    """How a point is written in a sum: its word, in quotation marks where it needs them, or its row."""
    if not word or len(word) > _LONGEST or '"' in word:
        return f"#{row}"
    plain = not re.search(r"\s", word) and word[0] not in SIGNS and not _ROW.fullmatch(word)
    return word if plain else f'"{word}"'


def written_sum(terms: list[Term]) -> str:
    """Terms as a line that `parse_sum` reads back."""
    parts = []
    for term in terms:
        name = f"#{term['row']}" if "row" in term else name_of_row(0, term["text"])
        parts.append(f"{'-' if term['sign'] < 0 else '+'} {name}")
    return " ".join(parts).removeprefix("+ ")


def word_at(text: str, cursor: int) -> tuple[int, int]:
    """The word that is being typed at the cursor: where it begins, without its sign, and where it ends."""
    quotes = [at for at, letter in enumerate(text[:cursor]) if letter == '"']
    if len(quotes) % 2:
        end = text.find('"', cursor)
        return quotes[-1], len(text) if end < 0 else end + 1
    start = cursor
    while start and not text[start - 1].isspace():
        start -= 1
    end = cursor
    while end < len(text) and not text[end].isspace():
        end += 1
    return start + (start < cursor and text[start] in SIGNS), end
