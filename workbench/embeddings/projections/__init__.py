"""From vectors to places: the projections, where they start, how far they can be trusted, time-lapse."""
