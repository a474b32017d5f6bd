"""The binding must give back every reference that an emit takes.

PySide6 6.12.0 on Python 3.11 drops one reference to the emitted object at each emit, until an object that is still in
use is freed and the program aborts. The pin in pyproject.toml keeps it out; these tests say when a pin lets it in.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal

EMITS = 300
TOLERANCE = 20
"""References that the interpreter itself may take or give back meanwhile; a lost one an emit would be 300."""


class Sender(QObject):
    sent = Signal(object)


class Thing:
    """An object that only the test refers to."""


VALUES = [True, False, None, 7, 2.5, "text", (1, 2), [1, 2], {"a": 1}, {1: "a"}, Thing()]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("connected", [True, False], ids=["connected", "unconnected"])
def test_an_emit_keeps_the_reference_count_of_its_object(value: Any, connected: bool, qapp: Any) -> None:
    sender, received = Sender(), 0

    def receive(_: object) -> None:
        nonlocal received
        received += 1

    if connected:
        sender.sent.connect(receive)
    sender.sent.emit(value)
    before = sys.getrefcount(value)
    for _ in range(EMITS):
        sender.sent.emit(value)
    assert abs(sys.getrefcount(value) - before) <= TOLERANCE
    assert received == (EMITS + 1 if connected else 0)


def test_an_emit_from_a_slot_keeps_the_reference_count(qapp: Any) -> None:
    first, second, value = Sender(), Sender(), Thing()
    first.sent.connect(second.sent)
    before = sys.getrefcount(value)
    for _ in range(EMITS):
        first.sent.emit(value)
    assert abs(sys.getrefcount(value) - before) <= TOLERANCE


@pytest.mark.parametrize(
    "value", [{1: "a", 2: "b"}, {"a": {3: 4}}, [1, "a", None]], ids=lambda value: type(value).__name__
)
def test_a_signal_of_object_hands_over_the_very_object(value: Any, qapp: Any) -> None:
    sender, seen = Sender(), []
    sender.sent.connect(seen.append)
    sender.sent.emit(value)
    assert seen[0] is value
