"""Opens the gallery for a branch, and asks the lab for its pictures once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from workbench.core.errors import WorkbenchError
from workbench.gui.bridge import Bridge
from workbench.gui.pages.data.state import data_section, facts_of
from workbench.gui.pages.views.pipeline.gallery import OperationGallery, tiles_of

_SAMPLE = 0
_AT_ONCE = 6
"""Operations in one question: between two questions the lab can draw the preview."""


class OperationPicker(QObject):
    """The gallery with its pictures, which are kept until another data set is chosen, or its files are read again.

    Attributes
    ----------
    data_ready : whether samples can be drawn without downloading anything

    Signals
    -------
    chosen((branch number, id)) : an operation is to be added to a branch
    """

    chosen = Signal(object)

    def __init__(self, bridge: Bridge, owner: QWidget) -> None:
        super().__init__(owner)
        self._bridge, self._owner = bridge, owner
        self._asked: dict[str, Any] | None = None
        self._facts: dict[str, Any] | None = None
        self._left: list[str] = []
        self._pictures: dict[str, Any] = {}
        self.data_ready = False
        self.waiting = False
        self.gallery: OperationGallery | None = None

    def open(self, number: int) -> None:
        """Show the gallery for a branch."""
        gallery = OperationGallery(self._bridge.app.catalogue.operations, self._modality(), self._owner)
        gallery.chosen.connect(lambda id_: self.chosen.emit((number, id_)))
        gallery.finished.connect(lambda _result: self._close())
        self.gallery = gallery
        self._ask(gallery)
        gallery.open()

    def _close(self) -> None:
        if self.gallery is not None:
            self.gallery.deleteLater()
        self.gallery = None

    def _ask(self, gallery: OperationGallery) -> None:
        if not self.data_ready:
            self._show("Open a data set, and the tiles show what each operation does to a sample of it.")
            return
        params = {"data": data_section(self._bridge.app), "index": _SAMPLE}
        facts = facts_of(self._bridge.app)
        if params != self._asked or facts is not self._facts:
            self._asked, self._facts, self._pictures, self.waiting = params, facts, {}, False
            self._left = [tile.id for tile in tiles_of(gallery.entries)]
        self._show("")
        if self._left and not self.waiting:
            self._ask_some()

    def _ask_some(self) -> None:
        self.waiting = True
        self._bridge.app.quick_lab.ask(
            "operation_gallery",
            {**(self._asked or {}), "ids": self._left[:_AT_ONCE]},
            channel="views-gallery",
            done=lambda _result, arrays: self._keep(arrays),
            failed=self._fail,
            progress=lambda _share, words: self._tell(words),
        )
        self._bridge.hurry()

    def _keep(self, arrays: Mapping[str, Any]) -> None:
        self._pictures.update(arrays)
        self._left, self.waiting = self._left[_AT_ONCE:], False
        self._show("")
        if self._left and self.gallery is not None:
            self._ask_some()

    def _fail(self, error: WorkbenchError) -> None:
        self._asked, self.waiting = None, False
        self._show(str(error))

    def _show(self, words: str) -> None:
        if self.gallery is not None:
            pictures = dict(self._pictures)
            self.gallery.show_original(pictures.pop("original", None))
            self.gallery.show_pictures(pictures)
            self.gallery.say(words)

    def _tell(self, words: str) -> None:
        if self.gallery is not None:
            self.gallery.say(words)

    def _modality(self) -> str:
        """What the objective learns from: the operations of other modalities do not suit it."""
        app = self._bridge.app
        id_ = str(app.editor.value("objective.id") or "")
        return str(app.catalogue.objective(id_).spec.modality) if app.catalogue.has("objective", id_) else "image"
