"""The section of backbones: which encoders there are, and the settings of the recipe's."""

from __future__ import annotations

from typing import Any

from workbench.app.application import App
from workbench.gui.pages.objective.browse import BrowsePanel
from workbench.gui.pages.objective.forms import SectionForm
from workbench.gui.pages.objective.list import ChoiceItem
from workbench.gui.pages.objective.paper import PaperView
from workbench.gui.widgets.basics import label
from workbench.gui.widgets.containers import Section
from workbench.plugins.catalogue import Entry

_MODALITIES = {"image": "pictures", "text": "text", "audio": "audio", "video": "video", "points": "3-D points"}


class BackbonePanel(BrowsePanel):
    """All backbones, and the one that is looked at."""

    def __init__(self, app: App) -> None:
        self.about, self.settings_card, self.paper_card = Section(""), Section("Settings"), Section("Paper")
        self.summary = label("", "", wrap=True)
        self.gives = label("", "muted", wrap=True)
        self.settings = SectionForm(app.editor, "backbone")
        self.paper = PaperView()
        self.about.add(self.summary)
        self.about.add(self.gives)
        self.settings_card.add(self.settings)
        self.paper_card.add(self.paper)
        items = [ChoiceItem(entry.id, entry.title, entry.spec.summary) for entry in app.catalogue.backbones]
        cards = [self.about, self.settings_card, self.paper_card]
        super().__init__(app, "backbone", items, cards, {0: ((0, 1, 2),), 600: ((0, 2), (1,))})

    def show_entry(self, entry: Entry[Any], in_use: bool) -> None:
        self.about.title.set_full_text(entry.title)
        self.summary.setText(entry.spec.summary)
        gives = "one feature vector and a row of tokens" if entry.spec.tokens else "one feature vector"
        self.gives.setText(f"Takes {_MODALITIES[entry.spec.modality]}, gives {gives} a sample.")
        self.settings.show_entry(entry, in_use)
        self.paper_card.setVisible(entry.spec.paper is not None)
        if entry.spec.paper is not None:
            self.paper.show_paper(entry.spec.paper)
