"""The training of a classifier of drawn signs, shared by the models that do it."""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import signs
from files import read_jpeg
from training.augment import MEAN, STD, normalised
from training.cache import drawn_arrays
from training.card import wilson, write_card, write_task
from training.export import export_onnx, largest_difference, save_checkpoint
from training.schedule import rate_at, sides_of
from training.seeds import seed_all
from training.trainer import Trainer

RECORD = {"fit": "stretch", "filter": "bilinear", "order": "rgb", "mean": list(MEAN), "std": list(STD)}


@dataclass(frozen=True)
class Settings:
    """What a training is told."""

    cycles: tuple
    pictures: int = 16000
    batch: int = 64
    decay: float = 0.02
    smoothing: float = 0.1
    average: float = 0.998
    seed: int = 1


def arguments(description):
    """The command line of a classifier's train.py."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cache", type=Path, required=True, help="folder for drawn pictures (about 1 GB)")
    parser.add_argument("--held-out", type=Path, required=True, help="folder of draw.py signs --count 1000 --split held-out")
    parser.add_argument("--out", type=Path, default=None, help="folder to write to; default: beside this script")
    parser.add_argument("--threads", type=int, default=1, help="another number gives other rounding, so another model")
    parser.add_argument("--resume", action="store_true", help="go on after the last whole epoch of an interrupted training")
    parser.add_argument("--epochs-scale", type=float, default=1.0, help="shorter trials: 0.1 is a tenth of the training")
    return parser.parse_args()


def held_out(folder):
    """Pictures and class indices of a folder that draw.py wrote."""
    rows = [line.split() for line in (folder / "truth.txt").read_text().splitlines()]
    return np.stack([read_jpeg(folder / name) for name, _, _ in rows]), np.array([int(index) for _, index, _ in rows])


@torch.no_grad()
def predictions(model, pictures, batch=100):
    """Logits of pictures, n x classes, in evaluation mode."""
    model.eval()
    parts = [model(normalised(pictures[i:i + batch])) for i in range(0, len(pictures), batch)]
    return torch.cat(parts).numpy()


def train(model, settings, cache, scale=1.0, watch=None, resume=None):
    """Trains a model; returns its average and the seconds of CPU. watch: pictures and labels whose accuracy is printed now and then.
    The state of every epoch is kept in the cache under the name of the model's class; resume: go on after it."""
    pictures, labels = drawn_arrays(cache, signs.sample, settings.seed, "train", settings.pictures)
    boxes = np.stack([signs.box(settings.seed, "train", index) for index in range(settings.pictures)])
    sides, state = sides_of(settings.cycles, scale), cache / f"{type(model).__name__}.state"
    trainer = Trainer(model, settings, rate_at(settings.cycles, scale, len(pictures) // settings.batch))
    if resume:
        trainer.take_up(state)
    for epoch, side in list(enumerate(sides))[trainer.epochs:]:
        began = time.time()
        loss, accuracy = trainer.epoch(pictures, labels, boxes if side < signs.SIZE else None, side)
        text = f"epoch {epoch + 1}/{len(sides)} side {side} loss {loss:.3f} train {accuracy:.4f}"
        if watch is not None and (epoch % 3 == 2 or epoch + 1 == len(sides)):
            text += f" held-out {np.mean(predictions(trainer.average.model, watch[0]).argmax(1) == watch[1]):.4f}"
        print(f"{text} {time.time() - began:.0f} s", flush=True)
        trainer.keep(state)
    return trainer.average.model, trainer.cpu


def run(name, description, build, settings):
    """A whole training from the command line: train, measure, write the five files of a model."""
    told = arguments(description)
    seed_all(settings.seed, told.threads)
    watch = held_out(told.held_out)
    model, cpu = train(build(len(signs.CLASSES)), settings, told.cache, told.epochs_scale, watch, told.resume)
    out = told.out or Path(__file__).resolve().parent.parent / name
    out.mkdir(parents=True, exist_ok=True)
    model = model.to(memory_format=torch.contiguous_format)
    save_checkpoint(model, out / f"{name}.pt")
    example = normalised(watch[0][:2])
    export_onnx(model, example, out / f"{name}.onnx", ["input"], ["logits"])
    difference = largest_difference(model, out / f"{name}.onnx", normalised(watch[0][:50]).contiguous())
    logits = predictions(model, watch[0])
    right = int((logits.argmax(1) == watch[1]).sum())
    low, high = wilson(right, len(watch[1]))
    write_task(out / "task.json", "classify", RECORD, signs.NAMES)
    agreement = "not measured" if difference is None else f"largest difference of a logit {difference:.1e}, 50 pictures"
    write_card(out / "MODEL.md", name, description, [
        ("task", f"classification, {len(signs.CLASSES)} classes, 128x128 RGB"),
        ("data", f"{settings.pictures} pictures drawn by `models/scenes/draw.py signs --split train --seed {settings.seed}`"),
        ("parameters", f"{sum(p.numel() for p in model.parameters()):,}"),
        ("size", f"ONNX {(out / f'{name}.onnx').stat().st_size:,} bytes, checkpoint {(out / f'{name}.pt').stat().st_size:,} bytes"),
        ("accuracy", f"top-1 {100 * right / len(watch[1]):.1f} % on n = {len(watch[1])} held-out pictures "
                     f"(`--split held-out --seed 0`), 95 % Wilson interval {100 * low:.1f} to {100 * high:.1f} %, PyTorch"),
        ("ONNX Runtime", agreement),
        ("seed", settings.seed),
        ("training", f"{len(sides_of(settings.cycles, told.epochs_scale))} epochs, {cpu / 60:.0f} minutes of one CPU core; PyTorch {torch.__version__.split('+')[0]}"),
        ("licence", "ours: the project's own, for weights and pictures alike"),
    ])
    print(f"{name}: top-1 {100 * right / len(watch[1]):.1f} % ({100 * low:.1f} to {100 * high:.1f}), n = {len(watch[1])}; "
          f"{agreement}; {cpu / 60:.1f} minutes of CPU")
