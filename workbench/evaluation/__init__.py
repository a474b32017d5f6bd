"""kNN, floors and health metrics (engine side)."""
