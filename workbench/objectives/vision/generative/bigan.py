"""BiGAN: a generator paints pictures from codes, the encoder reads codes off pictures, a discriminator sees pairs.

Donahue, Krähenbühl, Darrell: Adversarial Feature Learning (ICLR 2017); Donahue, Simonyan: Large Scale Adversarial
Representation Learning (NeurIPS 2019, BigBiGAN) for the unary scores.

With G the generator, E the encoder, z drawn from the prior and s the logit that a pair (picture, code) came from the
encoder,

    L_D  = mean log(1 + exp(-s(x, E(x)))) + mean log(1 + exp( s(G(z), z)))     (section 3, equation 2)
    L_EG = mean log(1 + exp( s(x, E(x)))) + mean log(1 + exp(-s(G(z), z)))     (section 3.5, the "inverse" objective)
    L    = L_D + L_EG

Each player's parameters get the gradient of its own loss alone (`objectives.adversarial`). Where no discriminator can
tell the two kinds of pair apart, E inverts G (section 3.4): features come out of a game that never compares a picture
with its reconstruction.

The sum of both losses is at least 4 ln 2, its value in a draw: it does not fall, and grows as one side wins. With
unary scores the discriminator also judges picture and code alone (BigBiGAN, section 2); the hinge of that paper is not
taken.

We differ from BiGAN in size, in a normal prior instead of a uniform one, and in a discriminator without normalisation.
E is the backbone, a linear layer and a standardisation over the batch, which gives codes the mean and variance of the
prior; features are measured before that layer. With one learning rate for all players the discriminator would win at
once: noise on all that it sees holds it back (Arjovsky, Bottou: Towards Principled Methods for Training Generative
Adversarial Networks, ICLR 2017, section 3).

Shapes: N samples, D features, Z numbers in a code, T scores of a pair
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.decoder import Decoder
from workbench.models.modes import evaluating
from workbench.objectives.adversarial import (
    DISCRIMINATOR_ACCURACY,
    SLOPE,
    PictureCritic,
    deceiver_loss,
    discriminator_loss,
    kaiming,
    through,
    told_apart,
    verdict,
)
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.noise import figure_generator, normal
from workbench.objectives.pictures import SHOWN_ROWS, grid_of, rows_of, span_of_all, span_of_each, stretched
from workbench.objectives.siamese import output_dimensions
from workbench.plugins.specs import Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

SHOWN_COLUMNS = 8
Pair = tuple[Tensor, Tensor]


class BiGANConfig(Model):
    """Settings of BiGAN."""

    latent: int = setting(64, "Code", "numbers of the code that pictures are painted from", ge=1, le=1024)
    unary: bool = setting(False, "Unary scores", "the discriminator also judges picture and code alone (BigBiGAN)")
    generator_width: int = setting(32, "Generator width", "channels of the generator's last stage", ge=4, le=256)
    noise: float = setting(
        0.5,
        "Noise",
        "deviation of noise on all that the discriminator sees; holds it back",
        ge=0,
        le=5,
    )
    critic_width: int = setting(16, "Discriminator width", "channels of the discriminator's first map", ge=4, le=256)
    critic_hidden: int = setting(256, "Discriminator hidden", "width of its layers on pairs", ge=8, le=4096)


class JointCritic(nn.Module):
    """Pairs of a picture (N, 3, S, S) and a code (N, Z) -> scores (N, T) that they came from the encoder."""

    def __init__(self, config: BiGANConfig, size: int) -> None:
        super().__init__()
        hidden = config.critic_hidden
        self.pictures = PictureCritic(3, size, config.critic_width)
        self.codes = nn.Sequential(nn.Linear(config.latent, hidden), nn.LeakyReLU(SLOPE))
        self.pairs = nn.Sequential(nn.Linear(self.pictures.width + hidden, hidden), nn.LeakyReLU(SLOPE))
        kaiming(self)
        self.joint = verdict(hidden)
        self.alone = nn.ModuleList([verdict(self.pictures.width), verdict(hidden)] if config.unary else [])

    def forward(self, x: Tensor, z_NZ: Tensor) -> Tensor:
        """One score, or three: of the pair, of the picture, of the code."""
        picture, code = self.pictures(x), self.codes(z_NZ)
        scores = [self.joint(self.pairs(torch.cat([picture, code], dim=1)))]
        scores += [judge(part) for judge, part in zip(self.alone, (picture, code), strict=False)]
        return torch.cat(scores, dim=1)


class BiGAN(Objective):
    """Adversarial feature learning."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="bigan",
        title="BiGAN",
        family="Generative",
        summary="A generator paints from codes, the encoder reads codes off pictures; a discriminator sees the pairs.",
        explanation=(
            "A discriminator is shown pairs: a picture with the code that the encoder read off it, or a code with the "
            "picture that the generator painted from it. To leave it at a loss, pictures must look real and encoder "
            "and generator must be each other's inverse. The encoder learns what a generator needs to know."
        ),
        energy=(
            "The discriminator gives pairs of the encoder low energy and pairs of the generator high energy, and both "
            "of them move their pairs to where it cannot tell. Codes that must look like the prior cannot collapse."
        ),
        experience="A code is predicted from a picture and a picture from a code, by whether the pair looks real.",
        formula=(
            r"\min_{G, E} \max_{D} \; \mathrm{E}_{x} [\log D(x, E(x))]"
            r" + \mathrm{E}_{z} [\log (1 - D(G(z), z))]"
        ),
        paper=Paper(
            title="Adversarial Feature Learning",
            authors="Donahue, Krähenbühl, Darrell",
            year=2017,
            venue="ICLR",
            url="https://arxiv.org/abs/1605.09782",
        ),
        needs=Needs(min_views=1, max_views=1, min_batch=2),
        metrics=(
            DISCRIMINATOR_ACCURACY,
            MetricSpec(
                name="discriminator_loss",
                title="Discriminator's loss",
                better="neither",
                description="2 ln 2 for each score in a draw, 0 when it tells all pairs apart",
            ),
            MetricSpec(
                name="players_loss",
                title="Encoder's and generator's loss",
                better="neither",
                description="2 ln 2 for each score in a draw, large when the discriminator wins",
            ),
            MetricSpec(
                name="code_dimensions",
                title="Dimensions of the code",
                better="higher",
                description="over how many directions the encoder's codes vary; few of many is a partial collapse",
            ),
        ),
        figures=(
            FigureSpec(
                name="reconstructions",
                title="Reconstructions",
                kind="pictures",
                description="Painted from the code that the encoder reads; nothing ever asked for the same pixels.",
                columns=("Picture", "Painted from its code"),
            ),
            FigureSpec(
                name="samples",
                title="Samples",
                kind="pictures",
                description="Painted from codes that are drawn from the prior; the same codes every time.",
            ),
        ),
        chance=Chance(formula="4 ln 2 for each score (a draw)", expression="4 * log(2) * (1 + 2 * unary)"),
        views_preset="supervised-cifar",
    )
    Config: ClassVar[type[Model]] = BiGANConfig
    no_sample_loss = "its loss is a game between networks, which says nothing of a picture"
    config: BiGANConfig

    def __init__(self, config: BiGANConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.code = nn.Sequential(
            nn.Linear(facts.width, config.latent, bias=False), nn.BatchNorm1d(config.latent, affine=False)
        )
        self.generator = Decoder(config.latent, 3, facts.size, config.generator_width)
        self.critic = JointCritic(config, facts.size)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """Both sides' losses, summed."""
        check_views(self.spec, views)
        (x,) = views.inputs
        h_ND = backbone(x)
        read_NZ, drawn_NZ = self.code(h_ND), normal(views.index, self.config.latent)
        painted = self.generator(drawn_NZ)
        real, fake = self._blurred(views.index, x, read_NZ), self._blurred(views.index, painted, drawn_NZ)
        real_NT, fake_NT = (self.critic(picture.detach(), code.detach()) for picture, code in (real, fake))
        scores = real_NT.shape[1]
        against = scores * discriminator_loss(real_NT, fake_NT)
        players = scores * self._deceive(real, fake)
        terms = {
            "discriminator_accuracy": told_apart(real_NT.detach(), fake_NT.detach()),
            "discriminator_loss": against.detach(),
            "players_loss": players.detach(),
            "code_dimensions": output_dimensions(read_NZ.detach()),
        }
        return Step(against + players, terms, h_ND.detach())

    def _blurred(self, index_N: Tensor, x: Tensor, z_NZ: Tensor) -> Pair:
        """A pair as the discriminator sees it."""
        if self.config.noise == 0:
            return x, z_NZ
        on_x, on_z = normal(index_N, *x.shape[1:]), normal(index_N, *z_NZ.shape[1:])
        return x + self.config.noise * on_x, z_NZ + self.config.noise * on_z

    def _deceive(self, real: Pair, fake: Pair) -> Tensor:
        """The encoder's and the generator's loss a score: the encoder's pairs are to pass for the generator's."""
        return deceiver_loss(-through(self.critic, *real)) + deceiver_loss(through(self.critic, *fake))

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """At most 8 pictures and what is painted from their codes, and 64 samples of the prior."""
        with evaluating(backbone, self):
            x = views.inputs[0][:SHOWN_ROWS].float()
            samples = torch.arange(SHOWN_ROWS * SHOWN_COLUMNS, device=x.device)
            drawn_NZ = normal(samples, self.config.latent, generator=figure_generator())
            span = span_of_each(x)
            rebuilt = [stretched(part, span) for part in (x, self.generator(self.code(backbone(x))))]
            painted = stretched(self.generator(drawn_NZ), span_of_all(x))
            return {"reconstructions": rows_of(rebuilt), "samples": grid_of(painted, SHOWN_COLUMNS)}
