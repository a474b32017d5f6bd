"""What a GUI test must leave behind: no window, no running thread, no running timer."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from workbench.app.application import App
from workbench.gui.bridge import Bridge
from workbench.gui.theme import apply, load_theme


@pytest.fixture(scope="module", autouse=True)
def _old_objects_set_aside() -> None:
    """What was there before a file's tests is none of their leaks; the collector need not walk through it each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def desk(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """One application on a workspace of its own, with its labs warm, for all tests of a file."""
    home = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(home))
        apply(qapp, load_theme("light"))
        app = App(home)
        bridge = Bridge(app)
        bridge.start()
        yield bridge
        bridge.stop()
        app.close()


@pytest.fixture(autouse=True)
def _nothing_left_of_qt(qapp: QApplication) -> Iterator[None]:
    """Fails a test that leaves a top-level widget, a running QThread or an active QTimer of its own.

    A timer of a window that tests share ends with that window.
    """
    widgets, threads, timers = _widgets(), _running(QThread, QThread.isRunning), _running(QTimer, QTimer.isActive)
    keep = [*widgets.values(), *threads.values(), *timers.values()]  # so that no id is given out twice
    yield
    _finish_deletions()
    left = [
        *_since(widgets, _widgets()),
        *_since(threads, _running(QThread, QThread.isRunning)),
        *(timer for timer in _since(timers, _running(QTimer, QTimer.isActive)) if not _is_of(timer, widgets)),
    ]
    del keep
    if left:
        pytest.fail(f"left behind by the test: {', '.join(_words(thing) for thing in left)}")


def _finish_deletions() -> None:
    """What was closed or dropped goes now, not with the next event."""
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
    gc.collect()


def _widgets() -> dict[int, QObject]:
    return {id(widget): widget for widget in QApplication.topLevelWidgets() if isValid(widget)}


def _running(kind: type[QObject], is_running: Callable[..., bool]) -> dict[int, QObject]:
    """Qt keeps no list of its threads and timers, but each has a Python wrapper that the collector knows."""
    alive = [thing for thing in gc.get_objects() if issubclass(type(thing), kind) and isValid(thing)]
    return {id(thing): thing for thing in alive if is_running(thing)}


def _since(before: dict[int, QObject], after: dict[int, QObject]) -> list[QObject]:
    return [thing for key, thing in after.items() if key not in before]


def _is_of(thing: QObject, widgets: dict[int, QObject]) -> bool:
    """Whether one of these widgets holds it."""
    owner = thing.parent()
    return owner is not None and (id(owner) in widgets or _is_of(owner, widgets))


def _words(thing: QObject) -> str:
    title = thing.windowTitle() if isinstance(thing, QWidget) else ""
    name = thing.objectName() or title
    owner = thing.parent()
    of_owner = f" of {type(owner).__name__}" if owner is not None else ""
    return f"{type(thing).__name__}{f' {name!r}' if name else ''}{of_owner}"
