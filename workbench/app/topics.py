"""Who wants to know what: the one observer mechanism of the Qt-free side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from enum import StrEnum


class Topic(StrEnum):
    """What can change."""

    RECIPE = "recipe"
    RUNS = "runs"
    JOBS = "jobs"
    DATA = "data"
    EMBEDDINGS = "embeddings"
    SELECTION = "selection"
    SETTINGS = "settings"
    NOTICE = "notice"
    PAGE = "page"


class Topics:
    """Calls every subscriber of a topic, in the order they came."""

    def __init__(self) -> None:
        self._subscribers: defaultdict[Topic, list[Callable[[], None]]] = defaultdict(list)

    def subscribe(self, topic: Topic, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back whenever the topic changes; returns what ends it."""
        self._subscribers[topic].append(callback)
        return lambda: self._subscribers[topic].remove(callback)

    def publish(self, topic: Topic) -> None:
        """Tell everyone who subscribed."""
        for callback in tuple(self._subscribers[topic]):
            callback()
