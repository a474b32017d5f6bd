"""A picture that is no sample of the opened set: chosen or dropped, and shown as the encoder saw it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.theme.tokens import SPACE_S, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, push_button
from workbench.gui.widgets.thumbnails import Picture, Thumbnail

ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jp2", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".tga", ".pcx", ".ico"),
)
"""What is taken for a picture when it is dropped; any file can be chosen."""
PATTERNS = f"Pictures ({' '.join(f'*{ending}' for ending in ENDINGS)});;All files (*)"
_PICTURE_PX = 56


class OutsidePicture(QWidget):
    """The picture beside its file's name, and the button that chooses another one.

    Signals
    -------
    wanted() : the user wants to choose a picture
    """

    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.path: Path | None = None
        self.picture = Thumbnail(_PICTURE_PX)
        self.name = ElidedLabel("", "strong")
        self.choose_button = push_button("Choose picture…", "", "image", "Find what is nearest to a picture of yours")
        self.choose_button.clicked.connect(self.wanted)
        words = QVBoxLayout()
        words.setSpacing(SPACE_XS)
        words.addWidget(self.name)
        words.addWidget(self.choose_button)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_S)
        line.addWidget(self.picture)
        line.addLayout(words, 1)
        self._show_name()

    def set_path(self, path: Path) -> None:
        """Name another picture; it is shown when `show_seen` has it."""
        self.path = path
        self.show_seen(None)
        self._show_name()

    def show_seen(self, pixels: NDArray[Any] | None) -> None:
        """Show what the encoder saw, uint8 (h, w, 3); None while that is not known."""
        self.picture.set_picture(Picture(pixels, tip="As the encoder of this set saw it"))

    def _show_name(self) -> None:
        self.picture.setVisible(self.path is not None)
        self.name.setVisible(self.path is not None)
        self.name.set_full_text("" if self.path is None else self.path.name)


def is_picture_file(path: Path) -> bool:
    """Whether a file's name ends as a picture's does."""
    return path.suffix.lower() in ENDINGS and path.is_file()
