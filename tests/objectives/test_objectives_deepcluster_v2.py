"""Spherical k-means against a loop, the loss against a loop, and when a picture's cluster changes."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from objectives_batches import SIZE_PX, make_views
from torch import Tensor

from workbench.models.base import Backbone
from workbench.models.build import build_backbone
from workbench.objectives.base import Facts
from workbench.objectives.vision.clustering.deepcluster_v2 import DeepClusterV2, DeepClusterV2Config, cluster_loss
from workbench.objectives.vision.clustering.kmeans import moved_share, nearest, spherical_kmeans
from workbench.plugins.specs import evaluate
from workbench.recipes.models import Choice
from workbench.views.base import Views

BATCH, SPLIT = 8, 24


def make(seed: int = 0) -> tuple[DeepClusterV2, Backbone]:
    torch.manual_seed(seed)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    config = DeepClusterV2Config(prototypes=6, heads=2, hidden=16, output=8)
    return DeepClusterV2(config, Facts(backbone.width, 0, SPLIT, BATCH, steps_per_epoch=SPLIT // BATCH)), backbone


def batch(number: int) -> Views:
    """The `number`th batch of a split that is gone through in order, again and again."""
    made = make_views(DeepClusterV2.spec.needs, BATCH, seed=number)
    return Views(made.branches, (torch.arange(BATCH) + number * BATCH) % SPLIT)


def train(objective: DeepClusterV2, backbone: Backbone, first: int, steps: int) -> None:
    optimiser = torch.optim.SGD([*backbone.parameters(), *objective.parameters()], lr=0.1)
    for number in range(first, first + steps):
        optimiser.zero_grad()
        objective(batch(number), backbone).loss.backward()
        optimiser.step()
        objective.after_step(backbone, (number + 1) / 100)


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64), dim=-1)


def blobs() -> tuple[Tensor, Tensor]:
    """60 directions close to three axes, and which axis."""
    axis = torch.arange(60) % 3
    return F.normalize(torch.eye(8, dtype=torch.float64)[axis] + 0.05 * unit(60, 8), dim=1), axis


# -- k-means -------------------------------------------------------------------------------------------------------


def test_a_round_equals_a_loop_over_rows_and_centroids() -> None:
    rows = unit(40, 5)
    seen = torch.ones(40, dtype=torch.bool)
    before, after = (spherical_kmeans(rows, seen, 4, rounds, seed=3).tolist() for rounds in (2, 3))
    sums = [[0.0] * 5 for _ in range(4)]
    for row in rows.tolist():
        dots = [sum(a * b for a, b in zip(row, centroid, strict=True)) for centroid in before]
        best = dots.index(max(dots))
        sums[best] = [total + entry for total, entry in zip(sums[best], row, strict=True)]
    wanted = [[entry / sum(x * x for x in total) ** 0.5 for entry in total] for total in sums]
    assert torch.tensor(after) == pytest.approx(torch.tensor(wanted), abs=1e-6)


def test_more_rounds_bring_rows_nearer_to_their_centroids() -> None:
    rows, seen = unit(200, 6), torch.ones(200, dtype=torch.bool)
    fits = [nearest(rows, spherical_kmeans(rows, seen, 8, rounds, seed=1))[1].mean().item() for rounds in range(6)]
    assert fits == sorted(fits)
    assert fits[-1] > fits[0]


@pytest.mark.parametrize("seed", range(8))
def test_groups_far_apart_are_found_from_any_start_because_empty_clusters_start_again(seed: int) -> None:
    rows, axis = blobs()
    exact = torch.eye(8, dtype=torch.float64)[axis]
    label, _ = nearest(rows, spherical_kmeans(exact, torch.ones(60, dtype=torch.bool), 3, 10, seed))
    assert moved_share(axis, label, 3).item() == pytest.approx(0, abs=1e-6)


def test_rows_not_stored_yet_have_no_influence() -> None:
    rows, seen = unit(30, 5), torch.arange(30) < 20
    other = torch.where(seen[:, None], rows, unit(30, 5, seed=9))
    torch.testing.assert_close(
        spherical_kmeans(rows, seen, 4, 5, seed=0), spherical_kmeans(other, seen, 4, 5, seed=0), rtol=0, atol=1e-12
    )


def test_the_nearest_centroid_does_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, centroids = unit(50, 5), unit(6, 5, seed=1)
    whole = nearest(rows, centroids)[0]
    monkeypatch.setattr("workbench.objectives.vision.clustering.kmeans.CHUNK", 7)
    assert torch.equal(nearest(rows, centroids)[0], whole)


def test_new_numbers_for_the_same_clusters_move_nobody() -> None:
    old = torch.tensor([0, 0, 1, 1, 2, 2])
    assert moved_share(old, (old + 1) % 3, 3).item() == pytest.approx(0)


def test_samples_away_from_the_majority_have_moved() -> None:
    old, new = torch.tensor([0, 0, 0, 1, 1, 1, -1]), torch.tensor([2, 2, 0, 0, 0, 0, 1])
    assert moved_share(old, new, 3).item() == pytest.approx(1 / 6)


# -- the loss ------------------------------------------------------------------------------------------------------


def test_value_and_gradient_equal_a_loop_over_clusterings_views_and_samples() -> None:
    scores = (torch.rand(2, 3, 4, 5, dtype=torch.float64) * 2 - 1).requires_grad_()
    labels = torch.tensor([[0, 4, 1, 2], [3, 3, 0, 1]])
    terms = [
        -torch.log(torch.exp(scores[h, v, n, labels[h, n]] / 0.1) / torch.exp(scores[h, v, n] / 0.1).sum())
        for h in range(2)
        for v in range(3)
        for n in range(4)
    ]
    loss, naive = cluster_loss(scores, labels, 0.1).mean(), sum(terms) / len(terms)
    torch.testing.assert_close(loss, naive, rtol=1e-10, atol=1e-12)
    (ours,), (wanted,) = torch.autograd.grad(loss, scores), torch.autograd.grad(naive, scores)
    torch.testing.assert_close(ours, wanted, rtol=1e-8, atol=1e-10)


def test_equal_scores_give_the_chance_level() -> None:
    chance = DeepClusterV2.spec.chance
    assert chance is not None
    loss = cluster_loss(torch.ones(3, 2, 5, 16), torch.zeros(3, 5, dtype=torch.int64), 0.1).mean()
    assert loss.item() == pytest.approx(chance.value({"prototypes": 16}), rel=1e-6)


# -- the objective -------------------------------------------------------------------------------------------------


def test_before_there_are_clusters_each_label_is_given_as_often() -> None:
    objective, _ = make()
    assert all(torch.bincount(labels).tolist() == [4] * 6 for labels in objective.labels)
    assert not torch.equal(objective.labels[0], objective.labels[1])


def test_clusters_change_at_the_end_of_an_epoch_only() -> None:
    objective, backbone = make()
    start = objective.labels.clone()
    train(objective, backbone, 0, 2)
    assert torch.equal(objective.labels, start)
    train(objective, backbone, 2, 1)
    second = objective.labels.clone()
    assert not torch.equal(second, start)
    train(objective, backbone, 3, 2)
    assert torch.equal(objective.labels, second)


def test_an_epoch_of_a_part_of_the_split_is_shorter() -> None:
    torch.manual_seed(0)
    backbone = build_backbone(Choice(id="tiny_cnn", width=8), SIZE_PX)
    config = DeepClusterV2Config(prototypes=6, heads=2, hidden=16, output=8)
    objective = DeepClusterV2(config, Facts(backbone.width, 0, SPLIT, BATCH, steps_per_epoch=2))
    start = objective.labels.clone()
    train(objective, backbone, 0, 2)
    assert not torch.equal(objective.labels, start)


def test_after_an_epoch_every_sample_is_at_its_nearest_centre() -> None:
    objective, backbone = make()
    train(objective, backbone, 0, 3)
    for labels, centroids in zip(objective.labels, objective.centroids, strict=True):
        assert labels.tolist() == (objective.memory @ centroids.T).argmax(dim=1).tolist()
    torch.testing.assert_close(objective.centroids.norm(dim=2), torch.ones(2, 6))


def test_a_sample_not_yet_clustered_belongs_to_the_nearest_centre() -> None:
    objective, backbone = make()
    for _ in range(3):
        objective(batch(0), backbone)
        objective.after_step(backbone, 0.1)
    assert (objective.labels[:, :BATCH] >= 0).all()
    assert (objective.labels[:, BATCH:] == -1).all()
    views = batch(1)
    h = backbone(torch.cat(views.inputs))
    z = F.normalize(objective.projector(h).detach(), dim=1).unflatten(0, (2, BATCH))
    scores = torch.stack([z @ centroids.T for centroids in objective.centroids])
    wanted = cluster_loss(scores, scores.sum(dim=1).argmax(dim=-1), 0.1).mean()
    torch.testing.assert_close(objective(views, backbone).loss.detach(), wanted, rtol=1e-4, atol=1e-5)


def test_the_memory_holds_the_mean_direction_of_the_largest_views() -> None:
    objective, backbone = make()
    large = batch(1)
    small = tuple(F.avg_pool2d(view, 2) for view in large.inputs)
    views = Views({"local": small, "global": large.inputs}, large.index)
    objective(views, backbone)
    h = torch.cat([backbone(torch.cat(large.inputs)), backbone(torch.cat(small))])
    z = F.normalize(objective.projector(h).detach(), dim=1)
    wanted = F.normalize(z[:BATCH] + z[BATCH : 2 * BATCH], dim=1)
    objective.after_step(backbone, 0.1)
    torch.testing.assert_close(objective.memory[large.index], wanted, rtol=1e-4, atol=1e-5)


def test_forward_changes_neither_memory_nor_clusters() -> None:
    objective, backbone = make()
    before = copy.deepcopy({name: tensor for name, tensor in objective.named_buffers() if "projector" not in name})
    objective(batch(0), backbone)
    assert all(torch.equal(tensor, dict(objective.named_buffers())[name]) for name, tensor in before.items())


def test_a_run_taken_up_within_an_epoch_clusters_at_the_same_step_to_the_same_bits() -> None:
    whole, whole_backbone = make()
    train(whole, whole_backbone, 0, 4)
    resumed, resumed_backbone = make(seed=5)
    resumed.load_state_dict(copy.deepcopy(whole.state_dict()))
    resumed_backbone.load_state_dict(copy.deepcopy(whole_backbone.state_dict()))
    for objective, backbone in ((whole, whole_backbone), (resumed, resumed_backbone)):
        train(objective, backbone, 4, 3)
    ours, wanted = resumed.state_dict(), whole.state_dict()
    assert all(torch.equal(ours[name], wanted[name]) for name in wanted)


def test_centres_are_not_trained() -> None:
    objective, _ = make()
    assert {name.split(".")[0] for name, _ in objective.named_parameters()} == {"projector"}


def test_figures_show_sizes_predictions_and_pictures() -> None:
    objective, backbone = make()
    train(objective, backbone, 0, 3)
    figures = objective.figures(batch(0), backbone)
    assert figures["sizes"].sum() == pytest.approx(1)
    assert (figures["sizes"][:-1] >= figures["sizes"][1:]).all()
    assert figures["predictions"].sum(axis=1) == pytest.approx(1)
    assert figures["nearest"].shape == (6, 6, SIZE_PX, SIZE_PX, 3)


def test_clusters_are_bounded_by_the_training_split() -> None:
    bounds = {bound.setting: evaluate(bound.at_most, {"samples": 500}) for bound in DeepClusterV2.spec.needs.bounds}
    assert bounds == {"prototypes": 500}
