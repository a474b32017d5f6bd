"""The Export menu: the map as a picture, and the set in other programs' formats."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QMenu, QWidget

from workbench.app.application import Notice
from workbench.core.errors import WorkbenchError
from workbench.core.units import format_bytes
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.theme import icon


@dataclass(frozen=True)
class Format:
    """A format of `export_set`.

    pattern : what a file dialog shows; "" where a folder is written
    layout : whether the shown layout goes into it
    """

    id: str
    title: str
    suffix: str
    pattern: str
    layout: bool = False


FORMATS = (
    Format("npz", "NumPy archive (.npz)", ".npz", "NumPy archives (*.npz)"),
    Format("parquet", "Parquet table (.parquet)", ".parquet", "Parquet tables (*.parquet)", layout=True),
    Format("word2vec", "word2vec, text (.txt)", ".txt", "Text (*.txt *.vec)"),
    Format("word2vec-binary", "word2vec, binary (.bin)", ".bin", "word2vec (*.bin)"),
    Format("projector", "TensorBoard projector (folder)", "", ""),
    Format("html", "Page with the map (.html)", ".html", "Pages (*.html)", layout=True),
)


class ExportMenu(QMenu):
    """Saves the map as a picture, and all, the selected or the shown points in a format.

    Parameters
    ----------
    save_picture : asks for a file and saves the map
    """

    def __init__(self, desk: Desk, save_picture: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._desk, self._save_picture = desk, save_picture
        self.aboutToShow.connect(self.fill)
        self.fill()

    def fill(self) -> None:
        """List what there is now."""
        self.clear()
        picture = self.addAction(icon("image", "muted"), "Map as a picture…")
        picture.triggered.connect(lambda: self._save_picture())
        explorer = self._desk.explorer
        if explorer is None:
            return
        self.addSeparator()
        self._add_formats(f"All {len(explorer):,} points as", None)
        selected, shown = explorer.selected_rows, explorer.shown_rows
        if len(selected):
            self._add_formats(f"{len(selected):,} selected as", selected)
        if 0 < len(shown) < len(explorer):
            self._add_formats(f"{len(shown):,} shown as", shown)

    def _add_formats(self, words: str, rows: NDArray[np.int64] | None) -> None:
        menu = self.addMenu(words)
        for format_ in FORMATS:
            action = menu.addAction(f"{format_.title}…")
            action.setEnabled(format_.id != "html" or self._has_layout)
            action.triggered.connect(lambda _checked=False, format_=format_: export_points(self._desk, format_, rows))

    @property
    def _has_layout(self) -> bool:
        return self._desk.opened is not None and bool(self._desk.opened.layout_name)


def export_points(desk: Desk, format_: Format, rows: NDArray[np.int64] | None) -> None:
    """Ask for a place and write the opened set there, or some rows of it; says where it is when it is done."""
    opened = desk.opened
    if opened is None:
        return
    name = "-".join(re.findall(r"\w+", (opened.stored.meta.title or opened.folder.name).lower())) or "embedding"
    out = desk.ask_save(f"Export as {format_.title}", name + format_.suffix, format_.pattern)
    if out is None:
        return
    draft = _beside(out) if out.is_file() else out
    layout = opened.layout_name if format_.layout and opened.layout_name else None

    def done(told: dict[str, Any]) -> None:
        if draft != out and not _put_in_place(desk, draft, out):
            return
        head = f"{told['rows']:,} points are in {out} ({format_bytes(told['size_bytes'])})."
        desk.app.notify(Notice(head, " ".join(told["notes"]), "success"))

    desk.app.export_set(opened.folder, format_.id, draft, layout, None if rows is None else rows.tolist(), done)
    desk.bridge.hurry()


def _beside(out: Path) -> Path:
    """A place for what is to take a file's place when it is whole."""
    draft = out.with_name(f"{out.stem}.new{out.suffix}")
    number = 1
    while draft.exists():
        number += 1
        draft = out.with_name(f"{out.stem}.new-{number}{out.suffix}")
    return draft


def _put_in_place(desk: Desk, draft: Path, out: Path) -> bool:
    try:
        os.replace(draft, out)
    except OSError as error:
        desk.app.fail(WorkbenchError(f"{out} could not be replaced: {error.strerror}.", f"The export is {draft}."))
        return False
    return True
