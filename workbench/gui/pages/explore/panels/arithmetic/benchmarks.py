"""Files of analogies and of judged pairs, worked off with progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QStackedLayout,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.app.jobs import Job
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.arithmetic.analogy import method_box
from workbench.gui.pages.explore.panels.arithmetic.scores import Scores, analogy_scores, cell_words, similarity_scores
from workbench.gui.pages.explore.panels.arithmetic.tool import Tool, has_words
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import icon_button, label, push_button, set_tone
from workbench.gui.widgets.containers import EmptyState

RESTRICTIONS = (30_000, 300_000, 1_000_000)
_FILES = "Word files (*.txt *.tsv *.csv);;All files (*)"
_HINT = (
    "Analogy files have four words a line and sections that begin with a colon, as questions-words.txt has. "
    "Pair files have two words and a score, as WordSim-353 and SimLex-999 have. "
    "Lines with words that the set does not have are skipped and counted."
)


class BenchmarksTool(Tool):
    """Choose a file; the table has a line a section."""

    title, tip = "Benchmarks", "How many analogies of a file are solved, and how judged pairs are followed"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.scores: Scores | None = None
        self._job: Job | None = None
        self.analogies_button = push_button("Analogies…", "primary", tip="Choose a file in the questions-words format")
        self.pairs_button = push_button("Word pairs…", "", tip="Choose a file of word pairs that people have judged")
        self.method = method_box()
        self.restrict = QComboBox()
        self.restrict.setAccessibleName("Words that take part")
        self.restrict.setToolTip("Only so many of the first words take part, as in the word2vec tools")
        for count in RESTRICTIONS:
            self.restrict.addItem(f"first {count:,} words", count)
        self.restrict.setCurrentIndex(1)
        self.csv_button = icon_button("export", "Save the table as CSV…")
        self.words = label(_HINT, "muted", wrap=True)
        self.table = _table()
        self.analogies_button.clicked.connect(lambda: self._ask_and_run(self.run_analogies))
        self.pairs_button.clicked.connect(lambda: self._ask_and_run(self.run_pairs))
        self.csv_button.clicked.connect(self._ask_and_save)
        self.wordless = EmptyState(
            "list",
            "Benchmarks ask about words",
            "This set has pictures. The other tools work with them too: click one on the map, and take it from there.",
        )
        self._lay_out()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        parts: tuple[QWidget, ...] = (self.analogies_button, self.pairs_button, self.method, self.restrict)
        for part in parts:
            line.addWidget(part)
        line.addStretch(1)
        line.addWidget(self.csv_button)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(line)
        column.addWidget(self.words)
        column.addWidget(self.table, 1)
        column.addStretch()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(body)
        self._stack.addWidget(self.wordless)

    @property
    def busy(self) -> bool:
        """Whether a file is being worked off."""
        return self._job is not None and self._job.active

    def show_set(self) -> None:
        self._job = None
        self._stack.setCurrentIndex(0 if has_words(self.desk) else 1)
        self._show(None)

    def run_analogies(self, path: Path) -> None:
        """Work a file of analogies off."""
        params = {"path": str(path), "restrict": self.restrict.currentData(), "method": self.method.currentData()}
        self._run("analogy_benchmark", path, params, analogy_scores)

    def run_pairs(self, path: Path) -> None:
        """Work a file of judged pairs off."""
        params = {"path": str(path), "restrict": self.restrict.currentData()}
        self._run("similarity_benchmark", path, params, similarity_scores)

    def _run(
        self, request: str, path: Path, params: dict[str, Any], scores_of: Callable[[Mapping[str, Any]], Scores]
    ) -> None:
        if self._job is not None and self._job.active and self._job.cancel is not None:
            self._job.cancel()
        job: list[Job | None] = []

        def done(result: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
            if job and job[0] is self._job:
                self._show(scores_of(result))

        job.append(self.desk.long_job(f"Benchmark {path.name}", request, params, done))
        self._job = job[0]
        self._show(None)
        self._say(f"Working {path.name} off. Its progress and Cancel are below, in the activity list.", "muted")

    def _show(self, scores: Scores | None) -> None:
        self.scores = scores
        self.table.clear()
        self.table.setVisible(scores is not None)
        self.csv_button.setVisible(scores is not None)
        if scores is None:
            self._say(_HINT, "muted")
            return
        self._say(f"{scores.title}: {scores.words}", "strong")
        self.table.setHeaderLabels(list(scores.titles))
        for section in range(1, len(scores.titles)):
            self.table.headerItem().setTextAlignment(section, Qt.AlignmentFlag.AlignRight)
        first_total = len(scores.lines) - scores.totals
        self.table.addTopLevelItems([_line(scores, at, at >= first_total) for at in range(len(scores.lines))])

    def _say(self, words: str, tone: str) -> None:
        set_tone(self.words, tone)
        self.words.setText(words)

    def _ask_and_run(self, run: Callable[[Path], None]) -> None:
        path = self.desk.ask_file("Choose a benchmark file", _FILES)
        if path is not None:
            run(path)

    def _ask_and_save(self) -> None:
        scores, opened = self.scores, self.desk.opened
        if scores is None or opened is None:
            return
        name = f"{opened.folder.name}-{Path(scores.title).stem}.csv"
        path = self.desk.ask_save("Save the table", name, "CSV (*.csv)")
        if path is not None:
            self.desk.work(partial(scores.write_csv, path), lambda _: None)


def _table() -> QTreeWidget:
    made = QTreeWidget()
    made.setAccessibleName("Scores by section")
    made.setProperty("bare", True)
    made.setRootIsDecorated(False)
    made.setUniformRowHeights(True)
    made.setAllColumnsShowFocus(True)
    made.setColumnCount(6)
    made.header().setStretchLastSection(False)
    made.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    made.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return made


def _line(scores: Scores, at: int, is_total: bool) -> QTreeWidgetItem:
    values = zip(scores.titles, scores.lines[at], strict=True)
    item = QTreeWidgetItem([cell_words(title, value) for title, value in values])
    font = QFont()
    font.setBold(is_total)
    for section in range(len(scores.titles)):
        item.setFont(section, font)
        if section:
            item.setTextAlignment(section, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item
