"""`workbench study augmentations`: a short run for every pair of distortions, and the table they make."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.app.studies.composition.plan import CompositionPlan, make_plan
from workbench.app.studies.composition.report import as_document, as_text, save, titles
from workbench.app.studies.composition.table import Table
from workbench.app.studies.folder import Study
from workbench.app.studies.plan import parse_budget
from workbench.app.studies.results import Results
from workbench.cli.studies.common import add_flags, listed, run_study
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Recipe
from workbench.recipes.sweeps import known_distortions


def add_augmentations(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command and what it takes."""
    command = kinds.add_parser(
        CompositionPlan.kind,
        help="a run for every pair of view operations, and a heat map of how good their encoders are",
        description="Trains a run for every pair of view operations, the pair on one of two branches, and shows how "
        "good their encoders are (Chen et al. 2020, figure 5). Ctrl-C stops it with all that is done kept; --resume or "
        "the same --out goes on.",
    )
    command.add_argument("recipe", nargs="?", metavar="RECIPE.toml|PRESET")
    command.add_argument("--ops", metavar="a,b,c", help="operations, in order; by default those of the paper")
    command.add_argument("--symmetric", action="store_true", help="run each pair in one order only")
    add_flags(command, budget="2epochs")
    command.set_defaults(action=lambda arguments: run_study(arguments, CompositionPlan, _plan, _tell))


def _plan(arguments: argparse.Namespace, base: Recipe, catalogue: Catalogue) -> CompositionPlan:
    return make_plan(
        listed(arguments.ops) or [item.name for item in known_distortions(catalogue)],
        parse_budget(arguments.budget),
        catalogue,
        samples=arguments.samples,
        seeds=arguments.seeds,
        measure=arguments.measure,
        symmetric=arguments.symmetric,
    )


def _tell(study: Study, results: Results, catalogue: Catalogue) -> tuple[dict[str, Any], str]:
    table = Table.of(study, results)
    headings = titles(table.plan, catalogue)
    files = save(table, headings, study.base.name or study.base.data.id, study.path)
    return {**as_document(table), "files": [str(path) for path in files]}, as_text(table, headings)
