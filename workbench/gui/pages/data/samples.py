"""Pictures of a split, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.forms.editors import QuietComboBox
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import icon_button, label
from workbench.gui.widgets.containers import Section
from workbench.gui.widgets.thumbnails import Picture, ThumbnailGrid

THUMBNAIL_PX = 64
_CAPTION_PX = 18
_RESIZE_REST_MS = 80
Facts = Mapping[str, Any]


class SamplesCard(Section):
    """The samples of a split, all or of one class; asks the lab for the page that fits.

    Signals
    -------
    filtered(label) : the class filter changed; None shows all
    split_changed(name) : another split is shown
    picked((row, picture)) : a sample was clicked; its position in the split
    """

    filtered = Signal(object)
    split_changed = Signal(object)
    picked = Signal(object)

    def __init__(self, bridge: Bridge) -> None:
        super().__init__("Samples")
        self._bridge = bridge
        self._facts: Facts | None = None
        self._start, self._total = 0, 0
        self._label: int | None = None
        self._asked: dict[str, Any] | None = None
        self.waiting = False
        self.pictures: dict[int, Picture] = {}
        self._build_head()
        self.grid = _Flow()
        self.words = label("", "muted", wrap=True)
        self.words.hide()
        self._rest = QTimer(self, singleShot=True, interval=_RESIZE_REST_MS)
        self._rest.timeout.connect(self._ask)
        self.grid.capacity_changed.connect(lambda _count: self._rest.start())
        self.grid.thumbnails.chosen.connect(self._pick)
        self.add(self.words)
        self.add(self.grid, 1)

    def _build_head(self) -> None:
        self.split, self.classes = QuietComboBox(), QuietComboBox()
        self.split.setAccessibleName("Split")
        self.classes.setAccessibleName("Class")
        self.classes.setSizeAdjustPolicy(QuietComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.classes.setMinimumContentsLength(12)
        self.range = label("", "caption")
        self.back = icon_button("chevron-left", "Previous samples")
        self.forth = icon_button("chevron-right", "Next samples")
        self.split.activated.connect(lambda _index: self._choose_split())
        self.classes.activated.connect(lambda index: self.set_label(index - 1 if index else None))
        self.back.clicked.connect(lambda: self._turn(-1))
        self.forth.clicked.connect(lambda: self._turn(1))
        for part in (self.split, self.classes, self.range, self.back, self.forth):
            self.add_action(part)

    def set_facts(self, facts: Facts | None) -> None:
        """Show the samples of this data set from the start; the same facts again change nothing."""
        if facts is self._facts:
            return
        self._facts, self._label, self._start, self._asked = facts, None, 0, None
        self.grid.thumbnails.set_pictures([])
        self.pictures = {}
        if facts is None:
            self.waiting = False
            return
        self.split.clear()
        self.split.addItems(list(facts["splits"]))
        self.split.setCurrentText(facts["train"])
        self._fill_classes()
        self._ask()

    def busy(self) -> bool:
        """Whether a page is on its way, or about to be asked for."""
        return self.waiting or self._rest.isActive()

    def shown_split(self) -> Mapping[str, Any]:
        """What the lab said of the split that is shown; there must be facts."""
        assert self._facts is not None
        split: Mapping[str, Any] = self._facts["splits"][self.split.currentText()]
        return split

    def set_label(self, chosen: int | None) -> None:
        """Show one class; None shows all."""
        self._label, self._start = chosen, 0
        self.classes.setCurrentIndex(0 if chosen is None else chosen + 1)
        self.filtered.emit(chosen)
        self._ask()

    def _choose_split(self) -> None:
        self._label, self._start = None, 0
        self._fill_classes()
        self.split_changed.emit(self.split.currentText())
        self.filtered.emit(None)
        self._ask()

    def _fill_classes(self) -> None:
        names = self.shown_split()["classes"]
        self.classes.clear()
        self.classes.addItems(["All classes", *names])
        self.classes.setVisible(bool(names))
        self.split.setVisible(self.split.count() > 1)

    def _turn(self, pages: int) -> None:
        self._start = max(0, self._start + pages * self.grid.capacity())
        self._ask()

    def _ask(self) -> None:
        if self._facts is None or not self.isVisible():
            return
        params = {
            "data": self._facts["data"],
            "split": self.split.currentText(),
            "start": self._start,
            "count": self.grid.capacity(),
            "label": self._label,
        }
        if params == self._asked:
            return
        self._asked, self.waiting = params, True
        self._bridge.app.quick_lab.ask(
            "sample_page",
            params,
            channel="samples",
            done=self._show,
            failed=self._fail,
            progress=lambda _share, words: self.range.setText(words),
        )
        self._bridge.hurry()

    def _show(self, result: dict[str, Any], arrays: Mapping[str, Any]) -> None:
        if self._asked is None:
            return  # other data were chosen meanwhile
        self.waiting, self._total = False, int(result["total"])
        rows = arrays["index"].tolist()
        captions = result["captions"]
        pictures = [
            Picture(pixels, caption, f"{caption or 'Sample'}, row {row:,}", row)
            for pixels, caption, row in zip(arrays["pictures"], captions, rows, strict=True)
        ]
        self.pictures = dict(zip(rows, pictures, strict=True))
        self.words.setVisible(not rows)
        self.words.setText("There are no samples of this class in this split." if not rows else "")
        self.grid.thumbnails.set_pictures(pictures)
        self._show_range(len(rows))

    def _show_range(self, count: int) -> None:
        first, last = self._start + 1, self._start + count
        self.range.setText(f"{first:,} to {last:,} of {self._total:,}" if count else "none")
        self.back.setEnabled(self._start > 0)
        self.forth.setEnabled(last < self._total)

    def _fail(self, error: WorkbenchError) -> None:
        self.waiting, self._asked = False, None
        self.range.setText("")
        self.grid.thumbnails.set_pictures([])
        self.words.setText(f"The samples cannot be shown. {error}")
        self.words.show()

    def _pick(self, row: int) -> None:
        self.grid.thumbnails.set_selected(row)
        self.picked.emit((row, self.pictures[row]))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._rest.start()


class _Flow(QWidget):
    """Holds the thumbnails and knows how many fit.

    Signals
    -------
    capacity_changed(count) : another number of pictures fits
    """

    capacity_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.thumbnails = ThumbnailGrid(THUMBNAIL_PX, parent=self)
        self._capacity = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def capacity(self) -> int:
        """How many pictures fit; at least one row."""
        rows = (self.height() + SPACE_S) // (THUMBNAIL_PX + _CAPTION_PX + SPACE_S)
        return max(1, (self.width() + SPACE_S) // (THUMBNAIL_PX + SPACE_S)) * max(1, rows)

    def minimumSizeHint(self) -> QSize:
        return QSize(3 * (THUMBNAIL_PX + SPACE_S), 2 * (THUMBNAIL_PX + _CAPTION_PX) + SPACE_S)

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.thumbnails.setGeometry(self.rect())
        if self.capacity() != self._capacity:
            self._capacity = self.capacity()
            self.capacity_changed.emit(self._capacity)
