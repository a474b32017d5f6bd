"""The log panel's feed: the program's own log records, from any thread, shown on the GUI's."""

from __future__ import annotations

import logging
import queue
import time

from PySide6.QtCore import QObject, QTimer

from workbench.gui.widgets.log_view import LogLine, LogView

DRAIN_MS = 250


class LogFeed(QObject):
    """Takes records of the `workbench` loggers and shows them four times a second."""

    def __init__(self, view: LogView) -> None:
        super().__init__(view)
        self._view = view
        self._records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        self._handler = _Queue(self._records)
        self._logger = logging.getLogger("workbench")
        self._logger.addHandler(self._handler)
        self._logger.setLevel(logging.INFO)
        self._timer = QTimer(self, interval=DRAIN_MS)
        self._timer.timeout.connect(self._drain)
        self._timer.start()

    def close(self) -> None:
        """Stop listening."""
        self._timer.stop()
        self._logger.removeHandler(self._handler)

    def _drain(self) -> None:
        lines = []
        while not self._records.empty():
            record = self._records.get()
            at = time.strftime("%H:%M:%S", time.localtime(record.created))
            lines.append(LogLine(at, record.levelname.lower(), record.getMessage()))
        if lines:
            self._view.append(lines)


class _Queue(logging.Handler):
    def __init__(self, records: queue.SimpleQueue[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.put(record)
