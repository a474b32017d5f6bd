"""What every test stands on: no screen, no home of its own, no error logged unseen, no thread left behind."""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Qt, matplotlib and numba read these when they are first imported.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("MPLBACKEND", "Agg")

ROOT = Path(__file__).resolve().parent.parent
THREAD_GRACE_S = 5.0
LONGEST_FILES = (
    "test_cli_study.py",
    "test_objectives_conformance.py",
    "test_engine_runs.py",
    "test_gui_start.py",
    "test_engine_alarms.py",
    "test_gui_screenshots.py",
    "test_cli_commands.py",
    "test_embeddings_approximate.py",
    "test_engine_figures.py",
    "test_objectives_every_distributed.py",
    "test_cli_export.py",
)
"""What runs first when files run side by side: a long one that began last would run alone."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep pytest-xdist, where it is used, from putting files in the order of how many tests they have."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest first, the others in the order they were found."""
    rank = {name: number for number, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data that the project does not ship; skips where it is absent."""
    folder = (ROOT / os.environ.get("WORKBENCH_TEST_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"test data are not in {folder}; set WORKBENCH_TEST_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def _workspaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that are made here, because pytest's own numbering looks through all earlier ones each time."""
    parent = tmp_path_factory.mktemp("workspaces")
    return (parent / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_workspace(_workspaces: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may read or write the workspace of whoever runs it."""
    home = next(_workspaces)
    home.mkdir()
    monkeypatch.setenv("WORKBENCH_HOME", str(home))


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def _logged_errors() -> Iterator[list[logging.LogRecord]]:
    collector = _Collector()
    logging.getLogger().addHandler(collector)
    yield collector.records
    logging.getLogger().removeHandler(collector)


@pytest.fixture
def expect_errors(_logged_errors: list[logging.LogRecord]) -> list[logging.LogRecord]:
    """For tests that provoke logged errors: the records so far, which the test looks at itself."""
    return _logged_errors


@pytest.fixture(autouse=True)
def _no_unseen_errors(request: pytest.FixtureRequest, _logged_errors: list[logging.LogRecord]) -> Iterator[None]:
    """An error in the log fails the test, unless the test uses `expect_errors`."""
    yield
    if _logged_errors and "expect_errors" not in request.fixturenames:
        told = "; ".join(f"{record.name}: {record.getMessage()}" for record in _logged_errors)
        pytest.fail(f"errors were logged: {told}")


@pytest.fixture(autouse=True)
def _no_dangling_threads() -> Iterator[None]:
    """Threads that a test starts must end with it; daemon threads die with the process and may stay."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREAD_GRACE_S
    for thread in _started_since(before):
        thread.join(max(0.0, deadline - time.monotonic()))
    left = _started_since(before)
    if left:
        pytest.fail(f"threads still run after the test: {', '.join(thread.name for thread in left)}")


def _started_since(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
