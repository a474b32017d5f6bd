"""The inspector beside the Views page: the picture that was clicked, larger, before and after."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.pages.views.preview.grid import PreviewGrid
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label
from workbench.gui.widgets.containers import Inspector
from workbench.gui.widgets.thumbnails import paint_image

_SIZE_PX = 192


class ViewInspector(Inspector):
    """Follows one cell of the preview, so that a slider's effect can be seen large."""

    def __init__(self, grid: PreviewGrid) -> None:
        super().__init__()
        self._grid = grid
        self.followed: tuple[int, int] | None = None
        self.hint = label("Click a picture of the preview to follow it here, large.", "muted", wrap=True)
        self.title = label("", "strong")
        self.large = _Large(self)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for part in (self.hint, self.title, self.large):
            column.addWidget(part)
        self.title.hide()
        self.large.hide()
        self.add_section("view", "View", body)
        grid.changed.connect(self._follow)

    def show_picture(self, picked: tuple[int, int]) -> None:
        """Follow the picture of (sample, view); view -1 is the original."""
        self.followed = picked
        self.hint.hide()
        self.title.show()
        self.large.show()
        self._follow()

    def _follow(self) -> None:
        if self.followed is None:
            return
        sample, view = self.followed
        titles = self._grid.titles()
        if sample >= self._grid.samples() or view + 1 >= len(titles):
            self.followed = (0, -1)
            sample, view = self.followed
        self.title.setText(f"Sample {sample + 1}  ·  {titles[view + 1]}")
        self.large.update()

    def grid(self) -> PreviewGrid:
        """Where the pictures are."""
        return self._grid


class _Large(QWidget):
    def __init__(self, owner: ViewInspector) -> None:
        super().__init__()
        self._owner = owner

    def sizeHint(self) -> QSize:
        return QSize(_SIZE_PX, _SIZE_PX)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._owner.followed is not None and self._owner.grid().samples():
            sample, view = self._owner.followed
            paint_image(QPainter(self), self._owner.grid().image(sample, view), QRectF(0, 0, _SIZE_PX, _SIZE_PX))
