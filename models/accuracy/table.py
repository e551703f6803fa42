#!/usr/bin/env python3
"""Measures every model that ships, float, statically quantized by ONNX Runtime, and quantized by Quern, and writes the table of
docs/accuracy.md. All of them are run by ONNX Runtime, so that the columns differ by the quantizer alone.

    table.py --quern build/release/quern --signs-held-out DIR --signs-calibration DIR [--people-held-out DIR --people-calibration DIR]

The folders are what models/scenes/draw.py writes (held-out: 1000 pictures, calibration: 256). A task is measured by a module with
`METRICS` (name -> function of scores, a row each), `inputs_of(folder, record, width, height, limit)` and `scores(session, tensors, truth)`,
where scores can be indexed by an array of picture numbers; MEASURES says which set and module belong to a task.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

import classification
import detection
import ort
import quern
from inputs import MODELS, shipped

MEASURES = {"classify": ("signs", classification), "nanodet_plus": ("people", detection.NANODET),
            "face_det_lite": ("people", detection.FACES)}
CALIBRATION_PICTURES = 256
DRAWS = 2000  # of the bootstrap
PAGE = MODELS.parent / "docs" / "accuracy.md"
BEGIN, END = "<!-- table: begin, written by models/accuracy/table.py -->", "<!-- table: end -->"


def bootstrap(values, metric, seed=0):
    """The 95 % interval of a metric over pictures drawn with replacement. values: one array of scores, or two that are paired."""
    rng = np.random.default_rng(seed)
    count = len(values[0])
    drawn = []
    for _ in range(DRAWS):
        chosen = rng.integers(0, count, count)
        parts = [metric(array[chosen]) for array in values]
        drawn.append(parts[0] if len(parts) == 1 else parts[1] - parts[0])
    return np.percentile(drawn, [2.5, 97.5])


def measure(model, held_out, calibration, module, program):
    """Scores by column: float, each of ONNX Runtime's quantizations, and Quern's."""
    record = model.task["preprocess"]
    session = ort.session(model.onnx)
    height, width = session.get_inputs()[0].shape[2:]
    tensors, truth = module.inputs_of(held_out, record, width, height)
    found = {"float": module.scores(session, tensors, truth)}
    feed, _ = module.inputs_of(calibration, record, width, height, CALIBRATION_PICTURES)
    with tempfile.TemporaryDirectory() as folder:
        for name, per_channel in ort.QUANTIZERS.items():
            out = ort.quantized(model.onnx, feed, per_channel, Path(folder) / f"{name}.onnx")
            found[name] = module.scores(ort.session(out), tensors, truth)
        out = quern.quantized(program, model, calibration, CALIBRATION_PICTURES, Path(folder) / "quern.onnx")
        found["quern"] = module.scores(ort.session(out), tensors, truth)
    return found


def row(model, found, name, metric):
    """One line of the table: a metric of a model."""
    cells = []
    for column, scores in found.items():
        low, high = bootstrap([scores], metric)
        text = f"{metric(scores):.1f} ({low:.1f} to {high:.1f})"
        if column != "float":
            low, high = bootstrap([found["float"], scores], metric)
            text += f"; {metric(scores) - metric(found['float']):+.1f} ({low:+.1f} to {high:+.1f})"
        cells.append(text)
    return f"| {model.name} | {name} | {len(found['float'])} | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("signs", "people"):
        parser.add_argument(f"--{name}-held-out", type=Path)
        parser.add_argument(f"--{name}-calibration", type=Path)
    parser.add_argument("--quern", type=Path, default=MODELS.parent / "build/release/quern", help="the program")
    parser.add_argument("--write", action="store_true", help="put the table into docs/accuracy.md, not only on stdout")
    folders = vars(parser.parse_args())
    lines = ["| model | metric | n | float | ORT per-tensor; change | ORT per-channel; change | Quern; change |", "|---|---|---|---|---|---|---|"]
    for model in shipped():
        name, module = MEASURES.get(model.task["task"], (None, None))
        if module is None or folders[f"{name}_held_out"] is None:
            print(f"table: {model.name} is left out: task '{model.task['task']}' has no measure or no folder", file=sys.stderr)
            continue
        found = measure(model, folders[f"{name}_held_out"], folders[f"{name}_calibration"], module, folders["quern"])
        for metric_name, metric in module.METRICS.items():
            lines.append(row(model, found, metric_name, metric))
            print(lines[-1], file=sys.stderr)
    print("\n".join(lines))
    if folders["write"]:
        text = PAGE.read_text()
        head, tail = text.split(BEGIN)[0], text.split(END)[1]
        PAGE.write_text(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + tail)


if __name__ == "__main__":
    main()
