"""A thread that follows the journals of many runs, so that whoever shows them never waits for a disk or a parser."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from workbench.runs.events import Event
from workbench.runs.journal import JournalReader
from workbench.runs.rows import MetricRows

_CHUNK_BYTES = 512 * 1024
_IDLE_S = 0.1
_BREATH_S = 0.001
_PUT_PATIENCE_S = 0.1


class Source:
    """One journal that is followed.

    Attributes
    ----------
    asked : set by `JournalFeed.ask`; the thread answers with the first complete read that began after it
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reader = JournalReader(path)
        self.asked = 0
        self.answered = 0


@dataclass(frozen=True)
class Chunk:
    """News of one journal.

    restarted : another file took the journal's place: what came before is void
    answered : the newest `ask` that this chunk answers: all that was in the file at that time is in it or before it
    damaged : lines passed over so far
    """

    source: Source
    pieces: list[Event | MetricRows]
    restarted: bool
    answered: int
    damaged: int


class JournalFeed:
    """Follows journals in a thread of its own and hands over chunks, ready to fold.

    The hand-over holds at most 16 chunks: the thread waits for a slow taker, the engines for nobody.
    """

    def __init__(self) -> None:
        self._sources: tuple[Source, ...] = ()
        self._chunks: queue.Queue[Chunk] = queue.Queue(maxsize=16)
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="journal-feed", daemon=True)
        self._thread.start()

    def follow(self, path: Path) -> Source:
        """Follow one more journal; its first answer comes when it has been read to its end."""
        source = Source(path)
        self._sources = (*self._sources, source)
        self.ask(source)
        return source

    def leave(self, source: Source) -> None:
        """Follow it no longer; a chunk of it may still be on its way."""
        self._sources = tuple(other for other in self._sources if other is not source)

    def ask(self, source: Source) -> int:
        """Ask for all that is in the file by now; the number that `Chunk.answered` will reach."""
        source.asked += 1
        self._wake.set()
        return source.asked

    def take(self) -> Chunk | None:
        """The next chunk, or None; never waits."""
        try:
            return self._chunks.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._closing.is_set():
            busy = False
            for source in self._sources:
                busy |= self._serve(source)
            if busy:
                time.sleep(_BREATH_S)  # lets the taker have the interpreter between two chunks
            else:
                self._wake.wait(_IDLE_S)
                self._wake.clear()

    def _serve(self, source: Source) -> bool:
        """Read one chunk; whether there may be more at once."""
        asked = source.asked
        pieces = source.reader.read_pieces(_CHUNK_BYTES)
        at_end = source.reader.at_end
        answered = asked if at_end else source.answered
        restarted = source.reader.restarted
        if pieces or restarted or answered > source.answered:
            source.answered = answered
            self._put(Chunk(source, pieces, restarted, answered, source.reader.damaged))
        return not at_end

    def _put(self, chunk: Chunk) -> None:
        while not self._closing.is_set():
            try:
                self._chunks.put(chunk, timeout=_PUT_PATIENCE_S)
                return
            except queue.Full:
                continue
