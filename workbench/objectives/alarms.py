"""Alarms that several objectives share: what their own numbers say of a collapse. The engine adds those of every run.

Where a limit stands, the reason stands beside it. "Measured" means the preset at batch 64 on Fashion-MNIST.
"""

from __future__ import annotations

from workbench.plugins.specs import Advice, AlarmSpec

Change = tuple[str, str]
"""Key of a setting in the recipe, and what to do with it."""

LOWER_RATE: Change = ("optimiser.lr", "lower it by three to ten times")
LARGER_BATCH: Change = ("training.batch_size", "raise it")


def outputs_alike(*changes: Change) -> AlarmSpec:
    """The spread of normalised projections, `siamese.OUTPUT_STD`.

    1 is isotropic, and random networks start near 0.8. Measured, BYOL keeps 0.8 and falls below 0.3 in 40 steps without
    its predictor; twice the patience is left for what only dips.
    """
    return AlarmSpec(
        id="outputs_alike",
        title="The outputs collapse",
        metric="output_std",
        below="0.4",
        seen="The projections of different pictures point in nearly the same direction.",
        means="The network agrees with itself by saying the same of every picture. The falling loss is no progress.",
        advice=_advice(changes),
    )


def few_directions(*changes: Change, below: str = "2") -> AlarmSpec:
    """The dimensions over which projections vary, `siamese.OUTPUT_DIMENSIONS`.

    A batch normalisation keeps the spread, so that a collapse leaves one direction at least. Measured, SimSiam falls
    from 19 to 2.7 at its lowest and then rises, and to 1.5 without its stopped gradient. CPC takes 1.5 as its limit,
    since its tiles are often plain background: measured, it stays above 2.8, and falls to 1.3 with a rate of 0.1.
    """
    return AlarmSpec(
        id="few_directions",
        title="The outputs collapse onto a line",
        metric="output_dimensions",
        below=below,
        seen=f"The projections vary over fewer than {below} directions.",
        means="Nearly all that the network could say of a picture is lost, although the outputs still differ.",
        advice=_advice(changes),
    )


def projections_shrink(*changes: Change) -> AlarmSpec:
    """The spread of projections that a loss holds at 1, `statistics.PROJECTION_STD`.

    Random networks start near 0.3. Measured, VICReg stays above 0.28, and falls below 0.02 without its variance term.
    """
    return AlarmSpec(
        id="projections_shrink",
        title="The projections shrink to a point",
        metric="projection_std",
        below="0.1",
        seen="The standard deviation of the projections over the batch is nearly 0.",
        means="Views agree because all pictures get the same projection: a complete collapse.",
        advice=_advice(changes),
    )


def same_dimensions(*changes: Change) -> AlarmSpec:
    """The correlation of different dimensions, `statistics.OFF_DIAGONAL`.

    Measured, Barlow Twins stays below 0.3 and W-MSE below 0.5; 0.9 leaves next to nothing besides one direction.
    """
    return AlarmSpec(
        id="same_dimensions",
        title="All dimensions say the same",
        metric="off_diagonal",
        above="0.9",
        seen="Different dimensions of the projections are almost perfectly correlated.",
        means="The projections have collapsed onto a line: one number is left of every picture.",
        advice=_advice(changes),
    )


def prototypes_unused(metric: str, *changes: Change) -> AlarmSpec:
    """The entropy of the prototypes that pictures fall to, as a share of its maximum.

    Measured, SwAV stays above 0.39, and reaches 0 in 20 steps without Sinkhorn. A batch of 16 that falls evenly to 16
    of 256 prototypes has 0.5.
    """
    return AlarmSpec(
        id="prototypes_unused",
        title="One prototype takes all pictures",
        metric=metric,
        below="0.1",
        seen="Nearly all pictures fall to the same prototype.",
        means="The answer is known before the picture is seen, so that nothing about pictures is learned any more.",
        advice=_advice(changes),
    )


def assignments_alike(*changes: Change) -> AlarmSpec:
    """The entropy of a picture's balanced assignment, as a share of its maximum.

    Predicting equal assignments makes all scores equal, which makes assignments more equal still. Measured on CIFAR-10
    at batch 256, SwAV comes to rest at 0.84 with an epsilon of 0.02, and with 0.05 falls into that state within 70
    steps: 0.999, while the loss is that of guessing.
    """
    return AlarmSpec(
        id="assignments_alike",
        title="Every picture is assigned to all prototypes alike",
        metric="assignment_entropy",
        above="0.99",
        after="100",
        patience=100,
        seen="The assignments are nearly uniform over the prototypes.",
        means="There is nothing to predict in them, so that the loss rests at chance and features lose what they had.",
        advice=_advice(changes),
    )


def pairs_alike(*changes: Change) -> AlarmSpec:
    """The cosine of negatives, in every contrastive objective that logs it.

    The outputs of a random transformer may start above 0.95, and an epoch is enough to part them; so a batch, whose
    loss is at chance, is judged after that only.
    """
    return AlarmSpec(
        id="pairs_alike",
        title="Negatives are as close as positives",
        metric="negative_similarity",
        above="0.95",
        after="max(200, steps_per_epoch)",
        patience=100,
        seen="The projections of different pictures have a cosine of nearly 1.",
        means="Nothing is pushed apart: the projections have collapsed to one direction.",
        advice=_advice(changes),
    )


def queue_stale(*changes: Change) -> AlarmSpec:
    """The share of a momentum encoder that was replaced since the queue's keys were stored, `Queue.drift`.

    In MoCo's ablation of the momentum (He et al., CVPR 2020, section 4.1; a queue of 16 steps) training does not
    converge with 0, whose share is 0.94; it does with 0.9 (0.49), 4 points below 0.999 (0.01). Measured, the preset has
    0.26, and the ImageNet setting of 65536 keys, batches of 256 and 0.999 has 0.12.
    """
    return AlarmSpec(
        id="queue_stale",
        title="The queue is stale",
        metric="queue_drift",
        above="0.9",
        seen="Nearly all of the key encoder was replaced while its keys waited in the queue.",
        means="Old keys are those of another network: they are told from new ones by their age, not by their pictures.",
        advice=_advice(changes),
    )


def pictures_meet(*changes: Change) -> AlarmSpec:
    """The energy of negatives, their squared distance.

    Directions in space have 2 on average, and random networks start near 1.3. Measured, semi-hard negatives stay above
    1.3; the hardest alone let it fall to 0.04 in 150 steps, while the loss comes to rest at the margin.
    """
    return AlarmSpec(
        id="pictures_meet",
        title="Different pictures meet in one point",
        metric="negative_energy",
        below="0.1",
        seen="The projections of different pictures are hardly any distance apart.",
        means="Every picture gets the same projection: the loss rests at the margin, and nothing is pushed apart.",
        advice=_advice(changes),
    )


def targets_alike(*changes: Change) -> AlarmSpec:
    """The spread of a teacher's tokens that are to be predicted, 1 at most.

    Each token has variance 1 over its own numbers, so that tokens which differ at random have a spread of nearly 1.
    Measured, I-JEPA stays above 0.84, also where its teacher is not slow at all.
    """
    return AlarmSpec(
        id="targets_alike",
        title="The targets collapse",
        metric="target_spread",
        below="0.2",
        seen="The teacher says nearly the same of every patch of every picture.",
        means="What is to be predicted is known beforehand. The falling loss is no progress.",
        advice=_advice(changes),
    )


def teacher_flat(*changes: Change) -> AlarmSpec:
    """The entropy of a teacher's outputs, in nats.

    A centred teacher that says the same of every picture is uniform, as an untrained transformer's often is for the
    first epochs: the flat start. It must have left that when a quarter of the run and three epochs are over.
    """
    return AlarmSpec(
        id="teacher_flat",
        title="The teacher is undecided",
        metric="teacher_entropy",
        above="0.97 * log(prototypes)",
        after="3 * steps_per_epoch",
        share=0.25,
        patience=100,
        seen="The teacher spreads its output evenly over all prototypes, for every picture.",
        means="There is nothing to predict: the outputs have collapsed to the uniform distribution.",
        advice=_advice(changes),
    )


def teacher_peaked(*changes: Change) -> AlarmSpec:
    """The entropy of a teacher's outputs averaged over the batch, in nats.

    Measured, DINO stays above 0.75 log K. A batch of two pictures on prototypes of their own has log 2, which is
    0.1 log K for K = 1024.
    """
    return AlarmSpec(
        id="teacher_peaked",
        title="One prototype takes all pictures",
        metric="usage_entropy",
        below="0.05 * log(prototypes)",
        patience=100,
        seen="The teacher gives nearly all pictures to the same prototype.",
        means="The outputs have collapsed to one answer, which is known before the picture is seen.",
        advice=_advice(changes),
    )


def _advice(changes: tuple[Change, ...]) -> tuple[Advice, ...]:
    return tuple(Advice(setting=setting, change=change) for setting, change in changes)
