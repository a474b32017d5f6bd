"""Reads requests from standard input, answers on standard output (`core.wire`), one at a time, in order.

    request   {"id": 7, "name": "neighbours", "params": {...}, "channel": "hover"}
              {"cancel": 7}   or, to one that can be wished something of,   {"wish": "stop", "id": 7}
    reply     {"id": 7, "kind": "progress", "share": 0.4, "words": "..."}
              {"id": 7, "kind": "partial", ...} + arrays, as far as the work is
              {"id": 7, "kind": "done", "result": {...}} + arrays
              {"id": 7, "kind": "failed", "error": "...", "message": "...", "hint": "..."}
              {"id": 7, "kind": "cancelled"}

Of the requests waiting on one channel only the newest is answered; the others are cancelled unread.
A thread reads, so that a cancel is seen while a request is being worked on.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from numpy.typing import NDArray

from workbench.core.errors import Cancelled, LabError, RecipeError, WorkbenchError, unknown
from workbench.core.wire import Message, read_message, write_message
from workbench.engine.imports import paused_collector

Arrays = Mapping[str, NDArray[Any]]
Result = tuple[dict[str, Any], Arrays]
PROGRESS_EVERY_S = 0.05


class Request:
    """One question, with the means to report progress and to notice that nobody waits any more.

    wish : the last that the front wished of it while it was worked on, such as "stop"; "" for nothing
    """

    def __init__(self, message: Message, send: Callable[[Message], None]) -> None:
        self.id = int(message.head["id"])
        self.name = str(message.head["name"])
        self.channel = str(message.head.get("channel") or "")
        self.params: dict[str, Any] = message.head.get("params") or {}
        self.arrays = message.arrays
        self.cancelled = threading.Event()
        self.wish = ""
        self._send = send
        self._said_at = 0.0

    def progress(self, share: float, words: str) -> None:
        """Tell how far the work is (at most twenty times a second); raises Cancelled when it is not wanted."""
        if self.cancelled.is_set():
            raise Cancelled()
        now = time.monotonic()
        if share >= 1 or now - self._said_at >= PROGRESS_EVERY_S:
            self._said_at = now
            self.reply("progress", share=float(share), words=words)

    def partial(self, arrays: Arrays, **fields: Any) -> None:
        """Show how the result looks so far; raises Cancelled when it is not wanted."""
        if self.cancelled.is_set():
            raise Cancelled()
        self.reply("partial", arrays, **fields)

    def reply(self, kind: str, arrays: Arrays | None = None, **fields: Any) -> None:
        """Send one message about this request."""
        self._send(Message({"id": self.id, "kind": kind, **fields}, arrays or {}))


Handler = Callable[[Request], Result]


class Server:
    """The queue between the reading thread and the working one."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, handlers: Mapping[str, Handler]) -> None:
        self._source, self._sink, self._handlers = source, sink, handlers
        self._waiting: deque[Request] = deque()
        self._current: Request | None = None
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._closed = False

    def run(self) -> None:
        """Answer until the other side closes the pipe."""
        threading.Thread(target=self._read, name="lab-reader", daemon=True).start()
        self._send(Message({"id": 0, "kind": "ready", "pid": os.getpid()}))
        while (request := self._next()) is not None:
            self._answer(request)

    def _read(self) -> None:
        try:
            while (message := read_message(self._source)) is not None:
                self._receive(message)
        except (OSError, EOFError, ValueError):
            traceback.print_exc()
        with self._changed:
            self._closed = True
            if self._current is not None:
                self._current.cancelled.set()
            self._changed.notify()

    def _receive(self, message: Message) -> None:
        with self._changed:
            if "cancel" in message.head:
                for request in self._asked(int(message.head["cancel"])):
                    request.cancelled.set()
                return
            if "wish" in message.head:
                for request in self._asked(int(message.head["id"])):
                    request.wish = str(message.head["wish"])
                return
            request = Request(message, self._send)
            for older in self._waiting:
                if request.channel and older.channel == request.channel:
                    older.cancelled.set()
            self._waiting.append(request)
            self._changed.notify()

    def _asked(self, id_: int) -> list[Request]:
        """The request of this number, if it waits or is worked on."""
        return [request for request in (*self._waiting, self._current) if request is not None and request.id == id_]

    def _next(self) -> Request | None:
        with self._changed:
            self._current = None
            while not self._waiting and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            self._current = self._waiting.popleft()
            return self._current

    def _answer(self, request: Request) -> None:
        try:
            if request.cancelled.is_set():
                raise Cancelled()
            result, arrays = self._handler(request.name)(request)
            request.reply("done", arrays, result=result)
        except Cancelled:
            request.reply("cancelled")
        except RecipeError as error:
            problems = [{"key": problem.key, "message": problem.message} for problem in error.problems]
            request.reply("failed", error="RecipeError", message=error.message, hint="", problems=problems)
        except WorkbenchError as error:
            request.reply("failed", error=type(error).__name__, message=error.message, hint=error.hint)
        except Exception as error:
            traceback.print_exc()
            words = f"{request.name} failed: {type(error).__name__}: {error}"
            request.reply("failed", error="Fault", message=words, hint="The log has the traceback.")

    def _handler(self, name: str) -> Handler:
        if name not in self._handlers:
            raise LabError(unknown("request", name, sorted(self._handlers)))
        return self._handlers[name]

    def _send(self, message: Message) -> None:
        with self._sending:
            try:
                write_message(self._sink, message)
            except BrokenPipeError:
                self._closed = True


def serve() -> int:
    """Serve this process's standard streams until they close.

    Standard output belongs to the protocol: whatever a library prints goes to standard error instead.
    """
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with paused_collector():
        from workbench.engine.lab.handlers import HANDLERS

    Server(sys.stdin.buffer, sink, HANDLERS).run()
    return 0
