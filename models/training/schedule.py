"""The learning rate over a training, and which weights are kept small."""

import math

from torch import nn


def warm_cosine(step, steps, warm):
    """A factor of the learning rate: a line up for `warm` steps, then half a cosine down to 1 % at `steps`."""
    if step < warm:
        return (step + 1) / warm
    part = (step - warm) / max(1, steps - warm)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, part)))


def parameter_groups(model, decay):
    """Weight decay on the weights of dense convolutions and of linear layers only: neither on BatchNorm, nor on biases, nor on
    depthwise filters, each of which has 9 weights and no redundancy to remove."""
    kept, free = [], []
    for module in model.modules():
        dense = isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
        for name, parameter in module.named_parameters(recurse=False):
            (kept if dense and name == "weight" else free).append(parameter)
    return [{"params": kept, "weight_decay": decay}, {"params": free, "weight_decay": 0.0}]
