"""What an engine and a lab do without when they start: seconds that every user and every test would wait for."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from contextlib import suppress

import pytest

from workbench.engine.imports import fabric_for, paused_collector
from workbench.recipes.models import Hardware

HEAVY = ("torchmetrics", "transformers", "timm", "torchvision", "matplotlib", "umap", "sklearn", "scipy.stats")
START = f"""
import json, sys
import workbench.engine.lab.handlers, workbench.engine.train
from workbench.engine.imports import fabric_for
from workbench.recipes.models import Hardware
fabric_for(Hardware(device="cpu", precision="32-true"))
print(json.dumps([name for name in {HEAVY} if name in sys.modules]))
"""


def test_a_lab_and_an_engine_start_without_the_libraries_that_few_runs_need() -> None:
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == []


def test_a_library_that_is_passed_over_while_fabric_is_imported_can_be_imported_afterwards() -> None:
    pytest.importorskip("torchmetrics")
    for name in [name for name in sys.modules if name.split(".")[0] == "lightning_fabric"]:
        del sys.modules[name]
    fabric_for(Hardware(device="cpu", precision="32-true"))
    assert "torchmetrics" in sys.modules
    __import__("torchmetrics")


def test_the_collector_is_back_at_work_after_imports_and_also_after_one_that_failed() -> None:
    working = []
    with suppress(ModuleNotFoundError), paused_collector():
        working.append(gc.isenabled())
        __import__("no_such_module")
    working.append(gc.isenabled())
    gc.unfreeze()
    assert working == [False, True]
