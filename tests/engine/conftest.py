"""Fixtures of the engine's tests; see `engine_runs`."""

from engine_runs import engine, new_run, small_disk

__all__ = ["engine", "new_run", "small_disk"]
