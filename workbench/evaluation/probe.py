"""Linear evaluation: what a linear classifier reads out of frozen features.

Zhang, Isola, Efros: Colorful Image Colorization (ECCV 2016), section 3.2, and since then the yardstick of the field;
Chen et al.: A Simple Framework for Contrastive Learning (ICML 2020), section 2.3. Here multinomial logistic regression
on standardised features, the mean cross-entropy plus (l2 / 2) |W|^2, solved to its one minimum by L-BFGS: nothing is
random, and there is no learning rate to tune. Chen et al. (appendix B.6) train a linear layer by SGD instead.

Shapes: N training samples, Q queries, D features, C classes
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

L2 = 1e-3
MOST_STEPS = 500


@dataclass(frozen=True)
class LinearProbe:
    """A fitted classifier on features standardised with the training samples' mean and deviation.

    weight, bias, mean, scale : float64 (C, D), (C,), (D,) and (D,)
    loss : the minimum that was reached; steps : iterations it took
    """

    weight: Tensor
    bias: Tensor
    mean: Tensor
    scale: Tensor
    loss: float
    steps: int

    def logits(self, z_QD: Tensor) -> Tensor:
        """Scores (Q, C), float64."""
        return F.linear((z_QD.double() - self.mean) / self.scale, self.weight, self.bias)

    def accuracy(self, z_QD: Tensor, labels_Q: Tensor) -> float:
        """Share in [0, 1] of labelled samples that are classified rightly; 0 where none has a label."""
        known_Q = labels_Q >= 0
        if not known_Q.any():
            return 0.0
        return float((self.logits(z_QD[known_Q]).argmax(dim=1) == labels_Q[known_Q]).double().mean())


def fit_probe(z_ND: Tensor, labels_N: Tensor, *, classes: int, l2: float = L2) -> LinearProbe:
    """The linear classifier with the least regularised cross-entropy.

    Parameters
    ----------
    z_ND : features of any scale, on the CPU; a feature that never varies is ignored
    labels_N : int64 in [0, classes); samples with a negative label are left out
    l2 : strength of the penalty on the weights, not on the bias, above 0 so that the minimum is unique

    Raises
    ------
    ValueError
        No sample has a label, or a feature is not finite.
    """
    known_N = labels_N >= 0
    z_ND, labels_N = z_ND[known_N].double(), labels_N[known_N]
    if len(z_ND) == 0 or not z_ND.isfinite().all():
        raise ValueError("A probe needs labelled samples with finite features.")
    mean_D, scale_D = z_ND.mean(dim=0), z_ND.std(dim=0, correction=0)
    scale_D = torch.where(scale_D > 1e-9 * scale_D.max().clamp(min=1e-300), scale_D, torch.inf)
    x_ND = (z_ND - mean_D) / scale_D
    basis_DD = _basis(x_ND, classes, l2)
    start_CD = torch.zeros(classes, z_ND.shape[1], dtype=torch.float64, requires_grad=True)
    bias_C = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    loss, steps = _minimise(x_ND @ basis_DD, labels_N, start_CD, bias_C, basis_DD.square().sum(dim=0), l2)
    return LinearProbe(start_CD.detach() @ basis_DD.T, bias_C.detach(), mean_D, scale_D, loss, steps)


def _basis(x_ND: Tensor, classes: int, l2: float) -> Tensor:
    """Principal axes as columns, scaled so that the loss is about as curved along all of them.

    Along axis k the cross-entropy at weights of 0 has the curvature variance_k (C - 1) / C^2, the penalty l2. Pixels,
    whose variances span six orders of magnitude, take L-BFGS thousands of steps as they are and some dozens like this;
    the minimum is the same.
    """
    variance_D, axes_DD = torch.linalg.eigh(x_ND.T @ x_ND / len(x_ND))
    scaled_DD: Tensor = axes_DD / (variance_D.clamp(min=0) * (classes - 1) / classes**2 + l2).sqrt()
    return scaled_DD


def _minimise(
    x_ND: Tensor, labels_N: Tensor, weight_CD: Tensor, bias_C: Tensor, cost_D: Tensor, l2: float
) -> tuple[float, int]:
    """Move weight and bias to the minimum; its value and the iterations. Weight (c, d) costs l2 / 2 cost_d w^2."""
    solver = torch.optim.LBFGS(
        [weight_CD, bias_C],
        max_iter=MOST_STEPS,
        tolerance_grad=1e-7,
        tolerance_change=1e-12,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        solver.zero_grad()
        penalty = l2 / 2 * (cost_D * weight_CD.square()).sum()
        loss = F.cross_entropy(F.linear(x_ND, weight_CD, bias_C), labels_N) + penalty
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with torch.enable_grad():
        solver.step(closure)  # type: ignore[no-untyped-call]
        steps = int(solver.state[weight_CD]["n_iter"])
        return float(closure().detach()), steps
