"""VAE: a code with noise on it, held near a standard normal distribution, from which the picture is painted.

Kingma, Welling: Auto-Encoding Variational Bayes (ICLR 2014). Higgins et al.: beta-VAE (ICLR 2017) for beta.

With q(z|x) = N(mu, diag(sigma^2)) read off the encoder, p(z) = N(0, 1), p(x|z) = N(x^(z), 1) on the normalised view and
P numbers in a picture, the loss is the negative evidence lower bound (equation 3) a number, without its constant:

    L = 1/P [ 1/2 |x^(z) - x|^2 + beta KL(q(z|x) || p(z)) ],   z = mu + sigma * epsilon   (section 2.4)
    KL = 1/2 sum_j (mu_j^2 + sigma_j^2 - log sigma_j^2 - 1)                               (appendix B)

One sample epsilon a picture, as in the paper. beta = 1 is the paper's bound; beta = s^2 has the same optimum as a
decoder of variance s^2. Dividing by P changes the scale alone, and makes losses of pictures of any size comparable.

We differ in the division by P, in log sigma^2 that is kept within [-10, 10], and in the two heads' first weights near
0: KL begins near 0, and the loss at its chance level.

Shapes: N samples, D features, Z numbers in a code
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.core.model import Model, setting
from workbench.models.base import Backbone
from workbench.models.decoder import INITIAL_STD, Decoder
from workbench.models.modes import evaluating
from workbench.objectives.base import Facts, Objective, Step
from workbench.objectives.checks import check_views
from workbench.objectives.noise import figure_generator, normal
from workbench.objectives.pictures import SHOWN_ROWS, grid_of, rows_of, span_of_all, span_of_each, stretched
from workbench.plugins.specs import Advice, AlarmSpec, Chance, FigureSpec, MetricSpec, Needs, ObjectiveSpec, Paper
from workbench.views.base import Views

LOG_VARIANCE_BOUND = 10.0
ACTIVE_VARIANCE = 0.01
SHOWN_COLUMNS = 8


class VAEConfig(Model):
    """Settings of the VAE."""

    latent: int = setting(64, "Code", "numbers of the code", ge=1, le=1024)
    beta: float = setting(
        1.0, "Beta", "weight of the distance from the prior; 1 is the bound, 0 a noisy autoencoder", ge=0, le=100
    )
    decoder_width: int = setting(32, "Decoder width", "channels of the decoder's last stage", ge=4, le=256)


def reparameterised(mean_NZ: Tensor, log_variance_NZ: Tensor, epsilon_NZ: Tensor) -> Tensor:
    """A sample of N(mean, variance) as a function of standard normal noise (section 2.4), (N, Z)."""
    return mean_NZ + (0.5 * log_variance_NZ).exp() * epsilon_NZ


def kl_to_prior(mean_NZ: Tensor, log_variance_NZ: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) of every sample in nats (appendix B), (N,) at or above 0."""
    return 0.5 * (mean_NZ.square() + log_variance_NZ.exp() - log_variance_NZ - 1).sum(dim=1)


def distortion(predicted: Tensor, x: Tensor) -> Tensor:
    """-log N(x; predicted, 1) of every picture in nats, without the constant P/2 log(2 pi), (N,)."""
    return 0.5 * (predicted - x).square().flatten(1).sum(dim=1)


def active_units(mean_NZ: Tensor) -> Tensor:
    """How many numbers of the code depend on the picture: variance of their mean above 0.01.

    Burda, Grosse, Salakhutdinov: Importance Weighted Autoencoders (ICLR 2016), section 5.2; here over a batch.
    """
    return (mean_NZ.var(dim=0, correction=0) > ACTIVE_VARIANCE).sum().float()


class VAE(Objective):
    """The evidence lower bound of a Gaussian code."""

    spec: ClassVar[ObjectiveSpec] = ObjectiveSpec(
        id="vae",
        title="VAE",
        family="Generative",
        summary="A noisy code near a normal distribution, from which a picture is painted; new ones can be drawn.",
        explanation=(
            "The encoder gives each picture a small cloud of codes, and the decoder paints the picture from any of "
            "them. All clouds together are held near a normal distribution, so that codes drawn from it give new "
            "pictures. Beta says how many nats the code may carry."
        ),
        energy=(
            "A picture has low energy when a few nats of code let it be painted well: squared error plus distance "
            "from the prior. The noise on the code and the prior limit what the code can hold."
        ),
        experience="A picture is predicted from a noisy code of itself, by the evidence lower bound.",
        formula=(
            r"\mathcal{L} = \frac{1}{P} \left[ \frac{1}{2} \| g(z) - x \|^2"
            r" + \frac{\beta}{2} \sum_j (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1) \right],"
            r" \quad z = \mu + \sigma \epsilon"
        ),
        paper=Paper(
            title="Auto-Encoding Variational Bayes",
            authors="Kingma, Welling",
            year=2014,
            venue="ICLR",
            url="https://arxiv.org/abs/1312.6114",
        ),
        needs=Needs(min_views=1, max_views=1, min_batch=2),
        metrics=(
            MetricSpec(
                name="elbo",
                title="Evidence lower bound",
                unit="nats",
                better="higher",
                description="on the log density of a picture, its constant included; at beta 1 the loss up to scale",
            ),
            MetricSpec(
                name="distortion",
                title="Distortion",
                unit="nats",
                better="lower",
                description="half the squared error of a picture, summed over its pixels",
            ),
            MetricSpec(
                name="rate",
                title="Rate",
                unit="nats",
                better="neither",
                description="distance of a picture's code from the prior: what the code says; 0 is posterior collapse",
            ),
            MetricSpec(
                name="active_units",
                title="Active units",
                better="higher",
                description="numbers of the code that differ between the pictures of a batch (Burda et al. 2016)",
            ),
        ),
        figures=(
            FigureSpec(
                name="reconstructions",
                title="Reconstructions",
                kind="pictures",
                description="Painted from the middle of each picture's cloud of codes, and from a draw out of it.",
                columns=("Picture", "From the mean code", "From a drawn code"),
            ),
            FigureSpec(
                name="samples",
                title="Samples",
                kind="pictures",
                description="Painted from codes that are drawn from the prior; the same codes every time.",
            ),
            FigureSpec(
                name="walk",
                title="Walks between two pictures",
                kind="pictures",
                description="Painted on the straight way from the code of one picture to that of the next.",
            ),
        ),
        alarms=(
            AlarmSpec(
                id="posterior_collapsed",
                title="The code says nothing",
                metric="rate",
                # The rate bounds what a code can tell of its picture: 0.5 nats is less than one bit. Codes start at the
                # prior, and need an epoch at most to leave it. Measured after 600 steps of 32 pictures of 16 px: 20
                # nats, and 0.2 with a beta of 100.
                below="0.5",
                after="max(300, steps_per_epoch)",
                patience=200,
                seen="The codes of all pictures are as the prior, whatever is shown.",
                means="The decoder does without the code: the posterior has collapsed, and so has what is learned.",
                advice=(
                    Advice(setting="objective.beta", change="lower it, to 0.1 or less"),
                    Advice(setting="optimiser.lr", change="try three times higher and three times lower"),
                ),
            ),
        ),
        chance=Chance(formula="≈ ½ (every pixel at its mean, no code)", expression="0.5"),
        views_preset="reconstruction-cifar",
    )
    Config: ClassVar[type[Model]] = VAEConfig
    config: VAEConfig

    def __init__(self, config: VAEConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        self.mean, self.log_variance = nn.Linear(facts.width, config.latent), nn.Linear(facts.width, config.latent)
        for head in (self.mean, self.log_variance):
            nn.init.normal_(head.weight, std=INITIAL_STD)
            nn.init.zeros_(head.bias)
        self.decoder = Decoder(config.latent, 3, facts.size, config.decoder_width)

    def forward(self, views: Views, backbone: Backbone) -> Step:
        """The negative evidence lower bound a number of the picture."""
        check_views(self.spec, views)
        (x,) = views.inputs
        h_ND = backbone(x)
        mean_NZ, log_variance_NZ = self._posterior(h_ND)
        z_NZ = reparameterised(mean_NZ, log_variance_NZ, normal(views.index, self.config.latent))
        spent_N = distortion(self.decoder(z_NZ).float(), x.float())
        kl_N = kl_to_prior(mean_NZ, log_variance_NZ)
        numbers = x[0].numel()
        loss_N = (spent_N + self.config.beta * kl_N) / numbers
        terms = {
            "elbo": -(spent_N + kl_N).mean().detach() - numbers / 2 * math.log(2 * math.pi),
            "distortion": spent_N.mean().detach(),
            "rate": kl_N.mean().detach(),
            "active_units": active_units(mean_NZ.detach()),
        }
        return Step(loss_N.mean(), terms, h_ND.detach(), loss_N.detach())

    def _posterior(self, h_ND: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the codes in float32, (N, Z) each."""
        log_variance_NZ = self.log_variance(h_ND).float().clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)
        return self.mean(h_ND).float(), log_variance_NZ

    def figures(self, views: Views, backbone: Backbone) -> dict[str, NDArray[np.floating[Any]]]:
        """Reconstructions, samples of the prior, and walks between the codes of neighbours in the batch."""
        with evaluating(backbone, self):
            x = views.inputs[0][:SHOWN_ROWS].float()
            mean_NZ, log_variance_NZ = self._posterior(backbone(x))
            samples = torch.arange(SHOWN_ROWS * SHOWN_COLUMNS, device=x.device)
            epsilon = normal(samples, self.config.latent, generator=figure_generator())
            drawn_NZ = reparameterised(mean_NZ, log_variance_NZ, epsilon[: len(x)])
            span, anywhere = span_of_each(x), span_of_all(x)
            rebuilt = [stretched(part, span) for part in (x, self.decoder(mean_NZ), self.decoder(drawn_NZ))]
            return {
                "reconstructions": rows_of(rebuilt),
                "samples": grid_of(stretched(self.decoder(epsilon), anywhere), SHOWN_COLUMNS),
                "walk": grid_of(stretched(self.decoder(walks(mean_NZ)), anywhere), SHOWN_COLUMNS),
            }


def walks(code_NZ: Tensor) -> Tensor:
    """Eight steps from each code to the next, the last one's to the first: (N * 8, Z), a walk after the other."""
    share = torch.linspace(0, 1, SHOWN_COLUMNS, device=code_NZ.device)[:, None]
    return torch.lerp(code_NZ[:, None], code_NZ.roll(-1, dims=0)[:, None], share).flatten(0, 1)
