"""The learning rate over a training, and which weights are kept small."""

import math
from dataclasses import dataclass

from torch import nn


def warm_cosine(step, steps, warm):
    """A factor of the learning rate: a line up for `warm` steps, then half a cosine down to 1 % at `steps`."""
    if step < warm:
        return (step + 1) / warm
    part = (step - warm) / max(1, steps - warm)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, part)))


def rate_factor(step, steps, cooling):
    """A factor of the learning rate, after 150 steps of warming up: half a cosine, or, with `cooling`, 1 until that many steps are left,
    then a line down to 1 %. The second does not depend on `steps` before that, so a training can be made longer while it runs."""
    if cooling == 0:
        return warm_cosine(step, steps, min(150, steps // 10 + 1))
    return min((step + 1) / 150, max(0.01, min(1.0, (steps - step) / cooling)))


def parameter_groups(model, decay):
    """Weight decay on the weights of dense convolutions and of linear layers only: neither on BatchNorm, nor on biases, nor on
    depthwise filters, each of which has 9 weights and no redundancy to remove."""
    kept, free = [], []
    for module in model.modules():
        dense = isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
        for name, parameter in module.named_parameters(recurse=False):
            (kept if dense and name == "weight" else free).append(parameter)
    return [{"params": kept, "weight_decay": decay}, {"params": free, "weight_decay": 0.0}]


@dataclass(frozen=True)
class Cycle:
    """One run of the learning rate up to `rate` and down again (warm restarts: Loshchilov and Hutter, 2017). `phases` are (side in
    pixels, epochs): small sides first, since they are cheap; a side below the pictures' own shows windows round the sign."""

    phases: tuple
    rate: float = 3e-3

    def sides(self, scale):
        """The side of every epoch, in order; scale shortens a trial."""
        return [side for side, epochs in self.phases for _ in range(max(1, round(epochs * scale)))]


def sides_of(cycles, scale):
    """The side of every epoch of all cycles, in order."""
    return [side for cycle in cycles for side in cycle.sides(scale)]


def rate_at(cycles, scale, batches):
    """The learning rate as a function of the step; batches is the steps of an epoch."""
    lengths = [len(cycle.sides(scale)) * batches for cycle in cycles]

    def rate(step):
        for cycle, length in zip(cycles, lengths):
            if step < length:
                return cycle.rate * warm_cosine(step, length, min(200, length // 10 + 1))
            step -= length
        return 0.0
    return rate
