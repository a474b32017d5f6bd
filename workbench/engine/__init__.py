"""The engine process: training loop, checkpoints, event sink, lab server, describe."""
