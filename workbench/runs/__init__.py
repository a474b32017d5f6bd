"""The run folder: events, journal, control, state machine, embedding sets, catalogue. Shared by both sides."""
