#!/usr/bin/env python3
"""NanoDet-Plus at about half of its width, trained from nothing to find bodies, faces and hands of cartoon people."""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from people_nanodet_plus.assign import points_of  # noqa: E402
from people_nanodet_plus.loss import losses  # noqa: E402
from people_nanodet_plus.model import NanoDetPlus  # noqa: E402
from training import people_data as data  # noqa: E402
from training.detector import Detector, run  # noqa: E402
from training.rounds import Round, Settings  # noqa: E402

MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)  # blue, green, red
CLASSES = ("body", "face", "hand")
GUIDED = 0.25  # the part of the first round in which distance and level still help to assign


def prepare(taken):
    """(value - mean) / std of bytes batch x h x w x 3 (RGB), as a float tensor batch x 3 x h x w."""
    value = torch.from_numpy(np.ascontiguousarray(taken[..., ::-1])).float()
    return value.sub_(torch.tensor(MEAN)).div_(torch.tensor(STD)).permute(0, 3, 1, 2)


def loss(output, rows, there, side, done):
    centres, strides = points_of(side)
    labels = rows[..., data.CATEGORY].long()
    return losses(output, len(CLASSES), centres, strides, rows[..., data.BOX], labels, there, rows[..., data.IGNORE] > 0,
                  max(0.0, 1 - done / GUIDED))[0]


DETECTOR = Detector(
    name="people_nanodet_plus", about=__doc__, build=lambda: NanoDetPlus(len(CLASSES)), prepare=prepare, loss=loss, outputs=("output",),
    task={"task": "nanodet_plus", "preprocess": {"fit": "letterbox", "filter": "bilinear", "order": "bgr", "mean": list(MEAN), "std": list(STD)},
          "labels": list(CLASSES), "score": 0.4, "iou": 0.5})
SETTINGS = Settings(rounds=(
    Round(((192, (0.6, 1.1), 14000), (256, (0.7, 1.2), 10000), (320, (0.85, 1.15), 6000)), batch=8, rate=1.5e-3),
    Round(((224, (0.75, 1.2), 11000), (320, (0.9, 1.15), 3000)), batch=8, rate=1.5e-3),
    Round(((224, (0.75, 1.3), 48000), (320, (0.85, 1.25), 14000)), cooling=24000, pictures=9000, bfloat16=True)))

if __name__ == "__main__":
    run(DETECTOR, SETTINGS)
