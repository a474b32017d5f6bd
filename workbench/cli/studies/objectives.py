"""`workbench study objectives`: every objective under one budget, and the table they make."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.app.studies.folder import Study
from workbench.app.studies.objectives.plan import ObjectivesPlan, make_plan
from workbench.app.studies.objectives.report import as_document, as_text, rows, save
from workbench.app.studies.plan import parse_budget
from workbench.app.studies.results import Results
from workbench.cli.studies.common import add_flags, listed, run_study
from workbench.plugins.catalogue import Catalogue
from workbench.recipes.models import Recipe


def add_objectives(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command and what it takes."""
    command = kinds.add_parser(
        ObjectivesPlan.kind,
        help="a run for every objective under one budget, and what their encoders know",
        description="Trains every objective with its own preset (views, backbone, optimiser) on the data of one "
        "recipe, and shows kNN and linear probe beside raw pixels and the encoder before training. Data, evaluation, "
        "hardware and seed are the recipe's. Ctrl-C stops it with all that is done kept; --resume or the same --out "
        "goes on.",
    )
    command.add_argument("recipe", nargs="?", default="simclr-cifar10", metavar="RECIPE.toml|PRESET")
    command.add_argument("--objectives", metavar="a,b,c", help="by default all that can learn from the data")
    add_flags(command, budget="5min")
    command.set_defaults(action=lambda arguments: run_study(arguments, ObjectivesPlan, _plan, _tell))


def _plan(arguments: argparse.Namespace, base: Recipe, catalogue: Catalogue) -> ObjectivesPlan:
    return make_plan(
        listed(arguments.objectives),
        parse_budget(arguments.budget),
        base,
        catalogue,
        samples=arguments.samples,
        seeds=arguments.seeds,
        measure=arguments.measure,
    )


def _tell(study: Study, results: Results, catalogue: Catalogue) -> tuple[dict[str, Any], str]:
    assert isinstance(study.plan, ObjectivesPlan)
    table = rows(study.plan, results, catalogue)
    files = save(study.plan, table, study.base.name or study.base.data.id, study.path)
    document = {**as_document(study.plan, results, table), "files": [str(path) for path in files]}
    return document, as_text(study.plan, table)
