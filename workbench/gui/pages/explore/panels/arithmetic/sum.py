"""What is nearest to a signed sum: king - man + woman."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from workbench.app.explorer.explorer import Changed
from workbench.app.explorer.sums import Term, parse_sum, written_sum
from workbench.core.errors import WorkbenchError
from workbench.gui.pages.explore.count_box import CountBox
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.metric_box import MetricBox
from workbench.gui.pages.explore.panels.arithmetic.answers import Answers
from workbench.gui.pages.explore.panels.arithmetic.tool import Tool, has_words
from workbench.gui.pages.explore.term_field import TermField
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import icon_button, push_button
from workbench.gui.widgets.thumbnails import Picture, ThumbnailGrid

_CHIP_PX, _CHIP_COLUMNS = 44, 3
_WORDS = (
    "Type words with signs, such as king - man + woman, and press Enter. Words can be dragged onto the line from any "
    "list, with Alt to take them away."
)
_PICTURES = (
    "Click a picture on the map, then press + or \N{MINUS SIGN} to add it or take it away. "
    "Pictures can be dragged onto the line, with Alt to take them away, and rows typed: #42 - #7 + #19."
)


class SumTool(Tool):
    """A line with the sum, the pictures in it, and what is nearest."""

    title, tip = "Sum", "What is nearest to a signed sum, such as king \N{MINUS SIGN} man + woman"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.line = TermField(desk, "Sum")
        self.plus_button = icon_button("plus", "Add the looked-at sample")
        self.minus_button = icon_button("minus", "Take the looked-at sample away")
        self.metrics = MetricBox()
        self.count = CountBox("How many are listed", 10)
        self.find_button = push_button("Find", "primary", tip="Find what is nearest to the sum  (Enter)")
        self.chips = ThumbnailGrid(_CHIP_PX, columns=_CHIP_COLUMNS)
        self.chips.setFixedWidth(_CHIP_COLUMNS * (_CHIP_PX + SPACE_S))
        self.chips.setToolTip("Click a picture to take it out of the sum")
        self.answers = Answers(desk, "Nearest to the sum")
        self.line.entered.connect(self.find_nearest)
        self.line.textChanged.connect(self._show_chips)
        self.find_button.clicked.connect(self.find_nearest)
        self.metrics.currentIndexChanged.connect(lambda _: self._find_again())
        self.count.chosen.connect(lambda _: self._find_again())
        self.plus_button.clicked.connect(lambda: self._take(minus=False))
        self.minus_button.clicked.connect(lambda: self._take(minus=True))
        self.chips.chosen.connect(self._take_out)
        self._lay_out()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        line.addWidget(self.line, 1)
        parts: tuple[QWidget, ...] = (self.plus_button, self.minus_button, self.metrics, self.count, self.find_button)
        for part in parts:
            line.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(line)
        body = QHBoxLayout()
        body.setSpacing(SPACE_S)
        body.addWidget(self.chips, 0, Qt.AlignmentFlag.AlignTop)
        body.addWidget(self.answers, 1)
        column.addLayout(body, 1)

    @property
    def take_buttons(self) -> tuple[QToolButton, QToolButton]:
        return self.plus_button, self.minus_button

    def show_set(self) -> None:
        words = has_words(self.desk)
        self.line.setPlaceholderText("king - man + woman" if words else "#42 - #7 + #19")
        self.line.setText("")
        self.line.close_list()
        self._show_chips()
        self.answers.say(_WORDS if words else _PICTURES)
        self._follow_focus()

    def follow(self, changed: Changed) -> None:
        if "focus" in changed:
            self._follow_focus()

    def find_nearest(self) -> None:
        """Ask what is nearest to the sum."""
        try:
            terms = parse_sum(self.line.text())
        except WorkbenchError as error:
            self.answers.fail(error)
            return
        if terms:
            params = {"terms": terms, "k": self.count.count, "metric": self.metrics.chosen}
            self.answers.ask("combine", params)

    def _find_again(self) -> None:
        if self.answers.listing is not None:
            self.find_nearest()

    def _take(self, *, minus: bool) -> None:
        explorer = self.desk.explorer
        if explorer is not None and explorer.focus is not None:
            self.line.add_rows([explorer.focus], minus=minus)

    def _take_out(self, at: int) -> None:
        terms = self._terms()
        del terms[at]
        self.line.setText(written_sum(terms))
        self.find_nearest()

    def _terms(self) -> list[Term]:
        try:
            return parse_sum(self.line.text())
        except WorkbenchError:
            return []

    def _show_chips(self) -> None:
        """The pictures of the rows in the sum, each with its sign."""
        opened = self.desk.opened
        pictured = opened is not None and opened.stored.thumbnails is not None
        shown = []
        for at, term in enumerate(self._terms() if pictured else []):
            row = term.get("row")
            if opened is not None and row is not None and row < len(opened):
                sign = "+" if term["sign"] > 0 else "\N{MINUS SIGN}"
                shown.append(Picture(opened.picture(row), f"{sign} #{row}", f"{sign} {opened.name(row)}", at))
        self.chips.set_pictures(shown)
        self.chips.setVisible(bool(shown))

    def _follow_focus(self) -> None:
        explorer = self.desk.explorer
        for button in self.take_buttons:
            button.setEnabled(explorer is not None and explorer.focus is not None)
