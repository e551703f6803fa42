"""Who gets which random numbers. A picture is told by (set, split, seed, index) and by nothing else, so pictures can be drawn in
any order and by any number of workers, and two splits never share one."""

import numpy as np

SETS = {"signs": 1, "people": 2}
SPLITS = {"train": 1, "held-out": 2, "calibration": 3, "samples": 4}


def generator(set_name, split, seed, index):
    """The numpy Generator of one picture."""
    return np.random.default_rng([SETS[set_name], SPLITS[split], seed, index])
