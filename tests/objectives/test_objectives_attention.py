"""Attention over the picture: one glow a head, for DINO on a transformer and for no convolutional encoder."""

from __future__ import annotations

import numpy as np
import torch

from workbench.models.build import build_backbone
from workbench.objectives.attention import attention_pictures
from workbench.objectives.base import Facts
from workbench.objectives.vision.distillation.dino import DINO, DINOConfig
from workbench.recipes.models import Choice
from workbench.views.base import Views

VIT = Choice(id="small_vit", width=32, depth=2, heads=4)


def test_pictures_show_the_input_and_a_glow_for_each_head() -> None:
    torch.manual_seed(0)
    x = torch.randn(11, 3, 16, 16)
    rows = attention_pictures(build_backbone(VIT, 16), x)
    assert rows.shape == (8, 5, 16, 16, 3)
    assert rows.min() >= 0
    assert rows.max() <= 1
    heads = rows[:, 1:]
    assert np.abs(heads[:, 0] - heads[:, 1]).max() > 0.1
    # The brightest patch of every head is all glow, whatever the picture is there.
    assert np.isclose(heads, (1.0, 0.66, 0.12), atol=1e-5).all(axis=4).any(axis=(2, 3)).all()


def test_a_convolutional_encoder_has_no_pictures() -> None:
    assert attention_pictures(build_backbone(Choice(id="tiny_cnn", width=8), 16), torch.randn(2, 3, 16, 16)) is None


def test_dino_shows_attention_where_its_encoder_is_a_transformer() -> None:
    shown = []
    for choice in (VIT, Choice(id="tiny_cnn", width=8)):
        backbone = build_backbone(choice, 16)
        objective = DINO(DINOConfig(prototypes=20), Facts(backbone.width, 0, 100, 4))
        objective.attach(backbone)
        views = Views({"A": (torch.randn(4, 3, 16, 16), torch.randn(4, 3, 16, 16))}, torch.arange(4))
        shown.append("attention" in objective.figures(views, backbone))
    assert shown == [True, False]
