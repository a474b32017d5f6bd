"""The line under the page's bar: the filter, how many points it leaves, and what is done with a selection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from workbench.app.explorer.columns import Columns
from workbench.app.explorer.explorer import Changed
from workbench.app.explorer.filter_completion import Completion, completions
from workbench.app.explorer.filter_words import FilterError
from workbench.app.explorer.filters import Filter, FilterWarning
from workbench.core.units import points_words
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.filter_field import FilterField, Words
from workbench.gui.pages.explore.saved_menu import SavedMenu
from workbench.gui.pages.explore.selecting import grow, invert, toggle_isolated
from workbench.gui.theme.tokens import SPACE_L, SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import icon_button, label


@dataclass(frozen=True)
class _Understood:
    """A filter that can be set, and what may not be meant in it."""

    text: str
    warnings: tuple[FilterWarning, ...]


class FilterBar(QWidget):
    """Filters the opened set; filters are worked out away from the window's thread.

    Parameters
    ----------
    over : the widget that the list of completions may cover
    """

    def __init__(self, desk: Desk, over: QWidget) -> None:
        super().__init__()
        self._desk = desk
        self._asked = 0
        self._setting = False
        self.field = FilterField(over)
        self.count = label("", "muted")
        self.words = Words(self.field, over)
        self.isolate_button = icon_button("isolate", "Show the selected points alone")
        self.isolate_button.setCheckable(True)
        self.invert_button = icon_button("invert", "Invert the selection  (Ctrl+I on the map)")
        self.grow_button = icon_button("grow", "Grow the selection by its nearest neighbours")
        self.saved_button = icon_button("pin", "Saved selections")
        self.saved_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.saved_button.setMenu(SavedMenu(desk, self.saved_button))
        self.undo_button = icon_button("undo", "Undo")
        self.redo_button = icon_button("redo", "Redo")
        self.back_button = icon_button("chevron-left", "Back")
        self.forward_button = icon_button("chevron-right", "Forward")
        self._lay_out()
        self._connect()
        self.show_set()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SPACE_XS)
        line.addWidget(self.field, 1)
        line.addSpacing(SPACE_XS)
        line.addWidget(self.count)
        line.addSpacing(SPACE_XS)
        for group in (
            (self.isolate_button, self.invert_button, self.grow_button, self.saved_button),
            (self.undo_button, self.redo_button),
            (self.back_button, self.forward_button),
        ):
            line.addSpacing(SPACE_S)
            for button in group:
                line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, 0, SPACE_L, SPACE_S)
        column.setSpacing(SPACE_XS)
        column.addLayout(line)

    def _connect(self) -> None:
        self.field.rested.connect(self._check)
        self.field.wanted.connect(self._complete)
        self.isolate_button.clicked.connect(lambda: toggle_isolated(self._desk))
        self.invert_button.clicked.connect(lambda: invert(self._desk))
        self.grow_button.clicked.connect(lambda: grow(self._desk))

    def show_set(self) -> None:
        """Another set is open, or none."""
        explorer = self._desk.explorer
        self._asked += 1
        self.setEnabled(explorer is not None)
        self.field.set_filter("" if explorer is None else explorer.state.filter)
        self._say("", "muted")
        self._show_count()
        self._show_buttons()

    def follow(self, changed: Changed) -> None:
        """These fields of the explorer's state have changed."""
        explorer = self._desk.explorer
        assert explorer is not None
        if "filter" in changed and not self._setting:
            self._asked += 1
            self.field.set_filter(explorer.state.filter)
            self._say("", "muted")
        self._show_count()
        self._show_buttons()

    # -- filtering -------------------------------------------------------------------------------------------------

    def _check(self, text: str) -> None:
        """Set the filter where it can be understood; else say where it cannot, and leave the one in force."""
        explorer = self._desk.explorer
        if explorer is None:
            return
        self._asked += 1
        mine, columns, selected = self._asked, explorer.columns, explorer.selected

        def understand() -> _Understood | FilterError:
            try:
                wanted = Filter.of(text)
                wanted.mask(columns, selected)
            except FilterError as error:
                return error
            return _Understood(text, wanted.warnings(columns))

        def done(found: _Understood | FilterError) -> None:
            if mine == self._asked:
                self._take(found)

        self._desk.work(understand, done)

    def _take(self, found: _Understood | FilterError) -> None:
        explorer = self._desk.explorer
        assert explorer is not None
        if isinstance(found, FilterError):
            self.field.show_wrong((found.start, found.end))
            unfinished = found.start >= len(self.field.text().rstrip()) and self.field.popup.isVisible()
            self._say("" if unfinished else str(found), "danger")
            return
        # The field is left as it is: the user may have typed on.
        self._setting = True
        explorer.apply(_step_words(found.text), key="filter", filter=found.text)
        self._setting = False
        self._say(" ".join(warning.text for warning in found.warnings), "")

    def _complete(self, cursor: int) -> None:
        explorer = self._desk.explorer
        if explorer is None:
            return
        text, columns = self.field.text(), explorer.columns

        def done(found: tuple[list[Completion], bool]) -> None:
            if (self.field.text(), self.field.cursorPosition()) == (text, cursor):
                self.field.show_completions(found[0], chosen=found[1])

        self._desk.work(lambda: (completions(text, cursor, columns), not _is_whole(text, columns)), done)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _say(self, text: str, tone: str) -> None:
        self.words.say(text, tone)
        self.field.setAccessibleDescription(text)

    def _show_count(self) -> None:
        explorer = self._desk.explorer
        if explorer is None:
            self.count.setText("")
            return
        shown, total = int(np.count_nonzero(explorer.shown)), len(explorer)
        self.count.setText(points_words(total) if shown == total else f"{shown:,} of {total:,} shown")

    def _show_buttons(self) -> None:
        explorer = self._desk.explorer
        if explorer is None:
            return
        selected, is_isolated = explorer.state.selection.count, explorer.state.isolated is not None
        self.isolate_button.setChecked(is_isolated)
        self.isolate_button.setEnabled(is_isolated or bool(selected))
        tip = "Show all points again" if is_isolated else "Show the selected points alone"
        self.isolate_button.setToolTip(f"{tip}  (Ctrl+Shift+I)")
        self.grow_button.setEnabled(bool(selected))
        history, walk = explorer.history, explorer.walk
        for button, what, words, keys in (
            (self.undo_button, "Undo", history.undo_words, "Ctrl+Z"),
            (self.redo_button, "Redo", history.redo_words, "Ctrl+Shift+Z"),
            (self.back_button, "Back to", _place(self._desk, walk.previous), "Alt+Left"),
            (self.forward_button, "Forward to", _place(self._desk, walk.following), "Alt+Right"),
        ):
            button.setEnabled(bool(words))
            button.setToolTip(f"{what} {words}  ({keys})" if words else f"{what.split()[0]}  ({keys})")


def _is_whole(text: str, columns: Columns) -> bool:
    """Whether a filter can be set as it stands and holds no value that is unknown, so that Enter should set it."""
    try:
        wanted = Filter.of(text)
        wanted.mask(columns)
    except FilterError:
        return False
    return not wanted.warnings(columns)


def _step_words(text: str) -> str:
    return f"filter by {text}" if text else "clear the filter"


def _place(desk: Desk, row: int | None) -> str:
    return "" if row is None or desk.opened is None else desk.opened.name(row)
