"""Every kind of study, by the name in its file."""

from __future__ import annotations

from workbench.app.studies.composition.plan import CompositionPlan
from workbench.app.studies.objectives.plan import ObjectivesPlan
from workbench.app.studies.plan import StudyPlan

PLANS: dict[str, type[StudyPlan]] = {plan.kind: plan for plan in (CompositionPlan, ObjectivesPlan)}
