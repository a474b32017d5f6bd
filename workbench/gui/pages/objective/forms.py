"""Forms that show one section of the recipe and change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.app.editor import RecipeEditor
from workbench.gui.forms import SchemaForm
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label
from workbench.plugins.catalogue import Entry
from workbench.recipes.models import Recipe

Schema = Mapping[str, Any]


@cache
def recipe_schema() -> dict[str, Any]:
    """The JSON Schema of the recipe's fixed sections."""
    return Recipe.model_json_schema(by_alias=True)


def section_schema(section: str) -> dict[str, Any]:
    """The schema of a fixed section such as "schedule"; raises KeyError for one that the recipe does not have."""
    schema = recipe_schema()
    target = schema["properties"][section]
    reference = target.get("$ref") or target["allOf"][0]["$ref"]
    return dict(schema["$defs"][str(reference).rsplit("/", 1)[-1]])


def fields_schema(names: Iterable[str]) -> dict[str, Any]:
    """A schema of single fields at the recipe's top, such as its name and seed."""
    properties = recipe_schema()["properties"]
    return {"type": "object", "properties": {name: properties[name] for name in names}}


class SectionForm(QWidget):
    """The settings of one section: what is edited goes into the recipe, what is wrong stands at its field.

    Parameters
    ----------
    editor : whose recipe is shown
    section : "objective", "schedule", ...; "" for the fields at the recipe's top
    """

    def __init__(self, editor: RecipeEditor, section: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor, self._section = editor, section
        self._defaults: dict[str, Any] = {}
        self._titles: dict[str, str] = {}
        self.form = SchemaForm()
        self.form.edited.connect(self._edited)
        self.stray = label("", "danger", wrap=True)
        self.stray.hide()
        self.none = label("It has no settings.", "muted")
        self.none.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        for part in (self.stray, self.none, self.form):
            column.addWidget(part)

    def show_schema(self, schema: Schema) -> None:
        """Show the fields of a schema."""
        properties = schema.get("properties", {})
        self._defaults = {name: prop["default"] for name, prop in properties.items() if "default" in prop}
        self._titles = {name: str(prop.get("title", name)) for name, prop in properties.items()}
        self.form.set_schema(schema)
        self.none.setVisible(not properties)

    def show_entry(self, entry: Entry[Any], in_use: bool) -> None:
        """Show a contribution's settings: the recipe's where it is in use, else its defaults, not to be changed."""
        self.show_schema(entry.schema_)
        self.form.setEnabled(in_use)
        if in_use:
            self.refresh()
        else:
            self.form.set_values(self._defaults)
            self.form.set_problems({})
            self.stray.hide()

    def refresh(self) -> None:
        """Show the recipe's values and what is wrong with them."""
        stated = self._editor.document if not self._section else self._editor.document.get(self._section, {})
        self.form.set_values({**self._defaults, **stated} if isinstance(stated, dict) else self._defaults)
        problems = self._problems()
        self.form.set_problems({name: words for name, words in problems.items() if name in self._titles})
        stray = [f"{name}: {words}" if name else words for name, words in problems.items() if name not in self._titles]
        self.stray.setText("\n".join(stray))
        self.stray.setVisible(bool(stray))

    def _problems(self) -> dict[str, str]:
        if self._section:
            return {name: words for name, words in self._editor.problems_under(self._section).items() if name != "id"}
        return {problem.key: problem.message for problem in self._editor.problems if problem.key in self._titles}

    def _edited(self, change: tuple[str, Any]) -> None:
        name, value = change
        key = f"{self._section}.{name}" if self._section else name
        self._editor.set(key, value, f"change {self._titles[name].lower()}")
