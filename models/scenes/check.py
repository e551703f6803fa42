#!/usr/bin/env python3
"""Checks what the sets promise, for signs and people: a picture depends on (set, split, seed, index) alone, no two pictures of any
split are the same, and what is committed is what make_samples.py draws. Takes a minute; run it after every change of a generator.

    check.py [signs] [people]
"""

import hashlib
import importlib
import sys
import tarfile
import tempfile
from pathlib import Path

from make_samples import CALIBRATION, HERE, SAMPLES
from splits import SETS, SPLITS

COUNT = 48


def drawn(module, split, seed, count, workers):
    """Name and digest of every file that a split's first pictures make, the truth among them."""
    with tempfile.TemporaryDirectory() as folder:
        module.write(Path(folder), count, seed, split, workers)
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(folder).iterdir())}


def pictures(files):
    return {name: digest for name, digest in files.items() if name.endswith(".jpg")}


def check(name):
    """Raises AssertionError with a sentence where a promise is broken."""
    module = importlib.import_module(name)
    seen = {}
    for split in SPLITS:
        files = drawn(module, split, 0, COUNT, 1)
        assert files == drawn(module, split, 0, COUNT, 2), f"{name}, {split}: two workers draw other pictures than one"
        shorter = pictures(drawn(module, split, 0, COUNT // 2, 1))
        assert shorter == dict(list(pictures(files).items())[:COUNT // 2]), f"{name}, {split}: a picture depends on how many are drawn"
        for seed, found in ((0, files), (1, drawn(module, split, 1, COUNT, 2))):
            for picture, digest in pictures(found).items():
                place = f"{split}, seed {seed}, {picture}"
                assert digest not in seen, f"{name}: {place} is the picture {seen[digest]}"
                seen[digest] = place
    committed = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((HERE / "samples" / name).iterdir())}
    assert committed == drawn(module, "samples", 0, SAMPLES, 1), f"{name}: samples/{name} is not what make_samples.py draws"
    with tarfile.open(HERE / "calibration" / f"{name}.tar") as tar:
        held = {entry.name: hashlib.sha256(tar.extractfile(entry).read()).hexdigest() for entry in tar}
    assert held == pictures(drawn(module, "calibration", 0, CALIBRATION, 1)), f"{name}: the calibration tar is not what is drawn"


if __name__ == "__main__":
    for chosen in sys.argv[1:] or SETS:
        check(chosen)
        print(f"{chosen}: every promise kept")
