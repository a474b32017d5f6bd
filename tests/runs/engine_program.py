"""A small engine without torch: a real process that writes a journal and obeys its control file.

    python engine_program.py RUN_DIR [--resume]

`behaviour.json` in the run folder says how it behaves: steps, step_s, deaf (ignores control and SIGTERM), grandchild
(starts a process that ignores SIGTERM, its number in grandchild.pid), silent (exits with code 2 before its first word),
burst (writes that many events of 100 kB just before its end).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from workbench.runs.control import ControlReader
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter
from workbench.runs.lock import engine_lock
from workbench.runs.state import this_process

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(120)
"""


class Engine:
    def __init__(self, folder: RunFolder, behaviour: dict) -> None:
        self.behaviour = behaviour
        self.control = ControlReader(folder.control, from_end=True)
        self.journal = JournalWriter(folder.events)
        self.paused, self.stopped = False, ""

    def train(self, step: int) -> None:
        self.journal.emit("starting", step, **asdict(this_process()), version="test", schema=1)
        total = self.behaviour.get("steps", 10)
        self.journal.emit("running", step, device="cpu", resumed_from=step or None, steps_total=total)
        while step < total and not self.stopped:
            self.obey(step)
            time.sleep(self.behaviour.get("step_s", 0.01))
            if not self.paused:
                step += 1
                self.journal.metrics([step], {"loss": [1 / step]})
        if self.stopped:
            self.journal.emit("stopping", step, reason=self.stopped)
        for _ in range(self.behaviour.get("burst", 0)):
            self.journal.emit("noise", step, noise="x" * 100_000)
        self.journal.emit("ended", step, state="stopped" if self.stopped else "completed", reason=self.stopped)

    def obey(self, step: int) -> None:
        for command in [] if self.behaviour.get("deaf") else self.control.poll():
            match command["command"]:
                case "stop":
                    self.stopped = "asked"
                case "pause" | "resume" as wish:
                    self.paused = wish == "pause"
                    self.journal.emit(f"{wish}d", step)
                case "checkpoint":
                    self.journal.emit("checkpoint", step, path=f"step_{step:08d}")


def main() -> int:
    folder = RunFolder(Path(sys.argv[1]))
    path = folder.path / "behaviour.json"
    behaviour = json.loads(path.read_text()) if path.exists() else {}
    if behaviour.get("silent"):
        print("no recipe that could be read", file=sys.stderr)
        return 2
    if behaviour.get("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behaviour.get("grandchild"):
        child = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
        child.stdout.readline()
        (folder.path / "grandchild.pid").write_text(str(child.pid))
    with engine_lock(folder):
        engine = Engine(folder, behaviour)
        engine.train(engine.journal.last_step if "--resume" in sys.argv else 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
