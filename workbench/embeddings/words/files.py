"""Files of word questions: analogies and similarities, read line by line with what could not be read counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workbench.core.errors import DataError

_MOST_BYTES = 2**26
_UNNAMED = "questions"


@dataclass(frozen=True)
class Question:
    """A is to B as C is to `answer`."""

    section: str
    a: str
    b: str
    c: str
    answer: str


@dataclass(frozen=True)
class Judgement:
    """How alike people find two words; the scale is the file's."""

    a: str
    b: str
    score: float


def read_questions(path: Path) -> tuple[list[Question], int]:
    """Questions of a file in the questions-words format, and how many lines are none.

    A line ": name" begins a section, every other has four words. Raises DataError where nothing can be read.
    """
    questions, section, invalid = [], _UNNAMED, 0
    for line in _lines(path):
        words = line.split()
        if line.startswith(":"):
            section = line.lstrip(": ").strip() or _UNNAMED
        elif len(words) == 4:
            questions.append(Question(section, *words))
        else:
            invalid += bool(words)
    if not questions:
        raise DataError(f"{path} has no analogies.", 'A line has four words: "Athens Greece Oslo Norway".')
    return questions, invalid


def read_judgements(path: Path) -> tuple[list[Judgement], int]:
    """Pairs of words with a score, and how many lines (headers among them) are none.

    Columns are separated by tabs, commas or semicolons, else by spaces; the score is the first number after the two
    words, so that WordSim-353 and SimLex-999 are read as they are published. Lines that begin with # are left out.
    Raises DataError where nothing can be read.
    """
    judgements, invalid = [], 0
    for line in _lines(path):
        if not line.strip() or line.startswith("#"):
            continue
        judgement = _judgement(line)
        invalid += judgement is None
        if judgement is not None:
            judgements.append(judgement)
    if not judgements:
        raise DataError(f"{path} has no pairs.", 'A line has two words and a number: "cup mug 8.5".')
    return judgements, invalid


def _judgement(line: str) -> Judgement | None:
    separator = next((mark for mark in "\t;," if mark in line), None)
    fields = [field.strip() for field in line.split(separator)]
    number = next((value for field in fields[2:] if (value := _number(field)) is not None), None)
    return Judgement(fields[0], fields[1], number) if number is not None and fields[0] and fields[1] else None


def _number(field: str) -> float | None:
    return float(field) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", field) else None


def _lines(path: Path) -> list[str]:
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise DataError(
                f"{path} has {size:,} bytes, too many for a file of word questions.", "Choose another file."
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    if not content.strip():
        raise DataError(f"{path} is empty.", "Choose another file.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a text in UTF-8 (byte {error.start:,}).", "Save it as UTF-8.") from None
    if "\0" in text:
        raise DataError(f"{path} is not a text.", "Choose another file.")
    return text.splitlines()
