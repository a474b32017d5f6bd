"""A checkpoint is the start of its own run only."""

from __future__ import annotations

from engine_runs import history_of

from workbench.runs.state import RunState


def test_a_run_whose_settings_were_changed_does_not_go_on_from_its_checkpoint(engine, new_run):
    folder = new_run("budget.amount=2", "objective.temperature=0.2")
    assert engine.run(folder) == 0
    resolved = folder.resolved.read_text()
    assert "temperature = 0.2" in resolved
    folder.resolved.write_text(resolved.replace("temperature = 0.2", "temperature = 0.3"))
    assert engine.run(folder, "--resume") != 0
    summary = history_of(folder).summary
    assert summary.phase is RunState.FAILED
    assert "recipe" in summary.reason
    assert folder.latest_checkpoint().step == 2
