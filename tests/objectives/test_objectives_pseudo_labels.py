"""DeepCluster and ClusterFit: preparation, weights and loss against loops, and when labels and classifier change."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch
from objectives_batches import SIZE_PX, make_views
from safetensors.torch import save_file
from torch import Tensor

from workbench.core.errors import RecipeError
from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.models.trained import load_trained
from workbench.objectives.base import Facts
from workbench.objectives.vision.clustering.cluster_classifier import ClusterClassifier
from workbench.objectives.vision.clustering.clusterfit import ClusterFit, ClusterFitConfig
from workbench.objectives.vision.clustering.deepcluster import DeepCluster, DeepClusterConfig
from workbench.objectives.vision.clustering.pseudo_labels import balanced_loss, balancing_weights, whitened
from workbench.recipes.models import Choice
from workbench.views.base import Views

BATCH, SPLIT = 8, 24
EPOCH = SPLIT // BATCH
KINDS = [DeepCluster, ClusterFit]
both = pytest.mark.parametrize("kind", KINDS, ids=[kind.spec.id for kind in KINDS])


def make(kind: type[ClusterClassifier], seed: int = 0, teacher: str = "") -> tuple[ClusterClassifier, Backbone]:
    torch.manual_seed(seed)
    backbone = build_backbone(Choice(id="tiny_cnn", width=4), SIZE_PX)
    settings = {"prototypes": 5, "components": 6, "rounds": 5}
    config = DeepClusterConfig(**settings) if kind is DeepCluster else ClusterFitConfig(**settings, teacher=teacher)
    objective = kind(config, Facts(backbone.width, 0, SPLIT, BATCH, steps_per_epoch=EPOCH, size=SIZE_PX))
    objective.attach(backbone)
    return objective, backbone


def batch(kind: type[ClusterClassifier], number: int) -> Views:
    """The `number`th batch of a split that is gone through in order, again and again."""
    made = make_views(kind.spec.needs, BATCH, seed=number % EPOCH)
    return Views(made.branches, (torch.arange(BATCH) + number * BATCH) % SPLIT)


def train(objective: ClusterClassifier, backbone: Backbone, first: int, steps: int) -> None:
    trained = [p for p in (*backbone.parameters(), *objective.parameters()) if p.requires_grad]
    optimiser = torch.optim.SGD(trained, lr=0.1)
    for number in range(first, first + steps):
        optimiser.zero_grad()
        objective(batch(type(objective), number), backbone).loss.backward()
        optimiser.step()
        objective.after_step(backbone, (number + 1) / 100)


# -- preparation, weights, loss ------------------------------------------------------------------------------------


def test_whitening_with_all_components_gives_the_mahalanobis_geometry_of_a_loop() -> None:
    """Scalar products before the rows get length 1 are (x - m) C^-1 (y - m), whatever axes were found."""
    rows = torch.randn(12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) @ torch.diag(
        torch.tensor([3.0, 1.0, 0.5], dtype=torch.float64)
    )
    mean = [sum(row[d] for row in rows.tolist()) / 12 for d in range(3)]
    centred = [[value - mean[d] for d, value in enumerate(row)] for row in rows.tolist()]
    covariance = [[sum(row[i] * row[j] for row in centred) / 12 for j in range(3)] for i in range(3)]
    inverse = torch.linalg.inv(torch.tensor(covariance, dtype=torch.float64)).tolist()

    def product(a: list[float], b: list[float]) -> float:
        return sum(a[i] * inverse[i][j] * b[j] for i in range(3) for j in range(3))

    wanted = [[product(a, b) / math.sqrt(product(a, a) * product(b, b)) for b in centred] for a in centred]
    unit = whitened(rows.float(), torch.ones(12, dtype=torch.bool), 3)
    torch.testing.assert_close(unit @ unit.T, torch.tensor(wanted), rtol=1e-3, atol=1e-4)


def test_whitening_keeps_the_components_with_the_largest_variance() -> None:
    scale = torch.tensor([0.1, 5.0, 0.2, 3.0])
    rows = torch.randn(200, 4, generator=torch.Generator().manual_seed(0)) * scale
    unit = whitened(rows, torch.ones(200, dtype=torch.bool), 2)
    alone = whitened(rows[:, [1, 3]], torch.ones(200, dtype=torch.bool), 2)
    assert unit.shape == (200, 2)
    assert ((unit @ unit.T - alone @ alone.T).abs().mean()) < 0.02


def test_rows_that_were_not_seen_do_not_move_the_axes() -> None:
    rows, seen = torch.randn(20, 4), torch.arange(20) < 15
    other = torch.where(seen[:, None], rows, 100.0)
    torch.testing.assert_close(whitened(rows, seen, 3)[:15], whitened(other, seen, 3)[:15], rtol=1e-4, atol=1e-5)


def test_rows_that_are_all_alike_stay_finite() -> None:
    assert whitened(torch.ones(6, 4), torch.ones(6, dtype=torch.bool), 4).isfinite().all()


def test_weights_let_every_cluster_count_as_much() -> None:
    labels = torch.tensor([0, 0, 0, 2, -1])
    weight = balancing_weights(labels, 3)
    torch.testing.assert_close(weight, torch.tensor([4 / 9, 0, 4 / 3]))


def loop_loss(logits: Tensor, labels: list[int], weights: list[float]) -> Tensor:
    total, counted = torch.zeros((), dtype=torch.float64), 0.0
    for row, label in zip(logits, labels, strict=True):
        if label >= 0:
            total = total - weights[label] * torch.log(torch.exp(row[label]) / sum(torch.exp(value) for value in row))
            counted += weights[label]
    return total / counted


def test_value_and_gradient_of_the_loss_equal_a_loop_over_views_and_clusters() -> None:
    logits = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    labels, weights = [2, -1, 0, 1, 0, 2], [0.5, 2.0, 1.25]
    loss = balanced_loss(logits, torch.tensor(labels), torch.tensor(weights))
    naive = loop_loss(logits, labels, weights)
    assert loss.item() == pytest.approx(naive.item(), rel=1e-5)
    torch.testing.assert_close(*(torch.autograd.grad(v, logits)[0] for v in (loss, naive)), rtol=1e-4, atol=1e-6)


def test_a_batch_without_any_cluster_has_loss_zero_and_a_gradient_of_zero() -> None:
    logits = torch.randn(3, 4, requires_grad=True)
    loss = balanced_loss(logits, torch.full((3,), -1), torch.ones(4))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_equal_logits_give_the_chance_level_whatever_the_weights() -> None:
    loss = balanced_loss(torch.zeros(5, 7), torch.tensor([0, 0, 3, 6, 3]), torch.rand(7) + 0.1)
    assert loss.item() == pytest.approx(DeepCluster.spec.chance.value({"prototypes": 7}), rel=1e-6)


# -- the objectives ------------------------------------------------------------------------------------------------


@both
def test_the_first_epoch_trains_the_classifier_and_leaves_the_encoder_alone(kind: type[ClusterClassifier]) -> None:
    objective, backbone = make(kind)
    for number in range(EPOCH):
        loss = objective(batch(kind, number), backbone).loss
        loss.backward()
        objective.after_step(backbone, 0.1)
    assert objective.classifier.weight.grad.any()
    assert all(p.grad is None for p in backbone.parameters())
    objective(batch(kind, EPOCH), backbone).loss.backward()
    assert all(p.grad is not None for p in backbone.parameters())


@both
def test_the_classifier_starts_again_with_the_clusters(kind: type[ClusterClassifier]) -> None:
    objective, backbone = make(kind)
    train(objective, backbone, 0, EPOCH - 1)
    labels, weight = objective.pseudo.labels.clone(), objective.classifier.weight.detach().clone()
    train(objective, backbone, EPOCH - 1, 1)
    assert not torch.equal(objective.pseudo.labels, labels)
    assert not objective.classifier.bias.any()
    assert objective.classifier.weight.std().item() == pytest.approx(0.01, rel=0.3)
    assert not torch.equal(objective.classifier.weight, weight)


def test_deepcluster_clusters_after_every_epoch_and_clusterfit_once() -> None:
    for kind, wanted in ((DeepCluster, [1, 2, 3]), (ClusterFit, [1, 1, 1])):
        objective, backbone = make(kind)
        made = []
        for epoch in range(3):
            train(objective, backbone, EPOCH * epoch, EPOCH)
            made.append(int(objective.pseudo.made))
        assert made == wanted


def test_deepcluster_remembers_the_mean_over_the_views() -> None:
    objective, backbone = make(DeepCluster)
    views = batch(DeepCluster, 0)
    h = torch.stack(backbone(torch.cat(views.inputs)).detach().chunk(len(views.inputs)))
    objective(views, backbone)
    assert not objective.pseudo.seen.any()
    objective.after_step(backbone, 0.1)
    torch.testing.assert_close(objective.pseudo.rows[views.index], h.mean(dim=0), rtol=1e-4, atol=1e-5)


def test_clusterfit_asks_the_teacher_of_the_plain_view_and_the_network_of_the_others() -> None:
    objective, backbone = make(ClusterFit)
    plain, distorted = batch(ClusterFit, 0).inputs
    wanted = copy.deepcopy(backbone).eval()(plain).detach()
    objective(batch(ClusterFit, 0), backbone)
    objective.after_step(backbone, 0.1)
    torch.testing.assert_close(objective.pseudo.rows[:BATCH], wanted, rtol=1e-4, atol=1e-5)
    other = Views({"A": (torch.zeros_like(plain), distorted)}, torch.arange(BATCH))
    torch.testing.assert_close(objective(other, backbone).loss, objective(batch(ClusterFit, 0), backbone).loss)


def test_the_teacher_never_moves() -> None:
    objective, backbone = make(ClusterFit)
    before = copy.deepcopy(objective.teacher.state_dict())
    train(objective, backbone, 0, 2 * EPOCH)
    assert all(torch.equal(tensor, before[name]) for name, tensor in objective.teacher.state_dict().items())


@both
def test_a_run_taken_up_within_an_epoch_goes_on_to_the_same_bits(kind: type[ClusterClassifier]) -> None:
    whole, whole_backbone = make(kind)
    train(whole, whole_backbone, 0, EPOCH + 1)
    resumed, resumed_backbone = make(kind, seed=5)
    resumed.load_state_dict(copy.deepcopy(whole.state_dict()))
    resumed_backbone.load_state_dict(copy.deepcopy(whole_backbone.state_dict()))
    for objective, backbone in ((whole, whole_backbone), (resumed, resumed_backbone)):
        train(objective, backbone, EPOCH + 1, EPOCH)
    ours, wanted = resumed.state_dict(), whole.state_dict()
    assert all(torch.equal(ours[name], wanted[name]) for name in wanted)


@both
def test_figures_show_sizes_from_the_largest_and_pictures_of_clusters(kind: type[ClusterClassifier]) -> None:
    objective, backbone = make(kind)
    train(objective, backbone, 0, EPOCH)
    figures = objective.figures(batch(kind, 0), backbone)
    assert figures["sizes"].sum() == pytest.approx(1)
    assert (figures["sizes"][:-1] >= figures["sizes"][1:]).all()
    assert figures["nearest"].shape == (5, 6, SIZE_PX, SIZE_PX, 3)


# -- teachers from runs --------------------------------------------------------------------------------------------


def write_run(folder: Path, backbone: Backbone, width: int) -> Path:
    """A run folder with one checkpoint; returns the checkpoint's folder."""
    checkpoint = folder / "checkpoints" / "step_00000007"
    checkpoint.mkdir(parents=True)
    weights = {f"backbone.{name}": tensor.contiguous() for name, tensor in backbone.state_dict().items()}
    save_file({**weights, "objective.head": torch.zeros(2)}, checkpoint / "model.safetensors")
    (checkpoint / "train_state.pt").write_bytes(b"")
    (folder / "resolved.toml").write_text(f'schema = 1\n[backbone]\nid = "tiny_cnn"\nwidth = {width}\n')
    return checkpoint


@pytest.mark.parametrize("named", ["run", "checkpoint"])
def test_a_teacher_of_another_width_comes_from_its_run_or_checkpoint(tmp_path: Path, named: str) -> None:
    other = build_backbone(Choice(id="tiny_cnn", width=6), SIZE_PX)
    checkpoint = write_run(tmp_path / "run", other, width=6)
    objective, backbone = make(ClusterFit, teacher=str(tmp_path / "run" if named == "run" else checkpoint))
    views = batch(ClusterFit, 0)
    objective(views, backbone)
    objective.after_step(backbone, 0.1)
    wanted = other.eval()(views.inputs[0]).detach()
    torch.testing.assert_close(objective.pseudo.rows[:BATCH], wanted, rtol=1e-4, atol=1e-5)
    assert not any(p.requires_grad for p in objective.teacher.parameters())


def test_a_teacher_that_is_no_run_is_refused_at_its_setting(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"objective\.teacher.*neither a run folder"):
        make(ClusterFit, teacher=str(tmp_path))


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "run", build_backbone(Choice(id="tiny_cnn", width=6), SIZE_PX), width=8)
    with pytest.raises(RecipeError, match=r"objective\.teacher.*cannot be used"):
        make(ClusterFit, teacher=str(tmp_path / "run"))


def test_a_torn_file_of_weights_is_refused(tmp_path: Path) -> None:
    checkpoint = write_run(tmp_path / "run", build_backbone(Choice(id="tiny_cnn", width=6), SIZE_PX), width=6)
    (checkpoint / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(Exception, match="cannot be used"):
        load_trained(tmp_path / "run", SIZE_PX)
