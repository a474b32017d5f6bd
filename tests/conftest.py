"""What every test stands on: no screen, no home of its own, no error logged unseen, no thread left behind."""

from __future__ import annotations

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


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data that the project does not ship; skips where it is absent."""
    folder = (ROOT / os.environ.get("WORKBENCH_TEST_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"test data are not in {folder}; set WORKBENCH_TEST_DATA to their folder")
    return folder


@pytest.fixture(autouse=True)
def _own_workspace(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may read or write the workspace of whoever runs it."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("workspace")))


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
