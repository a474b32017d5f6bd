"""The Views page: the pipeline, and what it makes of eight samples."""
