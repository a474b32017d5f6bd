"""The figure of the hardest negatives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from workbench.objectives.contrast import HARDEST, HARDEST_SHOWN, hardest_negatives


def test_negatives_are_the_most_similar_other_pictures_in_order_and_never_ones_own() -> None:
    generator = torch.Generator().manual_seed(0)
    queries, keys = torch.rand(2, 12, 3, 4, 4, generator=generator)
    sim_NN = torch.rand(12, 12, generator=generator)
    shown = hardest_negatives(queries, keys, sim_NN)
    assert shown.shape == (8, 2 + HARDEST_SHOWN, 4, 4, 3)
    assert len(HARDEST.columns) == shown.shape[1]
    for row in range(8):
        ranked = sorted((place for place in range(12) if place != row), key=lambda place: -sim_NN[row, place].item())
        expected = [queries[row], keys[row], *(keys[place] for place in ranked[:HARDEST_SHOWN])]
        for column, picture in enumerate(expected):
            low, high = picture.min(), picture.max()
            stretched = ((picture - low) / (high - low)).permute(1, 2, 0).numpy()
            np.testing.assert_allclose(shown[row, column], stretched, atol=1e-6)


@pytest.mark.parametrize("samples", [2, 3, 5])
def test_a_small_batch_shows_all_the_others(samples: int) -> None:
    pictures, sim_NN = torch.rand(samples, 3, 4, 4), torch.rand(samples, samples)
    assert hardest_negatives(pictures, pictures, sim_NN).shape[:2] == (samples, 1 + samples)
