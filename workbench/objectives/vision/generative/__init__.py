"""Objectives that paint: what an encoder saw, what was hidden from it, or pictures that never were."""
