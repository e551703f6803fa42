#!/usr/bin/env python3
"""Draws pictures of a set with their truth: JPEGs, and `truth.txt` (signs) or `truth.json` in COCO's form (people).

    draw.py signs --count 1000 --seed 0 --split held-out --out DIR
    draw.py people --count 1000 --seed 0 --split held-out --out DIR

The same set, split, seed and index give the same picture; splits never share one. Each set is a module of its name with
`write(out, count, seed, split, workers)`.
"""

import argparse
import importlib
from pathlib import Path

from splits import SETS, SPLITS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--count", type=int, required=True, help="number of pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=SPLITS, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder, made if it is not there")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw at once")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    drawn = importlib.import_module(arguments.set)
    drawn.write(arguments.out, arguments.count, arguments.seed, arguments.split, arguments.workers)
    print(f"{arguments.count} pictures of {arguments.set}, split {arguments.split}, seed {arguments.seed}: {arguments.out}")


if __name__ == "__main__":
    main()
