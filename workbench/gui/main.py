"""The window from the command line: `workbench`, `workbench demo` and `workbench screenshot`."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from workbench.app.application import App, Notice
from workbench.app.commands import PAGES
from workbench.app.supervisor import RunHandle
from workbench.app.topics import Topic
from workbench.core.errors import WorkbenchError
from workbench.gui.film import add_film
from workbench.gui.theme import icon
from workbench.gui.theme.tokens import THEMES
from workbench.gui.window import Window
from workbench.recipes.presets import load
from workbench.runs.state import RunState

LOG = logging.getLogger("workbench.gui")
OK, BAD_INPUT, INTERRUPTED = 0, 2, 130
DEMO_PRESET = "demo"
SIGNAL_MS = 200
LARGEST_SIDE_PX = 8192


def main(words: Sequence[str]) -> int:
    """Open the window, or render a page of it to a picture; returns the exit code."""
    chosen = parser().parse_args(words or ["window"])
    faulthandler.enable()
    try:
        return int(chosen.run(chosen))
    except WorkbenchError as error:
        print(error, file=sys.stderr)  # noqa: T201  (the terminal is all there is before a window)
        return BAD_INPUT


def parser() -> argparse.ArgumentParser:
    """The command line of the window."""
    top = argparse.ArgumentParser(prog="workbench")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("window", help="open the window").set_defaults(run=_window)
    demo = commands.add_parser("demo", help="the two-minute tour on the bundled data, in the window")
    demo.add_argument("--run-dir", type=Path, help="where the run folder goes")
    demo.set_defaults(run=_demo)
    picture = commands.add_parser("screenshot", help="render a page to a picture, without a display")
    picture.add_argument("--page", choices=PAGES, required=True, help="which page")
    picture.add_argument("--run", type=Path, dest="run_dir", metavar="RUN_DIR", help="the run that is looked at")
    picture.add_argument("--embeddings", type=Path, metavar="DIR", help="the embedding set that is explored")
    picture.add_argument("--out", type=_png, required=True, metavar="FILE.png", help="the picture")
    picture.add_argument("--size", type=_size, default=(1600, 1000), metavar="WxH", help="in pixels; 1600x1000")
    parts = "operations, eyes, study (views); backbone, training (objective); at-work (objective, train)"
    picture.add_argument("--section", default="", help=f"a part of the page: {parts}")
    picture.add_argument("--theme", choices=list(THEMES), default="light")
    picture.set_defaults(run=_screenshot)
    add_film(commands)
    return top


def make_application() -> QApplication:
    """The one QApplication, with the program's name and icon."""
    qInstallMessageHandler(_log_qt)
    qt = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(qt, QApplication)
    qt.setApplicationName("SSL Workbench")
    qt.setDesktopFileName("ssl-workbench")
    qt.setWindowIcon(icon("explore", "accent"))
    return qt


def _log_qt(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    """Qt's own messages go where ours go, less what the offscreen platform says of every window."""
    if "propagateSizeHints" in text:
        return
    quiet = kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg)
    logging.getLogger("workbench.qt").log(logging.DEBUG if quiet else logging.WARNING, "%s", text)


def _window(chosen: argparse.Namespace) -> int:
    _require_display()
    qt = make_application()
    return _run(qt, Window(App()))


def _demo(chosen: argparse.Namespace) -> int:
    _require_display()
    qt = make_application()
    window = Window(App())
    start_demo(window, chosen.run_dir)
    return _run(qt, window)


def _screenshot(chosen: argparse.Namespace) -> int:
    if sys.platform == "linux":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from workbench.gui.screenshot import Shot, take

    make_application()
    take(Shot(chosen.page, chosen.out, chosen.size, chosen.theme, chosen.run_dir, chosen.embeddings, chosen.section))
    return OK


def start_demo(window: Window, run_dir: Path | None = None) -> None:
    """Train the demo's recipe, and turn to its map when it is done."""
    app = window.app
    recipe = load(DEMO_PRESET, app.catalogue)
    app.editor.replace(recipe.document(), f"use the preset {DEMO_PRESET}")
    handle = app.current = app.train(recipe, run_dir)
    window.show_page("train")
    show_map_when_done(window, handle)


def show_map_when_done(window: Window, handle: RunHandle) -> None:
    """Turn to the Explore page when a run completes, unless another is looked at by then."""

    def watch(topic: Topic) -> None:
        if topic is Topic.RUNS and handle.state.ended:
            window.bridge.changed.disconnect(watch)
            if handle.state is RunState.COMPLETED and window.app.current is handle:
                window.show_page("explore")

    window.bridge.changed.connect(watch)


def _run(qt: QApplication, window: Window) -> int:
    interrupted: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: interrupted.append(number))
    # A handler runs in the midst of any Python code, so it only leaves a note; and it runs only when Python does, which
    # an idle Qt loop never lets it.
    watch = QTimer(window, interval=SIGNAL_MS)
    watch.timeout.connect(lambda: window.close() if interrupted else None)
    watch.start()
    sys.excepthook = _Reporter(window.app)
    window.show()
    window.start()
    code = qt.exec()
    sys.excepthook = sys.__excepthook__
    return INTERRUPTED if interrupted else code


class _Reporter:
    """Takes exceptions that nobody caught: the window lives on, and says so."""

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        LOG.critical("%s: %s", kind.__name__, error)
        self._app.notify(
            Notice(
                f"Something in the program failed: {kind.__name__}: {error}",
                "Your runs go on. The terminal has the details; a restart brings everything back as it was saved.",
            )
        )


def _require_display() -> None:
    chosen = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in chosen):
        raise WorkbenchError(
            "There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.",
            "On a machine without one, use the command line: `workbench demo --headless` is the tour.",
        )


def _size(text: str) -> tuple[int, int]:
    parts = text.lower().split("x")
    sides = [int(part) for part in parts if part.isdecimal()]
    if len(parts) != 2 or len(sides) != 2 or not all(0 < side <= LARGEST_SIDE_PX for side in sides):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a size: write width x height, such as 1600x1000, at most {LARGEST_SIDE_PX} a side"
        )
    return sides[0], sides[1]


def _png(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a PNG file: let it end in .png")
    return path
