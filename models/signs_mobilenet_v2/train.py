#!/usr/bin/env python3
"""MobileNetV2 at half width, trained from nothing to name the drawn signs: depthwise layers, BatchNorm, ReLU6."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from signs_mobilenet_v2.model import MobileNetV2  # noqa: E402
from training.classify import Settings, run  # noqa: E402
from training.schedule import Cycle  # noqa: E402

SETTINGS = Settings(cycles=(Cycle(((64, 14), (128, 3))), Cycle(((128, 8),), 1.5e-3)))

if __name__ == "__main__":
    run("signs_mobilenet_v2", __doc__, lambda classes: MobileNetV2(classes, width=0.5, last=320), SETTINGS)
