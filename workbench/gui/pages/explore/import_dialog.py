"""What a file of vectors would be read as, and the choices that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from workbench.app.application import App
from workbench.core.errors import WorkbenchError
from workbench.core.units import format_bytes
from workbench.gui.forms import SchemaForm
from workbench.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, label, push_button, rule, set_tone

GUESSED = "guessed"
"""What stands in a choice that is left to the importer."""
_SHOWN_COLUMNS = 8
_WIDTH = 520


class ImportDialog(QDialog):
    """Says what the file holds and asks what it leaves open; `import_wanted` is called when Import is pressed.

    Parameters
    ----------
    found : the answer to `describe_vectors`
    import_wanted : gets the wishes that `import_vectors` takes
    """

    def __init__(
        self,
        app: App,
        path: Path,
        found: Mapping[str, Any],
        import_wanted: Callable[[dict[str, Any]], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import vectors")
        self._app, self._path, self._import_wanted = app, path, import_wanted
        self.heading = ElidedLabel(path.name, "heading")
        self.summary = label("", "", wrap=True)
        self.columns = label("", "muted", wrap=True)
        self.notes = label("", "muted", wrap=True)
        self.form = SchemaForm()
        self.form.edited.connect(lambda _change: self._look_again())
        self.add = push_button("Import", "primary")
        self.add.clicked.connect(self._import)
        self.close_button = push_button("Cancel")
        self.close_button.clicked.connect(self.reject)
        self._asked: dict[str, Any] | None = {}
        self._lay_out()
        self.form.set_schema(choices_of(found))
        if found["format"] == "table" and found["choices"]:
            self.form.findChildren(QLineEdit)[0].setPlaceholderText("all columns of numbers")
        self._show(found)
        if not found["width"]:
            self._look_again()

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(SPACE_S)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        foot.addWidget(self.add)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_M)
        for part in (self.heading, self.summary, self.columns, self.notes, rule(), self.form):
            column.addWidget(part)
        column.addStretch(1)
        column.addLayout(foot)
        self.add.setDefault(True)
        self.resize(_WIDTH, self.sizeHint().height())

    @property
    def wishes(self) -> dict[str, Any]:
        """What was chosen; what is left to the importer is not in it."""
        chosen = self.form.values()
        return {name: value for name, value in chosen.items() if value not in (None, "", GUESSED, "auto")}

    def done(self, result: int) -> None:
        self._asked = None  # an answer that is still on its way finds nobody
        super().done(result)

    def _look_again(self) -> None:
        """Ask what the file would be read as with these choices."""
        wishes = self.wishes
        if wishes == self._asked:
            return
        self._asked = wishes
        params = {"path": str(self._path), "wishes": wishes}
        self._app.quick_lab.ask(
            "describe_vectors",
            params,
            done=lambda found, _: self._show(found) if wishes == self._asked else None,
            failed=lambda error: self._refuse(error) if wishes == self._asked else None,
            channel="explore-describe",
        )

    def _show(self, found: Mapping[str, Any]) -> None:
        set_tone(self.summary, "")
        self.summary.setText(summary_of(found))
        names = found["columns"]
        more = f" and {len(names) - _SHOWN_COLUMNS} more" if len(names) > _SHOWN_COLUMNS else ""
        self.columns.setText(f"Columns: {', '.join(names[:_SHOWN_COLUMNS])}{more}" if names else "")
        self.columns.setVisible(bool(names))
        self.notes.setText(" ".join(found["notes"]))
        self.notes.setVisible(bool(found["notes"]))
        self.add.setEnabled(bool(found["width"]))
        if self.focusWidget() in (None, self.close_button):
            self.add.setFocus()

    def _refuse(self, error: WorkbenchError) -> None:
        set_tone(self.summary, "danger")
        self.summary.setText(str(error))
        self.columns.hide()
        self.notes.hide()
        self.add.setEnabled(False)

    def _import(self) -> None:
        wishes = self.wishes
        self.accept()
        self._import_wanted(wishes)


def summary_of(found: Mapping[str, Any]) -> str:
    """What a file would be read as, in a sentence."""
    if not found["width"]:
        return f"{found['title']}. Choose what holds the vectors."
    about = "" if found["exact"] else "about "
    vectors = f"{about}{found['rows']:,} vectors of {found['width']:,} numbers"
    return f"{found['title']}: {vectors}, {format_bytes(found['size'])}."


def choices_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """What can be chosen, as the schema of a form."""
    columns, choices = list(found["columns"]), list(found["choices"])
    fields: dict[str, Any] = {}
    if found["format"] == "table" and choices:
        words = "columns of numbers, with commas between, or a pattern such as x*; empty takes all of them"
        fields["vector"] = {"type": "string", "title": "Vectors", "description": words, "default": ""}
    elif choices:
        offered = choices if not found["width"] else [GUESSED, *choices]
        fields["vector"] = _choice("Vectors", "the array, tensor or column that holds the vectors", offered)
    if columns:
        fields["id"] = _choice("Names", "the column that names the rows", [GUESSED, *columns])
        fields["label"] = _choice("Labels", "the column of labels", [GUESSED, *columns])
    words = "the distance in which neighbours are told; auto takes the file's own, else cosine"
    fields["metric"] = _choice("Metric", words, ["auto", "cosine", "euclidean"])
    limit = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None, "unit": "rows"}
    fields["limit"] = {**limit, "title": "Only the first", "description": "empty reads all rows"}
    return {"properties": fields}


def _choice(title: str, description: str, offered: list[str]) -> dict[str, Any]:
    return {"type": "string", "enum": offered, "title": title, "description": description, "default": offered[0]}
