"""The Preview panel: real samples beside their views, drawn anew at every change."""
