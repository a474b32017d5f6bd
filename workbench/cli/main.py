"""The `workbench` command on a terminal; the window is `workbench.gui`.

Exit codes: 0 done; 2 bad arguments or recipe; 3 the run failed; 130 interrupted, state saved.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import workbench
from workbench.cli import demo, doctor, explore, figures, invariance, listing, training
from workbench.cli.exporting import add_export
from workbench.cli.importing import add_import
from workbench.cli.pretrained import add_pretrained
from workbench.cli.structure import add_structure
from workbench.cli.studies.augmentations import add_augmentations
from workbench.cli.studies.objectives import add_objectives
from workbench.cli.timelapse import add_timelapse
from workbench.cli.words import add_words
from workbench.core.errors import Cancelled, RunFailed, WorkbenchError

OK, BAD_INPUT, FAILED, INTERRUPTED = 0, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Every user's mistake is one message on standard error."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.action(chosen))
    except Cancelled:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except RunFailed as error:
        print(error, file=sys.stderr)
        return FAILED
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT


def parser() -> argparse.ArgumentParser:
    """The command line, with every command's help."""
    top = argparse.ArgumentParser(
        prog="workbench",
        description=workbench.__doc__,
        epilog="Without a command, the window opens. `workbench screenshot` renders a page to a picture.",
    )
    top.add_argument("--version", action="version", version=f"workbench {workbench.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_list(commands)
    _add_train(commands)
    _add_eval(commands)
    _add_embed(commands)
    _add_project(commands)
    add_export(commands)
    _add_neighbours(commands)
    invariance.add_invariance(commands)
    figures.add_figures(commands)
    add_structure(commands)
    add_timelapse(commands)
    add_words(commands)
    add_import(commands)
    kinds = commands.add_parser("study", help="many short runs that answer one question").add_subparsers(
        dest="study", required=True, metavar="STUDY"
    )
    add_augmentations(kinds)
    add_objectives(kinds)
    found = commands.add_parser("doctor", help="what works on this machine, and how to mend what does not")
    found.set_defaults(action=doctor.run)
    return top


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("demo", help="the two-minute tour on the bundled data")
    command.add_argument("--headless", action="store_true", help="without a window")
    command.add_argument("--run-dir", type=Path, help="where the run folder goes")
    command.set_defaults(action=demo.run)


def _add_list(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("list", help="what recipes can name")
    command.add_argument("kind", choices=list(listing.KINDS))
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=listing.run)


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("train", help="train a recipe in a process of its own")
    command.add_argument("recipe", metavar="RECIPE.toml|PRESET")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="a.b=c",
        dest="overrides",
        help="change a setting of the recipe; may be repeated",
    )
    command.add_argument("--run-dir", type=Path, help="the run folder; resumed when it holds an unfinished run")
    command.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], help="where to train")
    command.add_argument("--time-limit", metavar="DURATION", help="train for so long (120s, 2m), instead of the budget")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=training.run)


def _add_eval(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("eval", help="measure a run's encoder beside its floors")
    command.add_argument("run_dir", type=Path)
    command.add_argument("--knn", action="store_true", help="nearest neighbours vote (the default measurement)")
    command.add_argument("--step", type=int, help="which checkpoint; the latest by default")
    command.add_argument("-k", type=int, help="neighbours that vote")
    command.add_argument("--temperature", type=float, help="softness of the votes")
    command.add_argument("--bank", type=int, help="training samples that may vote; 0 takes all")
    command.add_argument("--test", type=int, help="test samples to classify; 0 takes all")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=explore.evaluate)


def _add_embed(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("embed", help="turn a data set into vectors with a run's encoder or a pretrained one")
    command.add_argument("run", type=Path, nargs="?", metavar="RUN_DIR|CHECKPOINT")
    command.add_argument("--data", required=True, metavar="ID|PATH", help="a data set's id, or your own files")
    command.add_argument("--out", type=Path, required=True, help="the folder of the embedding set")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    add_pretrained(command)


def _add_project(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("project", help="draw an embedding set in the plane")
    command.add_argument("embeddings", type=Path)
    command.add_argument("--method", default="umap", help="see `workbench list projections`")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="a=b",
        dest="overrides",
        help="a setting of the method; may be repeated",
    )
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=explore.project)


def _add_neighbours(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("neighbors", aliases=["neighbours"], help="the samples nearest to one, exactly")
    command.add_argument("embeddings", type=Path)
    asked = command.add_mutually_exclusive_group(required=True)
    asked.add_argument("--id", help="the sample: its row number, or its id in the table")
    asked.add_argument("--text", help="the sample: its text or word; with a text encoder's set any text")
    asked.add_argument("--picture", type=Path, metavar="FILE", help="a picture that goes through the set's encoder")
    command.add_argument("-k", type=int, default=10, help="how many")
    command.add_argument("--metric", choices=["cosine", "euclidean", "dot"], default="cosine")
    command.add_argument("--json", action="store_true", help="one JSON document on standard output")
    command.set_defaults(action=explore.neighbours)
