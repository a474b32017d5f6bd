"""The Encoder's eyes panel: what a trained encoder makes of the augmentations."""
