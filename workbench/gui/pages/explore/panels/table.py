"""The panels under the map, in the order of their tabs."""

from __future__ import annotations

from workbench.gui.pages.explore.panels.arithmetic.panel import ArithmeticPanel
from workbench.gui.pages.explore.panels.base import ExplorePanel
from workbench.gui.pages.explore.panels.compare.panel import ComparePanel
from workbench.gui.pages.explore.panels.samples.panel import SamplesPanel
from workbench.gui.pages.explore.panels.structure.panel import StructurePanel
from workbench.gui.pages.explore.panels.time.panel import TimePanel

PANELS: tuple[type[ExplorePanel], ...] = (SamplesPanel, ArithmeticPanel, StructurePanel, ComparePanel, TimePanel)
