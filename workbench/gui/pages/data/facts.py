"""Cards that say what a data set holds: its facts, what was skipped, and its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit, QSizePolicy, QWidget

from workbench.gui.pages.data.labels import LabelBars, scrolling
from workbench.gui.theme.tokens import SPACE_M, SPACE_XS
from workbench.gui.widgets.basics import ElidedLabel, label
from workbench.gui.widgets.containers import Collapsible, Section
from workbench.plugins.specs import DatasetSpec

Facts = Mapping[str, Any]
Rows = list[tuple[str, str]]


def open_rows(facts: Facts) -> Rows:
    """What is known of an open data set: (caption, value)."""
    splits: Mapping[str, Any] = facts["splits"]
    train = splits[facts["train"]]
    rows = [
        ("Trains on", _split_words(facts["train"], splits)),
        ("Measured on", _split_words(facts["test"], splits)),
    ]
    rows.append(("Pictures", shape_words(train["fields"].get("image", ()))))
    rows.append(("Classes", f"{len(train['classes']):,}" if train["classes"] else "none"))
    others = [name for name in train["splits"] if name not in splits]
    rows += [("Also there", ", ".join(others))] if others else []
    return rows + _origin_rows(train["licence"], train["source"])


def spec_rows(spec: DatasetSpec) -> Rows:
    """What the catalogue says of a data set that is not open."""
    rows = [("Samples", f"{spec.samples:,}")] if spec.samples else []
    rows += [("Classes", f"{spec.classes:,}")] if spec.classes else []
    rows += [("Pictures", f"{spec.size_px} × {spec.size_px} px")] if spec.size_px else []
    rows += [("Splits", ", ".join(spec.splits))] if spec.splits else []
    return rows + _origin_rows(spec.licence, spec.source)


def shape_words(shape: Sequence[int]) -> str:
    """`28 × 28 px, grey` from (C, H, W); -1 is a side that varies."""
    if len(shape) != 3:
        return " × ".join(str(side) for side in shape)
    channels, height, width = shape
    size = "of several sizes" if -1 in (height, width) else f"{width} × {height} px"
    return f"{size}, {'grey' if channels == 1 else 'colour'}"


def skipped_of(facts: Facts) -> tuple[int, list[str]]:
    """How many samples could not be read in all splits, and a line for each that is listed."""
    splits = facts["splits"].values()
    lines = [f"{item['path']}: {item['reason']}" for split in splits for item in split["skipped"]]
    return sum(split["skipped_count"] for split in splits), list(dict.fromkeys(lines))


def _split_words(name: str, splits: Mapping[str, Any]) -> str:
    return f"{name}, {splits[name]['samples']:,} samples"


def _origin_rows(licence: str, source: str) -> Rows:
    return [(caption, value) for caption, value in (("Licence", licence), ("Source", source)) if value]


class FactsCard(Section):
    """Captions and values in two columns, and under them the files that were skipped."""

    def __init__(self) -> None:
        super().__init__("About this data")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(SPACE_M)
        self._grid.setVerticalSpacing(SPACE_XS)
        self._grid.setColumnStretch(1, 1)
        self._rows: Rows = []
        self._labels: list[QWidget] = []
        self.listing = QPlainTextEdit()
        self.listing.setReadOnly(True)
        self.listing.setAcceptDrops(False)
        self.listing.setAccessibleName("Skipped files")
        self.listing.setMaximumHeight(96)
        self.skipped = Collapsible("", self.listing)
        self.skipped.set_open(False)
        self.skipped.hide()
        self.body.addLayout(self._grid)
        self.body.addWidget(self.skipped)
        self.body.addStretch(1)

    def set_rows(self, rows: Rows) -> None:
        """Show these facts."""
        if rows == self._rows:
            return
        self._rows = rows
        for old in self._labels:
            self._grid.removeWidget(old)
            old.deleteLater()
        self._labels = []
        for row, (caption, value) in enumerate(rows):
            self._add(row, 0, label(caption, "muted"))
            self._add(row, 1, _value(value))

    def rows(self) -> Rows:
        return list(self._rows)

    def set_skipped(self, count: int, lines: Sequence[str]) -> None:
        """Say how many samples were skipped, and list them with their reasons."""
        self.skipped.setVisible(count > 0)
        self.skipped.head.setText("1 file was skipped" if count == 1 else f"{count:,} files were skipped")
        more = [f"and {count - len(lines):,} more"] if count > len(lines) else []
        text = "\n".join([*lines, *more])
        if text != self.listing.toPlainText():
            self.listing.setPlainText(text)

    def _add(self, row: int, column: int, widget: QWidget) -> None:
        self._grid.addWidget(widget, row, column)
        self._labels.append(widget)


def _value(value: str) -> QLabel:
    made = ElidedLabel(value)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


class LabelsCard(Section):
    """The label distribution of a split, or what having no labels means.

    Signals
    -------
    chosen(label) : a bar was clicked; None takes the choice back
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__("Labels")
        self.bars = LabelBars()
        self.area = scrolling(self.bars)
        self.words = label("", "muted", wrap=True)
        self.bars.chosen.connect(self.chosen)
        self.add(self.area, 1)
        self.add(self.words)

    def set_split(self, split: Mapping[str, Any]) -> None:
        """Show the labels of one split, as the lab describes it."""
        classes, counts = split["classes"], split["label_counts"]
        labelled = bool(classes and counts)
        self.area.setVisible(labelled)
        self.body.setAlignment(self.words, Qt.AlignmentFlag.AlignTop)
        self.words.setText(_label_words(split))
        self.words.setVisible(bool(self.words.text()))
        self.bars.set_counts(classes if labelled else (), counts if labelled else ())


def _label_words(split: Mapping[str, Any]) -> str:
    if not split["classes"] or not split["label_counts"]:
        return (
            "This data set has no labels. Self-supervised objectives do not need any; the kNN accuracy and the "
            "supervised baseline do, and will be off."
        )
    without = split["samples"] - sum(split["label_counts"])
    return f"{without:,} samples have no label." if without > 0 else ""
