"""The changes that can be made to a pipeline, each one undo step of the recipe's editor. No Qt."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from itertools import count
from string import ascii_uppercase
from typing import Any

from workbench.app.editor import RecipeEditor
from workbench.gui.pages.views.words import branches_of, ops_of
from workbench.plugins.catalogue import Entry
from workbench.plugins.specs import OperationSpec

Place = tuple[int, int]
Branches = list[dict[str, Any]]


class PipelineEdits:
    """Changes branches and operations; a place is (branch number, position in the branch)."""

    def __init__(self, editor: RecipeEditor) -> None:
        self._editor = editor

    # -- operations ------------------------------------------------------------------------------------------------

    def set_field(self, place: Place, name: str, value: Any, words: str) -> None:
        """Change one setting of an operation."""
        self._set(f"{place[0]}.ops.{place[1]}.{name}", value, words)

    def home_of(self, number: int) -> int:
        """The branch whose operations a branch uses: itself, or the one that it is like."""
        branches = branches_of(self._editor)
        like = branches[number].get("like")
        return next((n for n, other in enumerate(branches) if like and other.get("name", "A") == like), number)

    def add(self, number: int, entry: Entry[OperationSpec]) -> Place:
        """Put an operation with its defaults at the end of a branch, before its normalisation; returns its place."""
        number = self.home_of(number)
        ops = branches_of(self._editor)[number].get("ops", ())
        # What comes after normalisation would see values that are no colours.
        ends = [place for place, op in enumerate(ops) if self._normalises(op)]
        position = ends[0] if ends and entry.spec.kind != "normalise" else len(ops)
        self._insert((number, position), {"id": entry.id, **entry.defaults()}, f"add {entry.title}")
        return number, position

    def duplicate(self, place: Place) -> Place:
        """Put a copy of an operation behind it; returns the copy's place."""
        op = branches_of(self._editor)[place[0]]["ops"][place[1]]
        behind = (place[0], place[1] + 1)
        self._insert(behind, copy.deepcopy(op), f"duplicate {self._title(op)}")
        return behind

    def remove(self, place: Place) -> None:
        def change(branches: Branches) -> str:
            return f"remove {self._title(_ops(branches, place[0]).pop(place[1]))}"

        self._change(change)

    def move(self, place: Place, target: Place) -> Place:
        """Take an operation out and put it before what stands at `target`; returns where it then is.

        `target` counts as things stand before the move; one behind the last puts it at the end.
        """
        number, position = target
        if number == place[0] and position > place[1]:
            position -= 1

        def change(branches: Branches) -> str:
            op = _ops(branches, place[0]).pop(place[1])
            _ops(branches, number).insert(position, op)
            return f"move {self._title(op)}"

        if (number, position) != place:
            self._change(change)
        return number, position

    # -- branches --------------------------------------------------------------------------------------------------

    def set_branch(self, number: int, name: str, value: Any, words: str) -> None:
        """Change the count or the size of a branch."""
        self._set(f"{number}.{name}", value, words)

    def rename(self, number: int, name: str) -> None:
        """Give a branch another name; branches that are like it follow."""
        before = str(branches_of(self._editor)[number].get("name", "A"))

        def change(branches: Branches) -> str:
            branches[number]["name"] = name
            for branch in branches:
                if branch.get("like") == before:
                    branch["like"] = name
            return f"rename branch {before}"

        self._change(change)

    def add_branch(self) -> None:
        """A further branch of one view, like the first one that has operations of its own."""

        def change(branches: Branches) -> str:
            name = _free_name(branches)
            model = next((str(branch.get("name", "A")) for branch in branches if not branch.get("like")), "")
            branches.append({"name": name, "count": 1, "size": 0, "like": model, "ops": []})
            return f"add branch {name}"

        self._change(change)

    def duplicate_branch(self, number: int) -> None:
        def change(branches: Branches) -> str:
            made = copy.deepcopy(branches[number])
            branches.insert(number + 1, {**made, "name": _free_name(branches)})
            return f"duplicate branch {made.get('name', 'A')}"

        self._change(change)

    def remove_branch(self, number: int) -> None:
        """Remove a branch; those that are like it keep its operations as their own."""

        def change(branches: Branches) -> str:
            gone = branches.pop(number)
            for branch in branches:
                if branch.get("like") and branch["like"] == gone.get("name", "A"):
                    branch.update(like="", ops=copy.deepcopy(ops_of([gone], gone)))
            return f"remove branch {gone.get('name', 'A')}"

        self._change(change)

    def make_like(self, number: int, like: str) -> None:
        """Use the operations of another branch, or for "" own ones: to begin with, a copy of the other's."""

        def change(branches: Branches) -> str:
            branch = branches[number]
            ops = [] if like else copy.deepcopy(ops_of(branches, branch))
            branch.update(like=like, ops=ops)
            name = branch.get("name", "A")
            return f"make branch {name} the same as {like}" if like else f"give branch {name} its own operations"

        self._change(change)

    # -- how -------------------------------------------------------------------------------------------------------

    def _insert(self, place: Place, op: Mapping[str, Any], words: str) -> None:
        def change(branches: Branches) -> str:
            _ops(branches, place[0]).insert(place[1], dict(op))
            return words

        self._change(change)

    def _set(self, key: str, value: Any, words: str) -> None:
        """One value; a quick run of changes to it is one undo step."""
        editor = self._editor
        if isinstance(editor.value("views.branches"), list):
            editor.set(f"views.branches.{key}", value, words)
            return
        stated = copy.deepcopy(branches_of(editor))
        editor.set_many({"views.branches": stated, f"views.branches.{key}": value}, words)

    def _change(self, change: Callable[[Branches], str]) -> None:
        branches = copy.deepcopy(branches_of(self._editor))
        words = change(branches)
        self._editor.set_many({"views.branches": branches}, words)

    def _title(self, op: Mapping[str, Any]) -> str:
        id_, catalogue = str(op.get("id", "")), self._editor.catalogue
        return catalogue.get("operation", id_).title if catalogue.has("operation", id_) else id_

    def _normalises(self, op: Mapping[str, Any]) -> bool:
        id_, catalogue = str(op.get("id", "")), self._editor.catalogue
        return catalogue.has("operation", id_) and catalogue.get("operation", id_).spec.kind == "normalise"


def like_choices(branches: Branches, number: int) -> list[str]:
    """The branches that this one could be like: others with operations of their own, unless others are like it."""
    name = branches[number].get("name", "A")
    if any(other.get("like") == name for other in branches):
        return []
    others = [branch for position, branch in enumerate(branches) if position != number]
    return [str(branch.get("name", "A")) for branch in others if not branch.get("like")]


def _ops(branches: Branches, number: int) -> list[dict[str, Any]]:
    """The branch's own list, made where it was silent."""
    branch = branches[number]
    branch["ops"] = list(branch.get("ops", ()))
    ops: list[dict[str, Any]] = branch["ops"]
    return ops


def _free_name(branches: Branches) -> str:
    taken = {branch.get("name", "A") for branch in branches}
    names = (letter + (str(round_) if round_ else "") for round_ in count() for letter in ascii_uppercase)
    return next(name for name in names if name not in taken)
