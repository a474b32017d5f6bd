"""SSL Workbench: data, views, objectives, live training and the embedding that comes out, in one window."""

__version__ = "0.1.0"
