#!/usr/bin/env python3
"""SqueezeNet 1.1 at 0.45 of its width, trained from nothing to name the drawn signs: Fire modules, each a concatenation."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from signs_squeezenet.model import SqueezeNet  # noqa: E402
from training.classify import Settings, run  # noqa: E402
from training.schedule import Cycle  # noqa: E402

SETTINGS = Settings(cycles=(Cycle(((64, 10), (128, 3))),))

if __name__ == "__main__":
    run("signs_squeezenet", __doc__, lambda classes: SqueezeNet(classes, width=0.45), SETTINGS)
