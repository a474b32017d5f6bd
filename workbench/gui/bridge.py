"""Between the Qt-free application and the widgets: one timer that polls, one signal that tells what changed.

Changes are gathered over a turn of the event loop, so that a burst of them repaints once.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.app.application import App
from workbench.app.commands import Command, Face, commands, execute
from workbench.app.topics import Topic

BUSY_MS, LIVE_MS, IDLE_MS = 15, 200, 250


class Bridge(QObject):
    """Owns the application's heartbeat.

    Signals
    -------
    changed(Topic) : something that widgets may show has changed
    """

    changed = Signal(object)

    def __init__(self, app: App) -> None:
        super().__init__()
        self.app = app
        self.commands: dict[str, Command] = {command.id: command for command in commands()}
        self.face: Face | None = None
        self._pending: set[Topic] = set()
        self._unsubscribe = [app.topics.subscribe(topic, self._remember(topic)) for topic in Topic]
        self._tell = QTimer(self, singleShot=True, interval=0)
        self._tell.timeout.connect(self._publish)
        self._heart = QTimer(self, interval=IDLE_MS)
        self._heart.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin to poll."""
        self._heart.start()

    def stop(self) -> None:
        """End polling and listening; the application can be closed afterwards."""
        self._heart.stop()
        self._tell.stop()
        for end in self._unsubscribe:
            end()
        self._unsubscribe.clear()

    def run(self, command_id: str) -> None:
        """Run a command by its id."""
        assert self.face is not None
        execute(self.commands[command_id], self.app, self.face)

    def hurry(self) -> None:
        """Poll soon: a question was just asked."""
        self._heart.setInterval(BUSY_MS)

    def _beat(self) -> None:
        self.app.poll()
        interval = self._wanted_interval()
        if self._heart.interval() != interval:
            self._heart.setInterval(interval)

    def _wanted_interval(self) -> int:
        if self.app.quick_lab.busy or self.app.background.busy:
            return BUSY_MS
        live = any(handle.state.live for handle in self.app.supervisor.handles.values())
        return LIVE_MS if live or self.app.long_lab.busy else IDLE_MS

    def _remember(self, topic: Topic) -> Callable[[], None]:
        def note() -> None:
            self._pending.add(topic)
            if not self._tell.isActive():
                self._tell.start()

        return note

    def _publish(self) -> None:
        topics, self._pending = self._pending, set()
        for topic in sorted(topics):
            self.changed.emit(topic)
