"""The recipe: everything that decides a run.

Sections that name a contribution (data, views' operations, backbone, objective, optimiser) hold its `id` and its own
settings beside it; those settings are checked against the contribution's published schema (`recipes.check`).
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field

from workbench.core.model import Model, setting

SCHEMA = 1


class Choice(Model):
    """A contribution by id, with its settings beside it: `id = "simclr"`, `temperature = 0.2`."""

    model_config = ConfigDict(frozen=True, extra="allow")
    id: str = setting(..., "Id", "which contribution")

    @property
    def params(self) -> dict[str, Any]:
        """The settings, without the id."""
        return dict(self.model_extra or {})

    def with_params(self, **params: Any) -> Self:
        """A copy with some settings changed or added."""
        return type(self)(id=self.id, **{**self.params, **params})


class Branch(Model):
    """One way of making views: `count` views of every sample, each through the operations in order.

    Multi-crop is two branches of different sizes; an asymmetric pair is two branches of one view each.
    """

    name: str = setting("A", "Name", "how this branch is called")
    count: int = setting(1, "Views", "how many views of a sample this branch makes", ge=1, le=16)
    size: int = setting(0, "Size", "side of this branch's views; 0 takes the pipeline's", unit="px", ge=0, le=1024)
    like: str = setting("", "Same as", "take the operations of the branch of this name, with random numbers of its own")
    ops: tuple[Choice, ...] = setting((), "Operations", "applied in this order, each with its probability `p`")


class Views(Model):
    """What turns samples into what the objective sees."""

    preset: str = setting("", "Preset", "the preset these branches came from; informative")
    size: int = setting(0, "Size", "side of a view; 0 keeps the data set's", unit="px", ge=0, le=1024)
    strength: float = setting(
        1.0, "Strength", "scales every distortion: 0 changes nothing, 1 is as stated, 2 twice as strong", ge=0, le=2
    )
    branches: tuple[Branch, ...] = setting((Branch(),), "Branches", "one, or two for asymmetric pairs", min_length=1)

    @property
    def count(self) -> int:
        """How many views of a sample there are in all."""
        return sum(branch.count for branch in self.branches)

    def ops_of(self, branch: Branch) -> tuple[Choice, ...]:
        """The operations of a branch, its own or those of the branch that it is like."""
        model = next((other for other in self.branches if other.name == branch.like), None) if branch.like else branch
        return model.ops if model is not None else ()


class Schedule(Model):
    """The learning rate over the run."""

    shape: Literal["cosine", "constant"] = setting("cosine", "Shape", "how the learning rate falls after warm-up")
    warmup: float = setting(
        0.05, "Warm-up", "share of the run in which the learning rate rises linearly from 0", ge=0, lt=1
    )
    final: float = setting(0.0, "Final", "learning rate at the end, as a share of the peak", ge=0, le=1, advanced=True)


class Budget(Model):
    """How long to train."""

    unit: Literal["epochs", "steps", "seconds"] = setting("epochs", "Unit", "what the budget counts")
    amount: float = setting(10, "Amount", "how many epochs, optimiser steps or seconds of training", gt=0)


class Training(Model):
    """The optimisation loop."""

    batch_size: int = setting(256, "Batch size", "samples in one optimiser step", unit="samples", ge=1, le=65536)
    samples: int = setting(
        0,
        "Samples",
        "learn from a seeded draw of so many training samples; 0 takes all",
        unit="samples",
        ge=0,
        advanced=True,
    )
    labels: int = setting(
        0,
        "Labels",
        "so many labels, drawn by class; the objective sees no others, evaluation sees all. 0 hides none",
        unit="samples",
        ge=0,
    )
    labelled_share: float = setting(
        0.0,
        "Labelled share",
        "share of each batch that is drawn from the labelled samples where some labels are hidden; 0 draws from all",
        ge=0,
        le=1,
    )
    clip_norm: float = setting(0.0, "Gradient clipping", "largest gradient norm; 0 does not clip", ge=0, advanced=True)
    on_alarm: Literal["tell", "pause"] = setting(
        "tell", "On an alarm", "collapse or divergence is always told; pause also waits for Resume or Stop"
    )


class Evaluation(Model):
    """What is measured while training, with all labels of the data, those that `training.labels` hides too."""

    every_epochs: float = setting(1.0, "Every", "how often the online kNN runs; 0 only at the end", unit="epochs", ge=0)
    k: int = setting(20, "k", "neighbours that vote", ge=1, le=1000)
    temperature: float = setting(
        0.1, "Temperature", "softness of the votes: weight exp(similarity / T)", gt=0, le=10, log=True
    )
    bank: int = setting(
        5000, "Bank", "training samples whose labels may vote while training; 0 takes all", unit="samples", ge=0
    )
    test: int = setting(1000, "Test", "test samples to classify; 0 takes all", unit="samples", ge=0)


class Checkpoints(Model):
    """What is kept on disk."""

    every_epochs: float = setting(1.0, "Every", "how often a checkpoint is written", unit="epochs", gt=0)
    keep: int = setting(5, "Keep", "how many checkpoints are kept, newest and evenly spaced; 0 keeps all", ge=0)
    embed: bool = setting(True, "Embed", "write the embedding of the test split at the end of the run")
    figures: bool = setting(
        True, "Figures", "keep what shows the objective at work, all along the run; costs at most 1 % of the time"
    )


class Hardware(Model):
    """Wishes about the machine; "auto" and 0 are filled in when the recipe is resolved."""

    device: Literal["auto", "cpu", "cuda", "mps"] = setting("auto", "Device", "where to train")
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = setting(
        "auto", "Precision", "mixed precision where the device has it"
    )
    threads: int = setting(0, "Threads", "CPU threads; 0 takes one for each core", ge=0, le=1024)


class Recipe(Model):
    """Everything that decides a run."""

    schema_: int = Field(SCHEMA, alias="schema", title="Schema", description="version of the recipe's format", ge=1)
    name: str = setting("", "Name", "what the run is called", max_length=120)
    seed: int = setting(0, "Seed", "decides every random number of the run", ge=0, lt=2**31)
    data: Choice = Choice(id="fashion-mnist-10k")
    views: Views = Views()
    backbone: Choice = Choice(id="tiny_cnn")
    objective: Choice = Choice(id="simclr")
    optimiser: Choice = Choice(id="sgd")
    schedule: Schedule = Schedule()
    budget: Budget = Budget()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    checkpoints: Checkpoints = Checkpoints()
    hardware: Hardware = Hardware()

    model_config = ConfigDict(populate_by_name=True)

    def document(self) -> dict[str, Any]:
        """The recipe as plain containers, keys as in TOML."""
        return self.model_dump(mode="json", by_alias=True)
