"""The user's own pictures or texts through an encoder: which files, and which encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PySide6.QtWidgets import QComboBox, QDialog, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from workbench.gui.bridge import Bridge
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, label, push_button, rule

Reads = Literal["pictures", "texts"]
TABLES = (".csv", ".tsv", ".parquet", ".pq")
TEXT_PATTERNS = "Texts and tables (*.txt *.csv *.tsv *.parquet *.pq);;All files (*)"
_WIDTH = 540


@dataclass(frozen=True)
class Encoder:
    """What makes vectors: a pretrained encoder, or the newest checkpoint of a run.

    name : as `embed_pretrained` takes it; "" for a run
    run : the run's folder; None for a pretrained encoder
    """

    title: str
    reads: Reads
    name: str = ""
    run: Path | None = None


@dataclass(frozen=True)
class EmbedWish:
    """What is to be embedded, and with what; `column` has a table's texts, "" guesses."""

    path: Path
    encoder: Encoder
    column: str


class EmbedDialog(QDialog):
    """Chooses a folder of pictures or a file of texts and the encoder for it.

    Parameters
    ----------
    runs : encoders of runs, offered beside the pretrained ones for pictures
    embed_wanted : called with an `EmbedWish` when Embed is pressed
    """

    def __init__(
        self, bridge: Bridge, runs: Sequence[Encoder], embed_wanted: Callable[[EmbedWish], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Embed pictures or texts")
        self._bridge, self._runs, self._embed_wanted = bridge, runs, embed_wanted
        self.path: Path | None = None
        self._found: list[Encoder] | None = None
        self._looked_in: list[str] = []
        self._closed = False
        self.summary = label("Every picture or text becomes a point of a new embedding set.", "muted", wrap=True)
        self.pictures = push_button("Folder of pictures…", "", "image")
        self.texts = push_button("File of texts…", "", "file")
        self.pictures.clicked.connect(self._ask_folder)
        self.texts.clicked.connect(self._ask_file)
        self.path_words = ElidedLabel("Nothing is chosen yet", "muted")
        self.encoder = QComboBox()
        self.encoder.setAccessibleName("Encoder")
        self.encoder.currentIndexChanged.connect(lambda _row: self._show_state())
        self.column_caption = label("Column", "muted")
        self.column = QLineEdit()
        self.column.setAccessibleName("Column of texts")
        self.column.setPlaceholderText("the column of texts; guessed where empty")
        self.words = label("", "muted", wrap=True)
        self.embed = push_button("Embed", "primary")
        self.embed.clicked.connect(self._embed)
        self.close_button = push_button("Cancel")
        self.close_button.clicked.connect(self.reject)
        self._lay_out()
        self._show_state()
        bridge.app.quick_lab.ask("list_pretrained", {}, done=self._list, failed=bridge.app.fail)
        bridge.hurry()

    def _lay_out(self) -> None:
        sources = QHBoxLayout()
        sources.setSpacing(SPACE_S)
        sources.addWidget(self.pictures)
        sources.addWidget(self.texts)
        sources.addStretch(1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE_M)
        grid.setVerticalSpacing(SPACE_S)
        grid.setColumnStretch(1, 1)
        encoder = label("Encoder", "muted")
        encoder.setBuddy(self.encoder)
        self.column_caption.setBuddy(self.column)
        grid.addWidget(label("What", "muted"), 0, 0)
        grid.addLayout(sources, 0, 1)
        grid.addWidget(self.path_words, 1, 1)
        grid.addWidget(self.column_caption, 2, 0)
        grid.addWidget(self.column, 2, 1)
        grid.addWidget(encoder, 3, 0)
        grid.addWidget(self.encoder, 3, 1)
        grid.addWidget(self.words, 4, 1)
        foot = QHBoxLayout()
        foot.setSpacing(SPACE_S)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        foot.addWidget(self.embed)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_M)
        column.addWidget(self.summary)
        column.addLayout(grid)
        column.addStretch(1)
        column.addWidget(rule())
        column.addLayout(foot)
        self.resize(_WIDTH, 300)

    # -- choosing --------------------------------------------------------------------------------------------------

    def take_path(self, path: Path) -> None:
        """Embed this folder of pictures, or this file of texts."""
        self.path = path
        self.path_words.set_full_text(str(path))
        self._fill()

    @property
    def reads(self) -> Reads:
        """What the chosen path holds: a folder has pictures, a file texts."""
        return "pictures" if self.path is None or self.path.is_dir() else "texts"

    @property
    def chosen(self) -> Encoder | None:
        found: Encoder | None = self.encoder.currentData()
        return found

    def _ask_folder(self) -> None:
        assert self._bridge.face is not None
        path = self._bridge.face.ask_folder("Choose a folder of pictures")
        if path is not None:
            self.take_path(path)

    def _ask_file(self) -> None:
        assert self._bridge.face is not None
        path = self._bridge.face.ask_file("Choose a file of texts", TEXT_PATTERNS)
        if path is not None:
            self.take_path(path)

    def _embed(self) -> None:
        if self.path is not None and self.chosen is not None:
            column = self.column.text().strip() if self.column.isVisible() else ""
            wish = EmbedWish(self.path, self.chosen, column)
            self.accept()
            self._embed_wanted(wish)

    def done(self, result: int) -> None:
        self._closed = True
        super().done(result)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _list(self, found: Mapping[str, Any], _: object) -> None:
        """The lab has said which pretrained encoders there are."""
        if self._closed:
            return
        self._looked_in = found["folders"]
        self._found = [
            Encoder(row["name"], row["reads"], row["path"] if row["reads"] == "texts" else row["name"])
            for row in found["encoders"]
        ]
        self._fill()

    def _fill(self) -> None:
        self.encoder.clear()
        for encoder in (*(self._found or ()), *self._runs):
            if encoder.reads == self.reads:
                self.encoder.addItem(encoder.title, encoder)
        self._show_state()

    def _show_state(self) -> None:
        table = self.reads == "texts" and self.path is not None and self.path.suffix.lower() in TABLES
        self.column.setVisible(table)
        self.column_caption.setVisible(table)
        self.encoder.setEnabled(self.encoder.count() > 0)
        self.embed.setEnabled(self.path is not None and self.chosen is not None)
        words = "" if self._found is not None else "Looking for pretrained encoders…"
        if self._found is not None and not self.encoder.count():
            words = f"No encoder of {self.reads} is on this machine. Weights are looked for in:"
            words = "\n".join([words, *self._looked_in])
        self.words.setText(words)
        self.words.setVisible(bool(words))
