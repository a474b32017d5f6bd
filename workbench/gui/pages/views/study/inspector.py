"""The inspector beside the study: the cell under the pointer, and how the study is made."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.app.studies.composition.table import Table
from workbench.app.studies.results import CellResult, CellState
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label, push_button
from workbench.gui.widgets.containers import Inspector

_HOW = (
    "One view of a sample is the whole picture. The other goes through the first operation and then the second; on the "
    "diagonal, through one alone. Each run learns from such pairs, and then its frozen encoder is measured on labels "
    "that it has never seen.",
    "After Chen et al. 2020, section 3.1 and figure 5. There, both views are cut from one random crop, because the "
    "pictures of ImageNet differ in size; here they have one size, and the plain view is not cropped.",
)
_HINT = "Point at a cell to see its runs here; click it to open its run on the Train page."


class StudyInspector(Inspector):
    """Follows one cell of the heat map.

    Signals
    -------
    opened((first, second)) : the cell's run is to be shown
    """

    opened = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._pair: tuple[str, str] | None = None
        self.title = label("", "strong", wrap=True)
        self.words = label(_HINT, "muted", wrap=True)
        self.open_button = push_button("Open its run", "", "train")
        self.open_button.hide()
        self.open_button.clicked.connect(lambda: self.opened.emit(self._pair))
        self.title.hide()
        self.add_section("cell", "Cell", _column(self.title, self.words, self.open_button))
        self.add_section("how", "How it is made", _column(*(label(text, "muted", wrap=True) for text in _HOW)))

    def show_cell(self, table: Table, headings: Sequence[str], pair: tuple[str, str] | None) -> None:
        """Say what is known of a cell; None says how to choose one."""
        self._pair = pair
        self.title.setVisible(pair is not None)
        if pair is None:
            self.words.setText(_HINT)
            self.open_button.hide()
            return
        title = dict(zip(table.plan.ops, headings, strict=True))
        first, second = title[pair[0]], title[pair[1]]
        self.title.setText(f"{first} alone" if pair[0] == pair[1] else f"{first}, then {second}")
        runs = table.runs(*pair)
        self.words.setText("\n".join(_run_words(run) for run in runs))
        self.open_button.setVisible(any(run.state is not CellState.WAITING or run.share > 0 for run in runs))


def _run_words(run: CellResult) -> str:
    name = f"Seed {run.cell.seed}: "
    if run.value is not None:
        return f"{name}{run.value:.2%}"
    if run.state is CellState.FAILED:
        return f"{name}failed. {run.reason}"
    return f"{name}{run.state}" + (f", {run.share:.0%} trained" if run.share else "")


def _column(*widgets: QWidget) -> QWidget:
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE_S)
    for widget in widgets:
        column.addWidget(widget)
    return body
