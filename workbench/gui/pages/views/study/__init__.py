"""The Composition study panel: which pairs of operations make good encoders, as a heat map that fills in live."""
