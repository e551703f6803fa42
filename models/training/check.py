#!/usr/bin/env python3
"""Checks what the training of the detectors relies on: the fast gradients of a depthwise convolution are those of PyTorch, the two
ways of writing the channel shuffle agree, the same seed gives the same weights, and so does a round that is stopped and taken up again.

    check.py
"""

import shutil
import sys
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F

MODELS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(MODELS))

from people_nanodet_plus.model import shuffled  # noqa: E402
from people_nanodet_plus.train import DETECTOR  # noqa: E402
from training import people_data as data  # noqa: E402
from training.depthwise import Depthwise  # noqa: E402
from training.rounds import Round, Settings, Training  # noqa: E402
from training.seeds import seed_all  # noqa: E402

SETTINGS = Settings(rounds=(Round(((64, (0.5, 1.0), 32),), batch=4, bfloat16=True),))
STEPS, STOP = 4, 2


def check_depthwise():
    """Filters of one, two and three parts; sizes that are odd, even, and smaller than the filter; both strides."""
    for channels, height, width, kernel, stride in ((8, 9, 11, 3, 1), (8, 10, 8, 3, 2), (8, 9, 7, 5, 2), (24, 20, 20, 5, 1), (8, 3, 3, 5, 1), (8, 12, 12, 7, 1)):
        layer = Depthwise(channels, kernel, stride).train()
        x = torch.randn(2, channels, height, width).contiguous(memory_format=torch.channels_last).requires_grad_()
        seed = torch.randn(layer(x).shape)
        fast = torch.autograd.grad(layer(x), (x, layer.weight), seed)
        plain = torch.autograd.grad(F.conv2d(x, layer.weight, None, stride, kernel // 2, 1, channels), (x, layer.weight), seed)
        for mine, theirs, what in zip(fast, plain, ("input", "weights")):
            assert torch.allclose(mine, theirs, rtol=1e-4, atol=1e-4), f"depthwise {kernel}x{kernel}, stride {stride}: another gradient of the {what}"


def check_shuffle():
    x = torch.randn(2, 12, 3, 5)
    assert torch.equal(shuffled(x, True), shuffled(x, False)), "the channel shuffle of training is not that of the exported model"


def weights(pictures, truth, stop):
    """The averaged weights after STEPS steps; with `stop`, kept in a file on the way and taken up again from it."""
    seed_all(SETTINGS.seed)
    (side, scales), training = SETTINGS.rounds[0].plan(1.0)[0], Training(DETECTOR, DETECTOR.build(), SETTINGS, 0)
    for step in range(STEPS):
        if stop and step == STOP:
            with tempfile.TemporaryDirectory() as folder:
                training.keep(Path(folder) / "state.pt")
                training = Training(DETECTOR, DETECTOR.build(), SETTINGS, 0)
                training.take_up(Path(folder) / "state.pt")
        training.learn(*training.batch(pictures, truth, side, scales), side, 1e-3, 0.5)
    return training.average.model.state_dict()


def check_seed():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(MODELS / "scenes" / "samples" / "people", folder, dirs_exist_ok=True)
        pictures, truth = data.read_folder(folder)
    once, again, stopped = (weights(pictures, truth, stop) for stop in (False, False, True))
    for name, value in once.items():
        assert torch.equal(value, again[name]), f"the same seed gives other weights: {name}"
        assert torch.equal(value, stopped[name]), f"a round that was taken up again gives other weights: {name}"


if __name__ == "__main__":
    for check in (check_depthwise, check_shuffle, check_seed):
        check()
        print(f"{check.__name__.removeprefix('check_')}: as promised")
