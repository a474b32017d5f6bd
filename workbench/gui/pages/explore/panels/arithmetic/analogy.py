"""A is to B as C is to what."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout

from workbench.app.explorer.explorer import Changed
from workbench.gui.pages.explore.count_box import CountBox
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.panels.arithmetic.answers import Answers
from workbench.gui.pages.explore.panels.arithmetic.tool import Tool, has_words
from workbench.gui.pages.explore.term_field import PointField
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label, push_button

METHODS = {
    "add": ("3CosAdd", "The nearest to B \N{MINUS SIGN} A + C (Levy and Goldberg 2014, equation 2)"),
    "mul": (
        "3CosMul",
        "The greatest product of nearness to B and C over that to A (equation 4): one word cannot win alone",
    ),
}
_WORDS = "Type three words, such as man, king and woman, and press Enter. The three themselves are never the answer."
_PICTURES = (
    "Click a picture on the map, then press the target beside A, B or C. A row can be typed as well: #42. "
    "The three themselves are never the answer."
)


class AnalogyTool(Tool):
    """Three points and the candidates for the fourth."""

    title, tip = "Analogy", "A is to B as C is to what"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.fields = {name: PointField(desk, name.upper(), name.upper()) for name in ("a", "b", "c")}
        self.methods = method_box()
        self.methods.currentIndexChanged.connect(lambda _: self._solve_again())
        self.count = CountBox("Number of candidates", 10)
        self.count.chosen.connect(lambda _: self._solve_again())
        self.solve_button = push_button("Solve", "primary", tip="Find the candidates  (Enter)")
        self.solve_button.clicked.connect(self.solve)
        self.answers = Answers(desk, "Candidates")
        for field in self.fields.values():
            field.entered.connect(self._go_on)
            field.changed.connect(self._enable)
        self._lay_out()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SPACE_S)
        for name, words in (("a", " is to "), ("b", " as "), ("c", " is to ?")):
            line.addWidget(self.fields[name], 1)
            line.addWidget(label(words.strip(), "muted"))
        line.addWidget(self.methods)
        line.addWidget(self.count)
        line.addWidget(self.solve_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(line)
        column.addWidget(self.answers, 1)

    @property
    def method(self) -> str:
        return str(self.methods.currentData())

    def show_set(self) -> None:
        for field in self.fields.values():
            field.set_text("")
            field.follow_focus()
        self.answers.say(_WORDS if has_words(self.desk) else _PICTURES)
        self._enable()

    def follow(self, changed: Changed) -> None:
        if "focus" in changed:
            for field in self.fields.values():
                field.follow_focus()

    def solve(self) -> None:
        """Ask for the candidates, where all three points are named."""
        terms = {name: field.term() for name, field in self.fields.items()}
        if None not in terms.values():
            self.answers.ask("analogy", {**terms, "k": self.count.count, "method": self.method})

    def _go_on(self) -> None:
        """Solve; where a point is not named yet, go there."""
        empty = next((field for field in self.fields.values() if field.term() is None), None)
        if empty is None:
            self.solve()
        else:
            empty.line.setFocus()

    def _solve_again(self) -> None:
        if self.answers.listing is not None:
            self.solve()

    def _enable(self) -> None:
        self.solve_button.setEnabled(all(field.term() is not None for field in self.fields.values()))


def method_box() -> QComboBox:
    """How the fourth is found."""
    made = QComboBox()
    made.setAccessibleName("Method")
    for id_, (title, tip) in METHODS.items():
        made.addItem(title, id_)
        made.setItemData(made.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    made.setToolTip("\n".join(f"{title}: {tip}" for title, tip in METHODS.values()))
    return made
