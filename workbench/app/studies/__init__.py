"""Studies: many short runs that answer one question, queued, resumable, and shown as one table."""
