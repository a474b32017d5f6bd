"""The lab: a process beside the window that answers its questions; the only one that has torch at hand for it."""
