"""The recipe: everything that decides a run, as frozen models, TOML files and plain-worded checks."""
