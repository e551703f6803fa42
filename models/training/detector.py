"""The training of a people detector from the command line: its rounds, then its accuracy, its files and its card."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training import people_data as data
from training.card import write_card, write_task
from training.detections import IOU, MOST, SCORE, detect
from training.export import export_onnx, largest_difference, save_checkpoint
from training.letterbox import letterbox
from training.mean_ap import coco, half, matched
from training.rounds import trained
from training.seeds import seed_all


@dataclass(frozen=True)
class Detector:
    """What is particular to a detector: how bytes (batch x side x side x 3, RGB) become its input, its loss
    (output, truth, there, side, rounds done), its outputs' names, and its task record."""

    name: str
    about: str
    build: object
    prepare: object
    loss: object
    outputs: tuple
    task: dict


def arguments(about):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--train", type=Path, required=True, help="folder of draw.py people --count 9000 --split train --seed 1")
    parser.add_argument("--held-out", type=Path, required=True, help="folder of draw.py people --count 1000 --split held-out")
    parser.add_argument("--out", type=Path, default=None, help="folder to write to; default: beside this script")
    parser.add_argument("--threads", type=int, default=1, help="another number gives other rounding, so another model")
    parser.add_argument("--start", type=Path, default=None, help="checkpoint of the round before --round, to go on from")
    parser.add_argument("--round", type=int, default=1, help="first round to run, from 1")
    parser.add_argument("--state", type=Path, default=None, help="file that keeps a training every 100 steps; if it is there, the training goes on from it")
    parser.add_argument("--scale", type=float, default=1.0, help="shorter trials: 0.1 is a tenth of the training")
    return parser.parse_args()


@torch.no_grad()
def found_in(detector, model, folder, told, limit=None):
    """The boxes a model finds in a folder's pictures, one array a picture, in the picture's own pixels."""
    model.eval()
    found = []
    for image in told["images"][:limit]:
        with Image.open(folder / image["file_name"]) as picture:
            fitted, geometry = letterbox(picture, data.FRAME, data.FRAME)
        outputs = model(detector.prepare(fitted[None]))
        outputs = [outputs] if torch.is_tensor(outputs) else outputs
        found.append(detect(detector.task["task"], [out[0].numpy() for out in outputs], geometry, data.FRAME, data.FRAME))
    return found


def run(detector, settings):
    """A whole training from the command line: train, measure, write the files of a model."""
    told = arguments(detector.about)
    seed_all(settings.seed, told.threads)
    pictures, truth = data.read_folder(told.train, max(one.pictures for one in settings.rounds))
    model, minutes = trained(detector, settings, told, pictures, truth)
    model = model.to(memory_format=torch.contiguous_format)
    name, out = detector.name, told.out or Path(__file__).resolve().parent.parent / detector.name
    out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(model, out / f"{name}.pt")
    example = detector.prepare(np.stack(pictures[:8]))
    export_onnx(model, example[:2], out / f"{name}.onnx", ["input"], list(detector.outputs))
    difference = largest_difference(model, out / f"{name}.onnx", example.contiguous())
    held_out = json.loads((told.held_out / "truth.json").read_text())
    result = matched(held_out, found_in(detector, model, told.held_out, held_out), detector.task["labels"])
    write_task(out / "task.json", **detector.task)
    card(detector, settings, model, out, result, difference, minutes, told.round)
    print(f"{name}: mAP@0.5 {half(result):.4f}, mAP@[.5:.95] {coco(result):.4f}, n = {len(result)}; CPU {minutes:.1f} minutes; ONNX {difference}")


def trained_how(settings, first, minutes):
    """One line: the windows of every round, and what the rounds from `first` on cost."""
    windows = " + ".join(f"{one.windows():,}" for one in settings.rounds)
    which = "" if first == 1 else f" for round {first}" if first == len(settings.rounds) else f" from round {first} on"
    return f"{windows} windows, {minutes:.0f} minutes of one CPU core{which}; PyTorch {torch.__version__.split('+')[0]}"


def card(detector, settings, model, out, result, difference, minutes, first):
    """MODEL.md."""
    name, task, count = detector.name, detector.task["task"], max(one.pictures for one in settings.rounds)
    classes = [f"{label} {100 * one[0]:.1f} / {100 * np.mean(one):.1f}" for label, one in zip(detector.task["labels"], result.precision())]
    write_card(out / "MODEL.md", name, detector.about, [
        ("task", f"`{task}`: {', '.join(detector.task['labels'])}; {data.FRAME}x{data.FRAME}"),
        ("data", f"{count} pictures drawn by `models/scenes/draw.py people --split train --seed 1`"),
        ("parameters", f"{sum(p.numel() for p in model.parameters()):,}"),
        ("size", f"ONNX {(out / f'{name}.onnx').stat().st_size:,} bytes, checkpoint {(out / f'{name}.pt').stat().st_size:,} bytes"),
        ("mAP@0.5", f"{100 * half(result):.1f} % on n = {len(result)} held-out pictures (`--split held-out --seed 0`), PyTorch, pycocotools"),
        ("mAP@[.5:.95]", f"{100 * coco(result):.1f} %"),
        ("by class, @0.5 / @[.5:.95]", "; ".join(classes)),
        ("measured with", f"score > {SCORE}, NMS {IOU[task]}, at most {MOST} boxes a picture; objects with `iscrowd` 1 are ignored. `task.json` has the everyday thresholds"),
        ("ONNX Runtime", "not measured" if difference is None else f"largest difference of an output {difference:.1e}, 8 pictures"),
        ("seed", settings.seed),
        ("training", trained_how(settings, first, minutes)),
        ("licence", "ours: the project's own, for weights and pictures alike"),
    ])
