"""Running jobs: a row each, with progress, time left, rate, state and Cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from workbench.core.units import format_duration
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_M, SPACE_S
from workbench.gui.widgets.basics import ElidedLabel, Glyph, label, push_button, set_tone

JobState = Literal["waiting", "running", "paused", "stopping", "done", "failed", "cancelled"]

_LOOK: dict[str, tuple[str, str]] = {
    "waiting": ("more", "muted"),
    "running": ("play", "accent_text"),
    "paused": ("pause", "warning"),
    "stopping": ("stop", "warning"),
    "done": ("success", "success"),
    "failed": ("error", "danger"),
    "cancelled": ("close", "muted"),
}


@dataclass(frozen=True)
class JobView:
    """A job as it is shown.

    progress : done share in [0, 1], None when it is not known
    eta_s : seconds left, None when not known
    rate : in words, "1.2k images/s"
    detail : what it is doing, or why it failed
    """

    id: str
    title: str
    state: JobState = "running"
    progress: float | None = None
    eta_s: float | None = None
    rate: str = ""
    detail: str = ""
    cancellable: bool = True


class ActivityList(QWidget):
    """The list of jobs.

    Signals
    -------
    cancelled(id) : Cancel was pressed in a row
    """

    cancelled = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, JobRow] = {}
        self.empty = label("Nothing is running. Training, downloads and projections show up here.", "muted", wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._column = QVBoxLayout()
        self._column.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        self._column.setSpacing(SPACE_S)
        self._column.addWidget(self.empty)
        self._column.addStretch(1)
        inside = QWidget()
        inside.setLayout(self._column)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def set_jobs(self, jobs: Sequence[JobView]) -> None:
        """Show these jobs in this order; rows that stay are only told what changed."""
        wanted = {job.id for job in jobs}
        for gone in [id_ for id_ in self._rows if id_ not in wanted]:
            row = self._rows.pop(gone)
            row.setParent(None)
            row.deleteLater()
        for position, job in enumerate(jobs):
            row = self._rows.get(job.id) or self._new_row(job)
            row.set_job(job)
            if self._column.indexOf(row) != position:
                self._column.removeWidget(row)
                self._column.insertWidget(position, row)
        self.empty.setVisible(not jobs)

    def rows(self) -> dict[str, JobRow]:
        """The rows by job id."""
        return dict(self._rows)

    def _new_row(self, job: JobView) -> JobRow:
        row = JobRow(job)
        row.cancel.clicked.connect(lambda: self.cancelled.emit(job.id))
        self._rows[job.id] = row
        return row


class JobRow(QFrame):
    """One job: icon, title and share over a thin bar, what it is doing under it, and Cancel."""

    def __init__(self, job: JobView) -> None:
        super().__init__()
        self._job: JobView | None = None
        self.glyph = Glyph("play", "accent_text", 16)
        self.title = ElidedLabel("", "strong")
        self.share = label("", "caption")
        self.bar = ProgressLine()
        self.detail = ElidedLabel("", "caption")
        self.detail.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.cancel = push_button("Cancel")
        self.cancel.setAccessibleName(f"Cancel {job.title}")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE_S)
        grid.setVerticalSpacing(2)
        grid.addWidget(self.glyph, 0, 0)
        grid.addWidget(self.title, 0, 1)
        grid.addWidget(self.share, 0, 2, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.bar, 1, 1, 1, 2)
        grid.addWidget(self.detail, 2, 1, 1, 2)
        grid.addWidget(self.cancel, 0, 3, 3, 1, Qt.AlignmentFlag.AlignVCenter)
        grid.setColumnStretch(1, 1)

    def set_job(self, job: JobView) -> None:
        """Show the job as it is now."""
        if job == self._job:
            return
        self._job = job
        self.glyph.set_icon(*_LOOK[job.state])
        self.title.set_full_text(job.title)
        self.share.setText(share_of(job))
        self.detail.set_full_text(detail_of(job))
        self.detail.setVisible(bool(self.detail.full_text()))
        set_tone(self.detail, "danger" if job.state == "failed" else "caption")
        active = job.state in ("waiting", "running", "paused", "stopping")
        self.bar.set_share(job.progress if active else 1.0 if job.state == "done" else job.progress or 0.0)
        self.bar.setVisible(active)
        self.cancel.setVisible(active and job.cancellable)
        self.cancel.setEnabled(job.state != "stopping")
        self.setAccessibleName(f"{job.title}: {job.state}")
        self.setAccessibleDescription(f"{self.share.text()} {self.detail.full_text()}".strip())


def share_of(job: JobView) -> str:
    """'42%', or 'Paused · 42%', or the state of a job that is over."""
    parts = [] if job.state == "running" else [job.state.capitalize()]
    if job.progress is not None and job.state in ("running", "paused", "stopping"):
        parts.append(f"{100 * job.progress:.0f}%")
    return "  ·  ".join(parts)


def detail_of(job: JobView) -> str:
    """'3 min 05 s left · 1.2k images/s · epoch 4 of 10'; of a job that does not run only its own words."""
    parts = []
    if job.state == "running":
        parts += [f"{format_duration(job.eta_s)} left"] if job.eta_s is not None else []
        parts += [job.rate] if job.rate else []
    return "  ·  ".join([*parts, *([job.detail] if job.detail else [])])


class ProgressLine(QWidget):
    """A thin bar; without a known share a segment wanders along it, as long as it is visible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share: float | None = 0.0
        self._phase = 0.0
        self._timer = QTimer(self, interval=60)
        self._timer.timeout.connect(self._advance)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float | None) -> None:
        """The done share in [0, 1], or None when it is not known."""
        self._share = None if share is None else min(max(share, 0.0), 1.0)
        self.setAccessibleName("in progress" if share is None else f"{100 * share:.0f} percent")
        self._animate()
        self.update()

    def share(self) -> float | None:
        return self._share

    def sizeHint(self) -> QSize:
        return QSize(80, 8)

    def showEvent(self, event: QShowEvent) -> None:
        self._animate()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRectF(0, self.height() / 2 - 2, self.width(), 4)
        painter.setBrush(QColor(theme.border))
        painter.drawRoundedRect(track, 2, 2)
        painter.setBrush(QColor(theme.accent))
        if self._share is None:
            left = (self._phase * 1.3 - 0.3) * self.width()
            segment = QRectF(left, track.y(), 0.3 * self.width(), 4)
            painter.drawRoundedRect(segment.intersected(track), 2, 2)
        elif self._share > 0:
            painter.drawRoundedRect(QRectF(0, track.y(), max(4.0, self._share * self.width()), 4), 2, 2)

    def _animate(self) -> None:
        if self._share is None and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def _advance(self) -> None:
        self._phase = (self._phase + 0.02) % 1.0
        self.update()
