"""One seed for everything that is random in a training."""

import random

import numpy as np
import torch


def seed_all(seed, threads=1):
    """Seeds Python, numpy and PyTorch, asks for deterministic kernels, and fixes the number of threads (sums depend on it)."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # finds reads of unset memory; costs time
    torch.set_num_threads(threads)
