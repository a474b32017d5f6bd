"""The inspector beside the Data page: the sample that was clicked, larger."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label
from workbench.gui.widgets.containers import Inspector
from workbench.gui.widgets.thumbnails import Picture, Thumbnail

_SIZE_PX = 224


class SampleInspector(Inspector):
    """Shows one sample with its class and where it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.hint = label("Click a sample to see it larger.", "muted", wrap=True)
        self.picture = Thumbnail(_SIZE_PX)
        self.name = label("", "strong", wrap=True)
        self.place = label("", "caption")
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for part in (self.hint, self.picture, self.name, self.place):
            column.addWidget(part)
        for part in (self.picture, self.name, self.place):
            part.hide()
        self.add_section("sample", "Sample", body)

    def show_sample(self, row: int, picture: Picture, split: str) -> None:
        """Show a sample of a split by its position there."""
        self.hint.hide()
        self.picture.set_picture(replace(picture, caption=""))
        self.name.setText(picture.caption or "No label")
        self.place.setText(f"row {row:,} of {split}")
        for part in (self.picture, self.name, self.place):
            part.show()
