"""The inspector beside the Views page: the picture that was clicked, large, and how it was made step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.pages.views.preview.grid import Place, PreviewGrid
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import label, set_tone
from workbench.gui.widgets.containers import Inspector
from workbench.gui.widgets.thumbnails import paint_image, to_image

_LARGE_PX, _SMALL_PX = 192, 64


class ViewInspector(Inspector):
    """Follows one picture of the preview, so that a slider's effect can be seen large and traced."""

    def __init__(self, grid: PreviewGrid) -> None:
        super().__init__()
        self._grid = grid
        self.followed: Place | None = None
        self.hint = label("Click a picture of the preview to see how it was made, step by step.", "muted", wrap=True)
        self.title = label("", "strong")
        self.caption = label("", "muted", wrap=True)
        self.large = _Picture(_LARGE_PX)
        self.steps: list[StepRow] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(SPACE_M)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for part in (self.hint, self.title, self.caption, self.large):
            column.addWidget(part)
        for part in (self.title, self.caption, self.large):
            part.hide()
        making = QWidget()
        making.setLayout(self._rows)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self.add_section("view", "View", body)
        self.add_section("steps", "Step by step", making).hide()
        grid.changed.connect(self._follow)

    def show_picture(self, picked: Place) -> None:
        """Follow the picture of (sample, view); view -1 is the original."""
        self.followed = picked
        self.hint.hide()
        for part in (self.title, self.large):
            part.show()
        self._follow()

    def set_steps(self, stages: Sequence[Mapping[str, Any]], pictures: Sequence[Any]) -> None:
        """Show how the followed view was made.

        Parameters
        ----------
        stages : title, applied, p and words of each operation
        pictures : uint8 (h, w, 3), the original first, then the picture after each stage
        """
        rows = [{"title": "Original", "applied": True, "p": 1.0, "words": ()}, *stages]
        while len(self.steps) < len(rows):
            self.steps.append(StepRow())
            self._rows.addWidget(self.steps[-1])
        for number, widget in enumerate(self.steps):
            widget.setVisible(number < len(rows))
            if number < len(rows):
                widget.show_step(number, rows[number], to_image(pictures[number]))
        self.large.set_image(to_image(pictures[-1]))
        self.section("steps").setVisible(True)

    def clear_steps(self) -> None:
        """There is nothing to tell: an original is followed, or the views cannot be drawn."""
        self.section("steps").setVisible(False)

    def shown_steps(self) -> list[StepRow]:
        """The rows that are shown, the original first."""
        return [row for row in self.steps if not row.isHidden()]

    def _follow(self) -> None:
        if self.followed is None or not self._grid.samples():
            return
        sample, view = self.followed
        titles = self._grid.titles()
        if sample >= self._grid.samples() or view + 1 >= len(titles):
            sample, view = self.followed = (0, -1)
            self._grid.set_current(self.followed)
        self.title.setText(f"Sample {sample + 1}  ·  {titles[view + 1]}")
        caption = self._grid.caption(sample, view)
        self.caption.setText(caption)
        self.caption.setVisible(bool(caption))
        self.large.set_image(self._grid.image(sample, view))
        if view < 0:
            self.clear_steps()


class StepRow(QWidget):
    """One operation's turn: the picture it left, its name and what it drew."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = _Picture(_SMALL_PX)
        self.title = label("", "strong", wrap=True)
        self.words = label("", "caption", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.words)
        words.addStretch(1)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_S)
        line.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(words, 1)

    def show_step(self, number: int, stage: Mapping[str, Any], image: QImage) -> None:
        """Show a stage; an operation that was not applied is greyed and says its probability."""
        applied = bool(stage["applied"])
        title = f"{number}  {stage['title']}" if number else str(stage["title"])
        words = "\n".join(stage["words"]) if applied else f"not applied (p = {stage['p']:.3g})"
        self.title.setText(title)
        set_tone(self.title, "strong" if applied else "muted")
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.picture.set_image(image, faded=not applied)
        self.setAccessibleName(f"{title}: {words}" if words else title)


class _Picture(QWidget):
    def __init__(self, size_px: int) -> None:
        super().__init__()
        self._size, self._faded = size_px, False
        self._image: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_image(self, image: QImage, faded: bool = False) -> None:
        self._image, self._faded = image, faded
        self.update()

    def image(self) -> QImage | None:
        """What is shown."""
        return self._image

    def sizeHint(self) -> QSize:
        return QSize(self._size, self._size)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image is not None:
            painter = QPainter(self)
            painter.setOpacity(0.45 if self._faded else 1.0)
            paint_image(painter, self._image, QRectF(0, 0, self._size, self._size))
