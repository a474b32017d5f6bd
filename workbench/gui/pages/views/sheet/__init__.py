"""The Operations panel: what every operation does to one sample, at five strengths."""
