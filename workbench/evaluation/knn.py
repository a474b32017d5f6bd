"""Weighted nearest-neighbour classification: what an embedding knows of labels it has never seen.

Wu, Xiong, Yu, Lin: Unsupervised Feature Learning via Non-Parametric Instance Discrimination (CVPR 2018), section 3.4.
The k most similar bank samples vote for their class with weight exp(cosine / T).

Shapes: B bank samples, Q queries, D features, C classes, k neighbours
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK_CELLS = 2**25
"""Similarities held at once: 128 MB in float32."""


def knn_predict(
    bank_BD: Tensor, bank_labels_B: Tensor, queries_QD: Tensor, *, k: int, temperature: float, classes: int
) -> Tensor:
    """The class that each query's neighbours vote for.

    Parameters
    ----------
    bank_BD, queries_QD : features of any scale, on one device; vectors of length 0 are equally far from everything
    bank_labels_B : int64 in [0, classes); a bank sample with a negative label has no vote and is no neighbour
    k : neighbours that vote, clipped to the bank's size
    temperature : T of the weights exp(cosine / T), above 0
    classes : C, from the data set, not from the labels that happen to occur

    Returns
    -------
    int64 (Q,); -1 everywhere when the bank has no labelled sample
    """
    known = bank_labels_B >= 0
    bank_BD, bank_labels_B = F.normalize(bank_BD[known].float(), dim=1), bank_labels_B[known]
    if len(bank_BD) == 0:
        return torch.full((len(queries_QD),), -1, dtype=torch.int64, device=queries_QD.device)
    k = min(k, len(bank_BD))
    rows = max(1, CHUNK_CELLS // len(bank_BD))
    guess_Q = torch.empty(len(queries_QD), dtype=torch.int64, device=queries_QD.device)
    for start in range(0, len(queries_QD), rows):
        chunk = queries_QD[start : start + rows]
        guess_Q[start : start + rows] = _vote(bank_BD, bank_labels_B, chunk, k, temperature, classes)
    return guess_Q


def knn_accuracy(
    bank_BD: Tensor,
    bank_labels_B: Tensor,
    queries_QD: Tensor,
    query_labels_Q: Tensor,
    *,
    k: int,
    temperature: float,
    classes: int,
) -> float:
    """Share in [0, 1] of labelled queries that `knn_predict` classifies rightly; 0 where no query has a label."""
    known = query_labels_Q >= 0
    if not known.any():
        return 0.0
    guess = knn_predict(bank_BD, bank_labels_B, queries_QD[known], k=k, temperature=temperature, classes=classes)
    return float((guess == query_labels_Q[known]).float().mean())


def _vote(
    bank_BD: Tensor, bank_labels_B: Tensor, queries_QD: Tensor, k: int, temperature: float, classes: int
) -> Tensor:
    sim_Qk, index_Qk = (F.normalize(queries_QD.float(), dim=1) @ bank_BD.T).topk(k, dim=1)
    # Relative to the nearest neighbour, so that a small temperature cannot overflow; the vote is the same.
    weights_Qk = ((sim_Qk - sim_Qk[:, :1]) / temperature).exp()
    votes_QC = torch.zeros(len(sim_Qk), classes, device=sim_Qk.device)
    return votes_QC.scatter_add_(1, bank_labels_B[index_Qk], weights_Qk).argmax(dim=1)
