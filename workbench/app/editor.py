"""The recipe being edited: one document, its problems, and every change as one undo step."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import Problem, RecipeError
from workbench.plugins.catalogue import Catalogue, Entry
from workbench.recipes.check import build, check
from workbench.recipes.models import Recipe, Views
from workbench.recipes.views_file import views_of_document

COALESCE_S = 1.0
UNDO_STEPS = 200


@dataclass(frozen=True)
class Edit:
    """One undo step: the document before it, and what it did, in words."""

    before: dict[str, Any]
    words: str


class RecipeEditor:
    """Holds a recipe document that may be wrong, says what is wrong with it, and can go back.

    Parameters
    ----------
    catalogue : what the recipe may name
    document : where to start
    changed : called after every change
    """

    def __init__(self, catalogue: Catalogue, document: Mapping[str, Any], changed: Callable[[], None]) -> None:
        self.catalogue = catalogue
        self.document: dict[str, Any] = copy.deepcopy(dict(document))
        self._changed = changed
        self._undo: list[Edit] = []
        self._redo: list[Edit] = []
        self._last_key, self._last_at = "", 0.0
        self._assess()

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def undo_words(self) -> str:
        """What Undo would take back; empty where there is nothing."""
        return self._undo[-1].words if self._undo else ""

    @property
    def redo_words(self) -> str:
        """What Redo would do again; empty where there is nothing."""
        return self._redo[-1].words if self._redo else ""

    def value(self, key: str) -> Any:
        """The value at a dotted key, list positions as numbers; None where the document is silent."""
        node: Any = self.document
        for part in key.split("."):
            try:
                node = node[int(part)] if isinstance(node, list) else node[part]
            except (KeyError, IndexError, ValueError, TypeError):
                return None
        return node

    def problems_under(self, prefix: str) -> dict[str, str]:
        """Messages by what is left of the key after `prefix.`; the section's own under ""."""
        found: dict[str, str] = {}
        for problem in self.problems:
            if problem.key == prefix:
                found.setdefault("", problem.message)
            elif problem.key.startswith(prefix + "."):
                found.setdefault(problem.key.removeprefix(prefix + "."), problem.message)
        return found

    # -- changing --------------------------------------------------------------------------------------------------

    def set(self, key: str, value: Any, words: str = "") -> None:
        """Change one value; a quick run of changes to one key is one undo step."""
        if self.value(key) == value:
            return
        now = time.monotonic()
        joined = key == self._last_key and now - self._last_at < COALESCE_S and bool(self._undo)
        document = copy.deepcopy(self.document)
        _put(document, key.split("."), value)
        self._apply(document, words or f"change {key}", joined)
        self._last_key, self._last_at = key, now

    def set_many(self, changes: Mapping[str, Any], words: str) -> None:
        """Change several values in one undo step."""
        document = copy.deepcopy(self.document)
        for key, value in changes.items():
            _put(document, key.split("."), value)
        self._apply(document, words)

    def choose(self, section: str, id_: str) -> None:
        """Choose another contribution for a section, with its default settings.

        A new objective brings the views it needs where the present ones do not serve it.
        """
        self.set_many(self._changes_for(section, id_), f"choose {self._entry(section, id_).title}")

    def with_choice(self, section: str, id_: str) -> dict[str, Any]:
        """The document as `choose` would leave it; nothing is changed."""
        return copy.deepcopy({**self.document, **self._changes_for(section, id_)})

    def use_views_preset(self, name: str) -> None:
        """Replace the views by a preset."""
        self.set_many({"views": self._preset(name)}, f"use the {name} views")

    def use_views(self, views: Views, words: str) -> None:
        """Take over whole views, their size and strength included, as one undo step."""
        self.set_many({"views": views.model_dump(mode="json")}, words)

    def build_views(self) -> Views:
        """The views alone, every setting stated; raises RecipeError with what is wrong with them."""
        if self.recipe is not None:
            return self.recipe.views
        return views_of_document(self.document, self.catalogue)

    def replace(self, document: Mapping[str, Any], words: str) -> None:
        """Take over a whole document, as one undo step."""
        self._apply(copy.deepcopy(dict(document)), words)

    def undo(self) -> None:
        """Take back the last step."""
        self._travel(self._undo, self._redo)

    def redo(self) -> None:
        """Do the last undone step again."""
        self._travel(self._redo, self._undo)

    def build(self) -> Recipe:
        """The recipe; raises RecipeError with every problem."""
        if self.recipe is None:
            raise RecipeError(self.problems)
        return self.recipe

    def _entry(self, section: str, id_: str) -> Entry[Any]:
        return self.catalogue.get({"data": "dataset"}.get(section, section), id_)

    def _changes_for(self, section: str, id_: str) -> dict[str, Any]:
        changes: dict[str, Any] = {section: {"id": id_, **self._entry(section, id_).defaults()}}
        return {**changes, **self._views_for(id_, changes)} if section == "objective" else changes

    def _preset(self, name: str) -> dict[str, Any]:
        views = copy.deepcopy(self.catalogue.view_presets[name])
        return {**views, "preset": name, "size": self._size_under(views)}

    def _size_under(self, preset: Mapping[str, Any]) -> int:
        """The size of the views under another preset: the user's, unless the crops of the new one go with its own.

        A size that the present preset brought goes with it.
        """
        size = self.value("views.size") or 0
        present = self.catalogue.view_presets.get(str(self.value("views.preset") or ""), {})
        multi_crop = any(branch.get("size") for branch in preset["branches"])
        return int(preset["size"] if multi_crop or (size and size == present.get("size")) else size)

    def _views_for(self, id_: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        document = {**self.document, **changes}
        if not any(problem.key.startswith("views") for problem in check(document, self.catalogue)):
            return {}
        return {"views": self._preset(self.catalogue.objective(id_).spec.views_preset)}

    def _apply(self, document: dict[str, Any], words: str, joined: bool = False) -> None:
        if document == self.document:
            return
        if not joined:
            self._undo.append(Edit(self.document, words))
            del self._undo[:-UNDO_STEPS]
        self._redo.clear()
        self._last_key = ""
        self.document = document
        self._assess()
        self._changed()

    def _travel(self, source: list[Edit], target: list[Edit]) -> None:
        if not source:
            return
        step = source.pop()
        target.append(Edit(self.document, step.words))
        self.document = step.before
        self._last_key = ""
        self._assess()
        self._changed()

    def _assess(self) -> None:
        self.problems: tuple[Problem, ...] = ()
        self.recipe: Recipe | None = None
        try:
            self.recipe = build(self.document, self.catalogue)
        except RecipeError as error:
            self.problems = error.problems


def _put(node: Any, parts: list[str], value: Any) -> None:
    *path, last = parts
    for part in path:
        node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    if isinstance(node, list):
        node[int(last)] = value
    else:
        node[last] = value
