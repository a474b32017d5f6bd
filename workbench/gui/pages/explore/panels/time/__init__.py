"""The panel that plays a run's checkpoints one after the other."""
