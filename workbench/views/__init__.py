"""View pipelines: what turns a batch of samples into what an objective sees (engine side)."""
