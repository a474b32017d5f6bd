"""The head of the Train page: which run, how it is, how far, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from workbench.app.supervisor import RunHandle
from workbench.core.units import format_count, format_duration
from workbench.gui.bridge import Bridge
from workbench.gui.pages.train.banner import AlarmBanner
from workbench.gui.pages.train.health import HealthStrip
from workbench.gui.pages.train.items import LOOKS
from workbench.gui.theme.tokens import SPACE_M, SPACE_S, SPACE_XS
from workbench.gui.widgets.activity import ProgressLine
from workbench.gui.widgets.basics import ElidedLabel, Glyph, label, push_button
from workbench.gui.widgets.notice import Notice
from workbench.plugins.specs import MetricSpec
from workbench.runs.state import RunState

BUTTONS = (
    ("run.pause", "Pause", "pause"),
    ("run.resume", "Resume", "play"),
    ("run.stop", "Stop", "stop"),
    ("run.checkpoint", "Checkpoint", "save"),
)
_TROUBLE = (RunState.FAILED, RunState.CRASHED, RunState.ORPHANED)
_STOPPING = {"terminated": "stopping, terminated", "killed": "stopping, killed"}


class RunHeader(QWidget):
    """Name, state, progress, buttons and read-outs of the run that is looked at.

    Attributes
    ----------
    banner : what goes wrong in its training; the page has a place for it
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._told: object = None
        self._look: object = None
        self.glyph = Glyph("more", "muted", 16)
        self.name = ElidedLabel("", "heading")
        self.state = label("", "strong")
        self.bar = ProgressLine()
        self.facts = ElidedLabel("", "muted")
        self.health = HealthStrip()
        self.banner = AlarmBanner()
        self.banner.opened.connect(self._open_setting)
        self.notice = Notice(closable=False)
        self.notice.acted.connect(lambda _none: self._run("run.resume"))
        self.buttons: dict[str, QPushButton] = {}
        for command, text, icon_name in BUTTONS:
            button = self.buttons[command] = push_button(text, "", icon_name)
            button.clicked.connect(lambda _checked=False, command=command: self._run(command))
        self._lay_out()

    def show_run(self, handle: RunHandle, name: str, chance: float | None, specs: Sequence[MetricSpec] = ()) -> None:
        """Show a run as it now is; `specs` name the numbers of its objective."""
        self.name.set_full_text(name)
        known = handle.loaded or handle.state.live
        look = LOOKS[handle.state] if known else ("refresh", "muted")
        if look != self._look:
            self._look = look
            self.glyph.set_icon(*look)
        self.state.setText(_STOPPING.get(handle.stopping, str(handle.state)).capitalize() if known else "Reading")
        self.bar.set_share(handle.history.share_done or 0.0)
        self.facts.set_full_text(facts_of(handle))
        self.health.show_run(handle.history, chance, specs)
        self.banner.show_run(handle.history)
        self.refresh_buttons()
        self._show_trouble(handle)

    def refresh_buttons(self) -> None:
        """Enable what can be done now; the others say why not."""
        for id_, button in self.buttons.items():
            command = self._bridge.commands[id_]
            reason = command.refusal(self._bridge.app)
            button.setEnabled(not reason)
            if button.toolTip() != (reason or command.title):
                button.setToolTip(reason or command.title)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(SPACE_S)
        top.addWidget(self.glyph)
        top.addWidget(self.name, 1)
        for button in self.buttons.values():
            top.addWidget(button)
        card = QFrame()
        card.setProperty("card", True)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(SPACE_M, SPACE_S, SPACE_S, SPACE_S)
        inside.setSpacing(SPACE_XS)
        inside.addLayout(top)
        inside.addWidget(self.bar)
        below = QHBoxLayout()
        below.setSpacing(SPACE_S)
        below.addWidget(self.state)
        below.addWidget(self.facts, 1)
        inside.addLayout(below)
        inside.addWidget(self.health)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addWidget(self.notice)
        column.addWidget(card)

    def _show_trouble(self, handle: RunHandle) -> None:
        """What went wrong with the run itself; what goes wrong in its training is the banner's."""
        told = (handle, handle.state, handle.history.summary.reason)
        if told == self._told:
            return
        self._told = told
        if handle.state in _TROUBLE:
            can = not self._bridge.commands["run.resume"].refusal(self._bridge.app)
            message = f"The run {handle.state}. {handle.reason}" if handle.state is RunState.CRASHED else handle.reason
            self.notice.show_message(
                message or f"The run is {handle.state}.", handle.hint, "danger", "Resume" if can else ""
            )
        else:
            self.notice.hide()

    def _run(self, command: str) -> None:
        self._bridge.run(command)

    def _open_setting(self, key: object) -> None:
        assert self._bridge.face is not None
        self._bridge.face.show_setting(str(key))


def facts_of(handle: RunHandle) -> str:
    """Step, epoch, time, pace and device in one line; what the engine does, while it does not train."""
    history = handle.history
    summary = history.summary
    if not handle.loaded and not history.revision:
        return ""
    doing = [f"{history.progress[1]} {history.progress[0]:.0%}"] if history.progress and handle.state.live else []
    total = f" of {summary.steps_total:,}" if summary.steps_total else ""
    epoch, elapsed = history.last("epoch"), history.last("elapsed_s")
    pace, share = history.last("images_per_s"), history.share_done
    parts = [*doing, f"step {summary.step:,}{total}"]
    if epoch is not None:
        parts.append(f"epoch {epoch:.1f}")
    if elapsed is not None:
        limit = f" of {format_duration(summary.budget_s)}" if summary.budget_s else ""
        parts.append(f"{format_duration(elapsed)}{limit}")
    if handle.state.live and elapsed and share and 0.01 < share < 1:
        parts.append(f"{format_duration(elapsed * (1 - share) / share)} left")
    if pace:
        parts.append(f"{format_count(pace)} images/s")
    if "device" in history.running:
        parts.append(str(history.running["device"]))
    words = " · ".join(parts)
    return words[:1].upper() + words[1:]
