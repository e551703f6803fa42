#!/usr/bin/env python3
"""NanoDet-Plus at about half of its width, trained from nothing to find bodies, faces and hands of cartoon people."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from people_nanodet_plus.assign import points_of  # noqa: E402
from people_nanodet_plus.loss import losses  # noqa: E402
from people_nanodet_plus.model import NanoDetPlus  # noqa: E402
from training import people_data as data  # noqa: E402
from training.augment import normalised  # noqa: E402
from training.detector import Detector, Settings, run  # noqa: E402

MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)  # blue, green, red
CLASSES = ("body", "face", "hand")
GUIDED = 0.25  # the part of the first round in which distance and level still help to assign


def prepare(taken):
    return normalised(taken[..., ::-1], MEAN, STD)


def loss(output, rows, there, side, done):
    centres, strides = points_of(side)
    labels = rows[..., data.CATEGORY].long()
    return losses(output, len(CLASSES), centres, strides, rows[..., data.BOX], labels, there, rows[..., data.IGNORE] > 0,
                  max(0.0, 1 - done / GUIDED))[0]


DETECTOR = Detector(
    name="people_nanodet_plus", about=__doc__, build=lambda: NanoDetPlus(len(CLASSES)), prepare=prepare, loss=loss, outputs=("output",),
    task={"task": "nanodet_plus", "preprocess": {"fit": "letterbox", "filter": "bilinear", "order": "bgr", "mean": list(MEAN), "std": list(STD)},
          "labels": list(CLASSES), "score": 0.4, "iou": 0.5})
SETTINGS = Settings(rounds=(((192, (0.6, 1.1), 14000), (256, (0.7, 1.2), 10000), (320, (0.85, 1.15), 6000)),
                            ((224, (0.75, 1.2), 11000), (320, (0.9, 1.15), 3000))), batch=8, rate=1.5e-3)

if __name__ == "__main__":
    run(DETECTOR, SETTINGS)
