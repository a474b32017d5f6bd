"""What every objective keeps to, whoever wrote it: the whole table runs through here."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch
from matplotlib.mathtext import MathTextParser
from objectives_batches import CLASSES, fill_queues, look_first, make_learner, make_views
from torch._subclasses.fake_tensor import FakeTensorMode

from workbench.core.errors import RecipeError, RunFailed
from workbench.engine.checkpoint import generator_states, restore_generators
from workbench.models.base import Backbone
from workbench.objectives.base import Facts, Objective
from workbench.objectives.build import build_objective
from workbench.objectives.queue import Queue
from workbench.objectives.table import OBJECTIVES
from workbench.recipes.models import Choice
from workbench.views.base import Views
from workbench.views.presets import PRESETS
from workbench.views.table import OPERATIONS

each = pytest.mark.parametrize("kind", OBJECTIVES, ids=[kind.spec.id for kind in OBJECTIVES])
SAMPLES = 48
ALONE = [
    kind
    for kind in OBJECTIVES
    if kind.spec.family in ("Pretext task", "Generative", "Masked") and not kind.no_sample_loss
]
"""Those whose samples do not meet each other."""
GAMES = {"bigan": "both players' losses together are least in a draw; each player's own has a test of its own"}


def test_ids_are_unique() -> None:
    ids = [kind.spec.id for kind in OBJECTIVES]
    assert len(set(ids)) == len(ids)


@each
def test_the_formula_can_be_set(kind: type[Objective]) -> None:
    assert MathTextParser("path").parse(f"${kind.spec.formula}$").width > 50


@each
def test_its_view_preset_gives_what_it_needs(kind: type[Objective]) -> None:
    views, needs = PRESETS[kind.spec.views_preset], kind.spec.needs
    operations = {operation.spec.id: operation.spec for operation in OPERATIONS}
    made = {name for branch in views.branches for op in branch.ops for name in operations[op.id].targets}
    assert needs.min_views <= views.count <= (needs.max_views or views.count)
    assert set(needs.targets) <= made


@each
def test_every_setting_says_what_it_does(kind: type[Objective]) -> None:
    kind.Config()
    for name, field in kind.Config.model_fields.items():
        assert field.title, name
        assert field.description, name


@each
def test_a_step_is_a_scalar_with_gradient_and_the_terms_of_the_spec(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    views = make_views(kind.spec.needs, SAMPLES)
    step = objective(views, backbone)
    assert step.loss.shape == ()
    assert step.loss.requires_grad
    assert step.loss.dtype == torch.float32
    assert set(step.terms) == {metric.name for metric in kind.spec.metrics}
    assert all(term.shape == () and not term.requires_grad and term.isfinite() for term in step.terms.values())
    assert step.embedding is not None
    assert not step.embedding.requires_grad
    assert step.embedding.ndim == 2
    assert step.embedding.shape[1] == backbone.width
    assert len(step.embedding) % SAMPLES == 0


@each
def test_gradients_reach_the_encoder_and_every_head(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    views = make_views(kind.spec.needs, SAMPLES)
    look_first(objective, backbone, views)
    objective(views, backbone).loss.backward()
    named = [*backbone.named_parameters(), *objective.named_parameters()]
    trained = [(name, p) for name, p in named if p.requires_grad]
    assert trained
    assert [name for name, p in trained if p.grad is None or not p.grad.abs().sum() > 0] == []


@each
def test_the_loss_of_an_untrained_network_is_near_chance(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    if kind.spec.chance is None:
        pytest.skip("this objective names no chance level")
    known = {"batch_size": SAMPLES, "classes": CLASSES, "samples": objective.facts.samples}
    names = {**objective.config.model_dump(), **known}
    numbers = {name: value for name, value in names.items() if isinstance(value, int | float)}
    chance = kind.spec.chance.value(numbers)
    fill_queues(objective, backbone, kind, SAMPLES)
    loss = objective(unrelated_views(kind), backbone).loss.item()
    assert loss == pytest.approx(chance, rel=0.15, abs=0.15 if chance == 0 else 0)


def unrelated_views(kind: type[Objective]) -> Views:
    """Views that share nothing, so that nothing but the initial weights decides the loss."""
    views = make_views(kind.spec.needs, SAMPLES)
    noise = torch.Generator().manual_seed(9)
    fresh = tuple(torch.randn(view.shape, generator=noise) for view in views.inputs)
    return Views({"A": fresh}, views.index, views.labels, views.targets)


@each
def test_the_order_of_the_samples_does_not_matter(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    views = make_views(kind.spec.needs, SAMPLES)
    order = torch.randperm(SAMPLES)
    shuffled = Views(
        {"A": tuple(view[order] for view in views.inputs)},
        views.index[order],
        None if views.labels is None else views.labels[order],
        {name: target[:, order] for name, target in views.targets.items()},
    )
    losses = []
    for given in (views, shuffled):
        torch.manual_seed(7)  # an objective may draw noise
        losses.append(objective(given, backbone).loss)
    torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-5)


@each
def test_the_same_seed_gives_the_same_loss_to_the_bit(kind: type[Objective]) -> None:
    def loss() -> torch.Tensor:
        objective, backbone = make_learner(kind, SAMPLES, seed=4)
        return objective(make_views(kind.spec.needs, SAMPLES), backbone).loss

    assert torch.equal(loss(), loss())


@each
def test_a_state_goes_round_through_a_fresh_objective(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES, seed=1)
    fresh, fresh_backbone = make_learner(kind, SAMPLES, seed=2)
    fresh.load_state_dict(copy.deepcopy(objective.state_dict()))
    fresh_backbone.load_state_dict(copy.deepcopy(backbone.state_dict()))
    views = make_views(kind.spec.needs, SAMPLES)
    losses = []
    for learner, encoder in ((objective, backbone), (fresh, fresh_backbone)):
        torch.manual_seed(7)  # an objective may draw noise
        losses.append(learner(views, encoder).loss)
    assert torch.equal(*losses)


def train(objective: Objective, backbone: Backbone, optimiser: torch.optim.Optimizer, steps: range) -> None:
    """These steps of a run of ten, each on a batch of its own."""
    for number in steps:
        optimiser.zero_grad()
        objective(make_views(objective.spec.needs, SAMPLES // 3, seed=number), backbone).loss.backward()
        optimiser.step()
        objective.after_step(backbone, (number + 1) / 10)


@each
def test_training_goes_on_to_the_same_bits_from_a_state_saved_in_the_middle(kind: type[Objective]) -> None:
    def start(seed: int) -> tuple[Objective, Backbone, torch.optim.Optimizer]:
        objective, backbone = make_learner(kind, SAMPLES // 3, seed=seed, steps_per_epoch=4)
        parameters = [p for p in (*backbone.parameters(), *objective.parameters()) if p.requires_grad]
        return objective, backbone, torch.optim.AdamW(parameters, lr=1e-3)

    first = start(seed=1)
    train(*first, range(6))  # one epoch and a half: the rest crosses the end of another
    saved = io.BytesIO()
    torch.save([part.state_dict() for part in first], saved)
    generators = generator_states()
    train(*first, range(6, 10))
    second = start(seed=2)
    saved.seek(0)
    for part, state in zip(second, torch.load(saved, weights_only=True), strict=True):
        part.load_state_dict(state)
    restore_generators(generators)
    train(*second, range(6, 10))
    for went_on, resumed in zip(first[:2], second[:2], strict=True):
        for name, tensor in went_on.state_dict().items():
            assert torch.equal(tensor, resumed.state_dict()[name]), name


@each
def test_batches_of_odd_sizes_have_a_finite_loss(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    for samples in (kind.spec.needs.min_batch, 7):
        assert objective(make_views(kind.spec.needs, samples), backbone).loss.isfinite()


@each
def test_half_precision_gives_a_finite_loss_and_finite_gradients(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    with torch.autocast("cpu", torch.bfloat16):
        step = objective(make_views(kind.spec.needs, SAMPLES), backbone)
    step.loss.backward()
    assert step.loss.isfinite()
    assert all(p.grad is None or p.grad.isfinite().all() for p in backbone.parameters())


@each
def test_a_batch_below_the_least_is_refused_with_the_setting_to_change(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    least = kind.spec.needs.min_batch
    if least < 2:
        pytest.skip("this objective takes any batch")
    with pytest.raises(RunFailed, match=r"training\.batch_size"):
        objective(make_views(kind.spec.needs, least - 1), backbone)


@each
def test_a_wrong_number_of_views_is_refused(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    needs = kind.spec.needs
    for count in {needs.min_views - 1, (needs.max_views or 0) + 1} - {0, 1 if needs.max_views is None else 0}:
        with pytest.raises(RunFailed, match=r"views\.branches"):
            objective(make_views(needs, SAMPLES, count=count), backbone)


@each
def test_missing_targets_and_labels_are_refused(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    needs, views = kind.spec.needs, make_views(kind.spec.needs, SAMPLES)
    if not (needs.targets or needs.labels):
        pytest.skip("this objective needs neither targets nor labels")
    with pytest.raises(RunFailed):
        objective(Views(views.branches, views.index), backbone)


@each
def test_forward_asks_the_device_for_no_value(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    views = make_views(kind.spec.needs, SAMPLES)
    # A fake tensor has a shape and no content: `.item()`, `bool(tensor)` and `.cpu().numpy()` on it raise.
    with FakeTensorMode(allow_non_fake_inputs=True) as fake:
        faked = Views(
            {"A": tuple(fake.from_tensor(view) for view in views.inputs)},
            fake.from_tensor(views.index),
            None if views.labels is None else fake.from_tensor(views.labels),
            {name: fake.from_tensor(target) for name, target in views.targets.items()},
        )
        objective(faked, backbone)


@each
def test_figures_are_finite_and_leave_no_trace(kind: type[Objective]) -> None:
    objective, backbone = make_learner(kind, SAMPLES)
    views = make_views(kind.spec.needs, SAMPLES)
    look_first(objective, backbone, views)
    objective(views, backbone)
    objective.after_step(backbone, 0.5)
    before = copy.deepcopy([*backbone.state_dict().values(), *objective.state_dict().values()])
    generator = torch.get_rng_state()
    figures = objective.figures(views, backbone)
    seen_by_all = {figure.name for figure in kind.spec.figures} - (set() if kind.spec.needs.tokens else {"attention"})
    assert seen_by_all
    assert seen_by_all <= set(figures) <= seen_by_all | {"attention"}
    ranks = {"matrix": 2, "pictures": 5, "bars": 1, "lines": 2}
    assert all(
        figures[figure.name].ndim == ranks[figure.kind] for figure in kind.spec.figures if figure.name in figures
    )
    assert all(isinstance(figure, np.ndarray) and np.isfinite(figure).all() for figure in figures.values())
    after = [*backbone.state_dict().values(), *objective.state_dict().values()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert torch.equal(generator, torch.get_rng_state())
    assert all(part.training for module in (objective, backbone) for part in module.modules())


@each
def test_thirty_steps_on_one_batch_lower_the_loss(kind: type[Objective]) -> None:
    if kind.spec.id in GAMES:
        pytest.skip(GAMES[kind.spec.id])
    objective, backbone = make_learner(kind, SAMPLES)
    views = make_views(kind.spec.needs, SAMPLES, painted=kind.spec.family == "Generative")
    fill_queues(objective, backbone, kind, SAMPLES)
    look_first(objective, backbone, views)
    # A queue that stored this one batch again and again would make every picture its own negative.
    full = [(part, copy.deepcopy(part.state_dict())) for part in objective.modules() if isinstance(part, Queue)]
    optimiser = torch.optim.Adam([*backbone.parameters(), *objective.parameters()], lr=3e-3)
    losses = []
    for number in range(30):
        optimiser.zero_grad()
        loss = objective(views, backbone).loss
        loss.backward()
        optimiser.step()
        objective.after_step(backbone, (number + 1) / 30)
        for queue, state in full:
            queue.load_state_dict(state)
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_an_unknown_objective_names_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"objective\.id.*'simclr'"):
        build_objective(Choice(id="simclir"), Facts(8, 0, 100, 16))


def test_a_setting_out_of_range_is_named() -> None:
    with pytest.raises(RecipeError, match=r"objective\.temperature: -0\.1"):
        build_objective(Choice(id="simclr", temperature=-0.1), Facts(8, 0, 100, 16))


def limited_by_samples(kind: type[Objective]) -> list[str]:
    """The settings that may be at most the number of training samples."""
    return [bound.setting for bound in kind.spec.needs.bounds if bound.at_most == "samples"]


@pytest.mark.parametrize("kind", [*filter(limited_by_samples, OBJECTIVES)], ids=lambda kind: kind.spec.id)
def test_a_setting_beyond_the_data_is_refused_when_the_data_are_read(kind: type[Objective]) -> None:
    by_samples = limited_by_samples(kind)
    choice = Choice(id=kind.spec.id, **dict.fromkeys(by_samples, 50))
    with pytest.raises(RecipeError, match=rf"objective\.{by_samples[0]}: 50 is too much: at most 49,"):
        build_objective(choice, Facts(8, CLASSES, 49, 16))


def test_the_default_recipe_names_objectives_that_exist() -> None:
    for kind in OBJECTIVES:
        assert isinstance(build_objective(Choice(id=kind.spec.id), Facts(8, CLASSES, 10_000, 256)), kind)


def tried(kind: type[Objective]) -> tuple[Objective, Backbone, Views]:
    """An objective after a step, in evaluation mode, and a batch that it has seen."""
    objective, backbone = make_learner(kind, SAMPLES)
    views = make_views(kind.spec.needs, SAMPLES)
    look_first(objective, backbone, views)
    objective(views, backbone)
    objective.after_step(backbone, 0.5)
    return objective.eval(), backbone.eval(), views


@each
def test_the_losses_of_the_samples_have_the_loss_as_their_mean_or_the_objective_says_why_not(
    kind: type[Objective],
) -> None:
    objective, backbone, views = tried(kind)
    step = objective(views, backbone)
    assert (step.per_sample is None) == bool(objective.no_sample_loss)
    if step.per_sample is None:
        return
    assert step.per_sample.shape == (SAMPLES,)
    assert not step.per_sample.requires_grad
    assert step.per_sample.dtype == torch.float32
    known = step.per_sample[~step.per_sample.isnan()]
    assert len(known) >= SAMPLES // 2  # some pairs of tiles have no position
    assert known.isfinite().all()
    torch.testing.assert_close(known.mean(), step.loss.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ALONE, ids=[kind.spec.id for kind in ALONE])
def test_the_loss_of_a_sample_that_meets_no_other_does_not_depend_on_the_batch(kind: type[Objective]) -> None:
    objective, backbone, views = tried(kind)
    few = Views(
        {"A": tuple(view[:16] for view in views.inputs)},
        views.index[:16],
        None if views.labels is None else views.labels[:16],
        {name: target[:, :16] for name, target in views.targets.items()},
    )
    losses = []
    for given in (views, few):
        torch.manual_seed(7)  # an objective may draw noise
        losses.append(objective(given, backbone).per_sample[:16])
    torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-6, equal_nan=True)


@each
def test_an_objective_that_keeps_something_of_every_picture_says_so(kind: type[Objective]) -> None:
    objective, _ = make_learner(kind, SAMPLES)
    of_all = [name for name, tensor in objective.state_dict().items() if objective.facts.samples in tensor.shape]
    assert bool(of_all) == kind.by_picture
