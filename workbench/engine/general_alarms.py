"""The alarms that every objective has. Those of one objective stand in its spec."""

from __future__ import annotations

from workbench.plugins.specs import Advice, AlarmSpec

KNN_GAIN = "knn_gain"
"""kNN accuracy less that of the encoder before training; judged, not written: both stand in the `evaluation` events."""

_RATE = Advice(setting="optimiser.lr", change="lower it by three to ten times")
_VIEWS = Advice(setting="views.branches", change="compare the operations with the objective's preset")

GENERAL = (
    AlarmSpec(
        id="features_alike",
        title="All features point the same way",
        metric="embedding_std",
        # 1 is isotropic. A random small_vit, whose features share a large offset, starts at 0.1 and leaves it with the
        # first epoch; a collapse falls below 0.01.
        below="0.02",
        after="100",
        patience=100,
        seen="The features of different pictures have nearly the same direction.",
        means="The representation has collapsed: it says the same of every picture, and no loss value will show it.",
        advice=(
            _RATE,
            Advice(setting="schedule.warmup", change="lengthen it to 0.1 of the run"),
            Advice(setting="objective.id", change="check what keeps it from collapsing: negatives, variance, balance"),
        ),
    ),
    AlarmSpec(
        id="one_dimension",
        title="The features lie on a line",
        metric="effective_rank",
        # 1 is the least there is. A common offset counts as one strong dimension, so that sound features of a
        # transformer may have but 2 or 3 at first.
        below="1.1",
        after="100",
        patience=100,
        seen="The effective rank of the features is nearly 1.",
        means="A single number is left of every picture; the other dimensions of the representation are empty.",
        advice=(
            _RATE,
            Advice(setting="optimiser.weight_decay", change="lower it, or set it to 0"),
            Advice(setting="training.batch_size", change="raise it, so that there is more to tell apart"),
        ),
    ),
    AlarmSpec(
        id="stuck_at_chance",
        title="The loss has not left chance",
        metric="loss",
        # Flat starts are common (DINO's first epochs, prototypes that are held), and losses against a queue rise before
        # they fall: half of the run and five passes over the data are past all that. 1 % is more than a batch's noise
        # when smoothed over 200 steps.
        above="chance - 0.01 * max(chance, -chance)",
        after="5 * steps_per_epoch",
        share=0.5,
        patience=200,
        seen="Half of the run is over, and the loss is still what a network that knows nothing would have.",
        means="Nothing is learned: the learning rate does not suit, or the task cannot be solved from these views.",
        advice=(
            Advice(setting="optimiser.lr", change="try three times higher and three times lower"),
            _VIEWS,
            Advice(setting="schedule.warmup", change="shorten it if most of the run is warm-up"),
        ),
    ),
    AlarmSpec(
        id="loss_out_of_range",
        title="The loss runs away",
        metric="loss",
        # At its start a loss is at chance. Even confident wrong answers seldom cost five times that for 50 steps; the
        # 1 is for objectives whose chance level is 0.
        above="5 * max(chance, -chance) + 1",
        patience=50,
        seen="The loss is more than five times what guessing costs, and stays there.",
        means="Training diverges: steps are too large, and what was learned is being lost.",
        advice=(
            _RATE,
            Advice(setting="training.clip_norm", change="set it to 1"),
            Advice(setting="schedule.warmup", change="lengthen it"),
        ),
    ),
    AlarmSpec(
        id="no_gradient",
        title="The gradient has vanished",
        metric="gradient_norm",
        # Sound runs end between 1e-3 and 10. Below 1e-7 float32 weights of ordinary size do not move at all.
        below="1e-7",
        patience=50,
        seen="The norm of the gradient is practically 0.",
        means="The weights no longer change. The objective is solved exactly, which a collapsed network does, or dead.",
        advice=(
            _RATE,
            _VIEWS,
            Advice(setting="hardware.precision", change="try 32-true: half precision may lose small gradients"),
        ),
    ),
    AlarmSpec(
        id="worse_than_untrained",
        title="The features get worse than untrained ones",
        metric=KNN_GAIN,
        # Two accuracies on the same n pictures differ by chance by at most 0.7 / sqrt(n), one standard deviation: twice
        # that and 2 points are no accident. A quarter of the run is left for what a pretext task gives up at first.
        below="-0.02 - 1.5 / sqrt(queries)",
        share=0.25,
        patience=1,
        seen="Three times in a row, kNN accuracy was clearly below that of the encoder before training.",
        means="The objective is learned at the cost of what tells pictures apart: a shortcut, or a partial collapse.",
        advice=(
            _VIEWS,
            _RATE,
            Advice(setting="budget.amount", change="train longer if the accuracy is rising"),
        ),
    ),
)
