"""The training of a people detector: windows of drawn pictures, AdamW, averaged weights, files and a card at the end."""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training import people_data as data
from training.average import Average
from training.card import write_card, write_task
from training.detections import IOU, MOST, SCORE, detect
from training.export import export_onnx, largest_difference, save_checkpoint
from training.letterbox import letterbox
from training.mean_ap import coco, half, matched
from training.schedule import parameter_groups, warm_cosine
from training.seeds import seed_all


@dataclass(frozen=True)
class Settings:
    """What a training is told. `rounds` are lists of phases, each with a learning rate that rises and falls and a new average; `phases`
    are (side of the window, range of scales, pictures seen): small windows first."""

    rounds: tuple
    batch: int = 16
    rate: float = 2e-3
    decay: float = 0.02
    seed: int = 1


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
    parser.add_argument("--train", type=Path, required=True, help="folder of draw.py people --count 4500 --split train --seed 1")
    parser.add_argument("--held-out", type=Path, required=True, help="folder of draw.py people --count 1000 --split held-out")
    parser.add_argument("--out", type=Path, default=None, help="folder to write to; default: beside this script")
    parser.add_argument("--threads", type=int, default=1, help="another number gives other rounding, so another model")
    parser.add_argument("--start", type=Path, default=None, help="checkpoint of the round before --round, to go on from")
    parser.add_argument("--round", type=int, default=1, help="first round to run, from 1")
    parser.add_argument("--scale", type=float, default=1.0, help="shorter trials: 0.1 is a tenth of the training")
    return parser.parse_args()


def batches(phases, batch, scale, pictures, truth, rng):
    """Yields (step, steps, side, bytes, truth): every picture once before any comes again."""
    plan = [(side, scales, max(1, round(seen * scale / batch))) for side, scales, seen in phases]
    steps, step, order = sum(count for _, _, count in plan), 0, []
    for side, scales, count in plan:
        for _ in range(count):
            while len(order) < batch:
                order = order + rng.permutation(len(pictures)).tolist()
            chosen, order = order[:batch], order[batch:]
            taken = [data.window(rng, pictures[k], truth[k], side, scales) for k in chosen]
            yield step, steps, side, np.stack([picture for picture, _ in taken]), [rows for _, rows in taken]
            step += 1


def train(detector, model, settings, index, scale, pictures, truth):
    """Trains round `index` (from 0) and returns the averaged model."""
    rng = np.random.default_rng(settings.seed + index)
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(parameter_groups(model, settings.decay), settings.rate)
    average, began, told = Average(model), time.time(), []
    model.train()
    for step, steps, side, taken, rows in batches(settings.rounds[index], settings.batch, scale, pictures, truth, rng):
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * warm_cosine(step, steps, min(150, steps // 10 + 1))
        rows, there = data.padded(rows)
        loss = detector.loss(model(detector.prepare(taken)), torch.from_numpy(rows), torch.from_numpy(there), side, index + step / steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        average.update(model)
        told.append(loss.item())
        if step % 50 == 49 or step + 1 == steps:
            print(f"step {step + 1}/{steps} side {side} loss {np.mean(told[-50:]):.3f} {time.time() - began:.0f} s, "
                  f"{time.process_time():.0f} s CPU", flush=True)
    return average.model


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
    pictures, truth = data.read_folder(told.train)
    cpu = time.process_time()
    model = detector.build()
    if told.start is not None:
        model.load_state_dict(torch.load(told.start)["state_dict"])
    for index in range(told.round - 1, len(settings.rounds)):
        model = train(detector, model, settings, index, told.scale, pictures, truth)
    model = model.to(memory_format=torch.contiguous_format)
    minutes = (time.process_time() - cpu) / 60
    name, out = detector.name, told.out or Path(__file__).resolve().parent.parent / detector.name
    out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(model, out / f"{name}.pt")
    example = detector.prepare(np.stack(pictures[:8]))
    export_onnx(model, example[:2], out / f"{name}.onnx", ["input"], list(detector.outputs))
    difference = largest_difference(model, out / f"{name}.onnx", example.contiguous())
    held_out = json.loads((told.held_out / "truth.json").read_text())
    result = matched(held_out, found_in(detector, model, told.held_out, held_out), detector.task["labels"])
    write_task(out / "task.json", **detector.task)
    card(detector, settings, model, out, result, difference, minutes, len(pictures))
    print(f"{name}: mAP@0.5 {half(result):.4f}, mAP@[.5:.95] {coco(result):.4f}, n = {len(result)}; CPU {minutes:.1f} minutes; ONNX {difference}")


def card(detector, settings, model, out, result, difference, minutes, count):
    """MODEL.md."""
    name, task = detector.name, detector.task["task"]
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
        ("training", f"{sum(seen for phases in settings.rounds for _, _, seen in phases):,} windows, {minutes:.0f} minutes of one CPU core; PyTorch {torch.__version__.split('+')[0]}"),
        ("licence", "ours: the project's own, for weights and pictures alike"),
    ])
