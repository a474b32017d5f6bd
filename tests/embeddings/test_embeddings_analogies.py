"""Benchmarks of words: equal to gensim's to the question, and files that are not what they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import Cancelled, DataError
from workbench.embeddings.search.index import SearchIndex
from workbench.embeddings.words.analogies import AnalogyReport, solve_analogies
from workbench.embeddings.words.files import read_judgements, read_questions
from workbench.embeddings.words.similarity import correlate
from workbench.embeddings.words.vocabulary import Vocabulary

CAPITALS = [
    "Athens",
    "Greece",
    "Oslo",
    "Norway",
    "Rome",
    "Italy",
    "Paris",
    "France",
    "Madrid",
    "Spain",
    "Berlin",
    "Germany",
    "Cairo",
    "Egypt",
    "Hanoi",
    "Vietnam",
]
VERBS = [
    "dance",
    "dancing",
    "swim",
    "swimming",
    "run",
    "running",
    "walk",
    "walking",
    "play",
    "playing",
    "say",
    "saying",
]
RNG = np.random.default_rng(5)


def cloud() -> tuple[list[str], np.ndarray]:
    """Words in which pairs differ by nearly one step, so that some analogies are solved and some are not."""
    words, rows = [], []
    for pairs in (CAPITALS, VERBS):
        step = RNG.normal(size=20)
        for first, second in zip(pairs[::2], pairs[1::2], strict=True):
            base = RNG.normal(size=20)
            words += [first, second]
            rows += [base, base + 0.8 * step + 0.9 * RNG.normal(size=20)]
    # Names of the capitals in small letters, near them but later: gensim takes the first of a case.
    words += [word.lower() for word in CAPITALS[:6]]
    rows += [row + 0.05 * RNG.normal(size=20) for row in rows[:6]]
    noise = RNG.normal(size=(300, 20))
    return words + [f"noise{n}" for n in range(300)], np.concatenate([np.stack(rows), noise]).astype(np.float32)


WORDS, VECTORS = cloud()


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    lines = [": capitals"]
    pairs = list(zip(CAPITALS[::2], CAPITALS[1::2], strict=True))
    lines += [f"{a} {b} {c} {d}" for a, b in pairs for c, d in pairs if a != c]
    lines += ["Athens Greece Atlantis Nowhere", "three words only", ": gram5-participle"]
    pairs = list(zip(VERBS[::2], VERBS[1::2], strict=True))
    lines += [f"{a} {b} {c} {d}" for a, b in pairs for c, d in pairs if a != c]
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def solved(path: Path, **options) -> tuple[AnalogyReport, list]:
    found, _ = read_questions(path)
    return solve_analogies(SearchIndex(VECTORS, "cosine"), Vocabulary(WORDS), found, **options), found


def keyed(words: list[str] = WORDS, vectors: np.ndarray = VECTORS):
    made = pytest.importorskip("gensim.models").KeyedVectors(vectors.shape[1])
    made.add_vectors(words, vectors)
    return made


@pytest.mark.parametrize("any_case", [True, False])
@pytest.mark.parametrize("restrict", [300_000, 200, 30])
def test_the_same_questions_are_solved_as_by_gensim(questions: Path, any_case: bool, restrict: int) -> None:
    report, asked = solved(questions, restrict=restrict, any_case=any_case)
    _, theirs = keyed().evaluate_word_analogies(str(questions), restrict_vocab=restrict, case_insensitive=any_case)
    ours = [(q.a, q.b, q.c, q.answer) for q, right in zip(asked, report.correct, strict=True) if right]
    if any_case:
        ours = [tuple(word.upper() for word in words) for words in ours]
    assert ours == [tuple(words) for words in theirs[-1]["correct"]]
    assert 0 < report.total.correct < report.total.asked
    assert report.total.asked == len(theirs[-1]["correct"]) + len(theirs[-1]["incorrect"])


def test_sections_and_kinds_add_up_and_skipped_ones_are_counted(questions: Path) -> None:
    report, _ = solved(questions)
    capitals, verbs = report.sections
    assert (capitals.name, capitals.asked, capitals.skipped) == ("capitals", 56, 1)
    assert (verbs.name, verbs.asked, verbs.skipped) == ("gram5-participle", 30, 0)
    assert (report.semantic.correct, report.syntactic.correct) == (capitals.correct, verbs.correct)
    assert report.total.correct == capitals.correct + verbs.correct == int(report.correct.sum())
    assert report.total.accuracy == report.total.correct / 86


def test_blocks_do_not_change_what_is_solved(questions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = solved(questions, method="mul")
    monkeypatch.setattr("workbench.embeddings.words.analogies._WORDS", 17)
    monkeypatch.setattr("workbench.embeddings.words.analogies._QUESTIONS", 5)
    np.testing.assert_array_equal(solved(questions, method="mul")[0].answers, whole.answers)


def test_multiplication_answers_as_one_analogy_at_a_time_does(questions: Path) -> None:
    from workbench.embeddings.words.arithmetic import analogy

    report, asked = solved(questions, method="mul", any_case=False)
    index, vocabulary = SearchIndex(VECTORS, "cosine"), Vocabulary(WORDS)
    for number in (0, 20, 60, 80):
        a, b, c = (vocabulary.row(word) for word in (asked[number].a, asked[number].b, asked[number].c))
        assert report.answers[number] == analogy(index, a, b, c, 1, "mul").rows[0]


def test_words_without_direction_are_unknown(questions: Path) -> None:
    damaged = VECTORS.copy()
    damaged[WORDS.index("Oslo")] = 0
    damaged[WORDS.index("Rome")] = np.nan
    found, _ = read_questions(questions)
    report = solve_analogies(SearchIndex(damaged, "cosine"), Vocabulary(WORDS), found, any_case=False)
    assert report.sections[0].asked == 56 - 2 * 14 + 2
    assert report.answers.max() < len(WORDS)


def test_cancel_stops_between_blocks_of_questions(questions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.embeddings.words.analogies._QUESTIONS", 5)

    def progress(share: float, words: str) -> None:
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        solved(questions, progress=progress)


def test_correlations_equal_those_of_gensim(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    known = [f"{RNG.choice(WORDS)}\t{RNG.choice(WORDS)}\t{RNG.uniform(0, 10):.2f}" for _ in range(80)]
    path.write_text("\n".join(["# a comment", "Word 1\tWord 2\tHuman (mean)", *known, "Oslo\tAtlantis\t3"]), "utf-8")
    judgements, invalid = read_judgements(path)
    report = correlate(SearchIndex(VECTORS, "cosine"), WORDS, judgements)
    pearson, spearman, unknown = keyed().evaluate_word_pairs(str(path))
    assert report.pearson.value == pytest.approx(float(pearson[0]), abs=1e-6)
    assert report.spearman.value == pytest.approx(float(spearman[0]), abs=1e-6)
    assert report.spearman.p == pytest.approx(float(spearman[1]), rel=1e-3)
    assert (report.used, report.skipped, invalid) == (80, 1, 1)
    assert unknown == pytest.approx(100 / 81)


@pytest.mark.parametrize(
    "text",
    [
        "word1\tword2\tPOS\tSimLex999\nold\tnew\tA\t1.58\nhard\teasy\tA\t0.95",
        "Word 1,Word 2,Human (mean)\nold,new,1.58\nhard,easy,0.95",
        "old new 1.58\nhard easy 0.95\n",
    ],
)
def test_judgements_are_read_as_they_are_published(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text, encoding="utf-8")
    found, _ = read_judgements(tmp_path / "file")
    assert [(one.a, one.b, one.score) for one in found] == [("old", "new", 1.58), ("hard", "easy", 0.95)]


@pytest.mark.parametrize("read", [read_questions, read_judgements])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x80\x81\xff\xfe" * 9, "not a text in UTF-8"),
        (b"a\0b", "not a text"),
        (b"nothing to see", "has no"),
    ],
)
def test_a_file_that_holds_no_questions_says_so(tmp_path: Path, read, content: bytes, words: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read(tmp_path / "file")
    with pytest.raises(DataError, match="There is no file"):
        read(tmp_path / "absent")


def test_a_file_without_a_known_word_says_what_to_choose(tmp_path: Path) -> None:
    (tmp_path / "q").write_text("un deux trois quatre", encoding="utf-8")
    (tmp_path / "p").write_text("un deux 3", encoding="utf-8")
    index = SearchIndex(VECTORS, "cosine")
    with pytest.raises(DataError, match="None of 1 analogies"):
        solve_analogies(index, Vocabulary(WORDS), read_questions(tmp_path / "q")[0])
    with pytest.raises(DataError, match="Only 0 of 1 pairs"):
        correlate(index, WORDS, read_judgements(tmp_path / "p")[0])


def test_a_word_is_found_as_spelt_then_in_any_case_then_guessed() -> None:
    vocabulary = Vocabulary(["the", "King", "king", "queen", "queens", "king"])
    assert vocabulary.row("king") == 2
    assert vocabulary.row("KING") == 1
    assert vocabulary.repeated("king") == 2
    with pytest.raises(DataError, match="Try 'queen' or 'queens'"):
        vocabulary.row("quen")
    assert vocabulary.complete("k", 5) == [1, 2]
    assert vocabulary.complete("", 2) == [0, 1]
