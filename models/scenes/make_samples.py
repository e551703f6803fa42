#!/usr/bin/env python3
"""Draws what is committed of each set: 24 sample pictures with their truth, and a tar of 64 pictures for calibration.

    make_samples.py [signs] [people]

samples/SET/ is `draw.py SET --split samples --seed 0 --count 24`; calibration/SET.tar holds the first 64 pictures of
`draw.py SET --split calibration --seed 0`. Run again, it writes the same bytes.
"""

import importlib
import sys
import tempfile
from pathlib import Path

from files import write_tar
from splits import SETS

HERE = Path(__file__).resolve().parent
SAMPLES, CALIBRATION = 24, 64


def make(name):
    """Writes samples and calibration tar of a set."""
    drawn = importlib.import_module(name)
    samples = HERE / "samples" / name
    samples.mkdir(parents=True, exist_ok=True)
    for old in samples.iterdir():
        old.unlink()
    drawn.write(samples, SAMPLES, 0, "samples", 1)
    (HERE / "calibration").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        drawn.write(Path(folder), CALIBRATION, 0, "calibration", 1)
        write_tar(HERE / "calibration" / f"{name}.tar", [(path.name, path.read_bytes()) for path in sorted(Path(folder).glob("*.jpg"))])


if __name__ == "__main__":
    for chosen in sys.argv[1:] or SETS:
        make(chosen)
        print(f"{chosen}: samples and calibration tar written")
