"""Wishes made facts: the recipe as one machine will run it, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import Field

from workbench.core.errors import Problem, RecipeError
from workbench.core.model import Model
from workbench.recipes.models import Hardware, Recipe
from workbench.recipes.rules import hardware_problems

Device = Literal["cpu", "cuda", "mps"]


class Machine(Model):
    """What a machine has to train on.

    devices : how many of each kind; a cpu counts once however many cores it has
    bf16 : whether its cuda devices calculate in bfloat16
    cores : CPU cores that this process may use
    memory_bytes : main memory
    """

    devices: dict[Device, int]
    bf16: bool = False
    cores: int = Field(ge=1)
    memory_bytes: int = Field(0, ge=0)


def resolve(recipe: Recipe, machine: Machine, data_size: int = 0) -> Recipe:
    """The recipe with device, precision, threads and view size decided.

    Settings of contributions that say "auto" keep it: only the contribution knows what it means by it.

    Parameters
    ----------
    data_size : side of the data set's images in px, for `views.size = 0`; 0 where it is not known

    Raises
    ------
    RecipeError
        The recipe asks for a device that the machine does not have, or that cannot do what it asks.
    """
    hardware = _hardware(recipe.hardware, machine)
    views = recipe.views.replace(size=data_size) if recipe.views.size == 0 and data_size else recipe.views
    return recipe.replace(hardware=hardware, views=views)


def fingerprint(recipe: Recipe) -> str:
    """sha256 of the recipe's canonical JSON, 64 hex digits; what decides nothing of a training is left out."""
    document = recipe.document()
    del document["checkpoints"]["figures"]
    del document["name"]
    del document["training"]["on_alarm"]
    del document["views"]["preset"]
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _hardware(wish: Hardware, machine: Machine) -> Hardware:
    device = _best(machine) if wish.device == "auto" else wish.device
    precision = _precision(device, machine) if wish.precision == "auto" else wish.precision
    decided = wish.replace(device=device, precision=precision, threads=wish.threads or machine.cores)
    problems = [*_missing(decided, machine), *hardware_problems(decided)]
    if problems:
        raise RecipeError(problems)
    return decided


def _best(machine: Machine) -> Device:
    kinds: tuple[Device, ...] = ("cuda", "mps")
    return next((kind for kind in kinds if machine.devices.get(kind)), "cpu")


def _precision(device: str, machine: Machine) -> str:
    if device == "cuda":
        return "bf16-mixed" if machine.bf16 else "16-mixed"
    return "32-true"


def _missing(hardware: Hardware, machine: Machine) -> list[Problem]:
    have = [kind for kind, count in machine.devices.items() if count]
    if hardware.device == "cpu" or hardware.device in have:
        return []
    words = f"this machine has no {hardware.device} device; it has {', '.join(have)}. Write auto or cpu instead."
    return [Problem("hardware.device", words)]
