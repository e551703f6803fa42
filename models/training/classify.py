"""The training of a classifier of drawn signs, shared by the models that do it."""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import signs
from files import read_jpeg
from training.augment import normalised, training_batch
from training.average import Average
from training.cache import drawn_arrays
from training.card import wilson, write_card, write_task
from training.export import export_onnx, largest_difference, save_checkpoint
from training.schedule import parameter_groups, warm_cosine
from training.seeds import seed_all

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # of ImageNet's pictures, in steps of 255
RECORD = {"fit": "stretch", "filter": "bilinear", "order": "rgb", "mean": list(MEAN), "std": list(STD)}


@dataclass(frozen=True)
class Settings:
    """What a training is told. `phases` are (side in pixels, epochs): small sides first, since they are cheap; a side below the
    pictures' own shows windows round the sign."""

    phases: tuple
    pictures: int = 16000
    batch: int = 64
    rate: float = 3e-3
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
    parts = [model(normalised(pictures[i:i + batch], MEAN, STD)) for i in range(0, len(pictures), batch)]
    return torch.cat(parts).numpy()


def epochs_of(settings, scale):
    """The side of every epoch, in order."""
    return [side for side, epochs in settings.phases for _ in range(max(1, round(epochs * scale)))]


def keep(path, epoch, rng, model, average, optimizer, schedule):
    """Writes all that a training needs to go on after an epoch."""
    state = {"epoch": epoch, "rng": rng.bit_generator.state, "torch": torch.get_rng_state(), "steps": average.steps,
             **{name: part.state_dict() for name, part in
                (("model", model), ("average", average.model), ("optimizer", optimizer), ("schedule", schedule))}}
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


def take_up(path, rng, model, average, optimizer, schedule):
    """Puts back what `keep` wrote; returns the number of whole epochs."""
    state = torch.load(path, weights_only=False)
    rng.bit_generator.state, average.steps = state["rng"], state["steps"]
    torch.set_rng_state(state["torch"])
    for name, part in (("model", model), ("average", average.model), ("optimizer", optimizer), ("schedule", schedule)):
        part.load_state_dict(state[name])
    return state["epoch"] + 1


def train(model, settings, cache, scale=1.0, watch=None, state=None, resume=False):
    """Trains and returns the averaged model. watch: pictures and labels whose accuracy is printed now and then. state: the file
    that keeps the training after every epoch."""
    pictures, labels = drawn_arrays(cache, signs.sample, settings.seed, "train", settings.pictures)
    boxes = np.stack([signs.box(settings.seed, "train", index) for index in range(settings.pictures)])
    rng = np.random.default_rng(settings.seed)
    model = model.to(memory_format=torch.channels_last)
    sides = epochs_of(settings, scale)
    batches = len(pictures) // settings.batch
    steps = batches * len(sides)
    optimizer = torch.optim.AdamW(parameter_groups(model, settings.decay), settings.rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warm_cosine(step, steps, min(200, steps // 10 + 1)))
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=settings.smoothing)
    average = Average(model, settings.average)
    parts = (rng, model, average, optimizer, schedule)
    done = take_up(state, *parts) if resume else 0
    for epoch, side in list(enumerate(sides))[done:]:
        model.train()
        began, total, right = time.time(), 0.0, 0
        order = rng.permutation(len(pictures))
        for step in range(batches):
            chosen = np.sort(order[step * settings.batch:(step + 1) * settings.batch])
            truth = torch.from_numpy(labels[chosen])
            near = boxes[chosen] if side < signs.SIZE else None
            logits = model(training_batch(rng, pictures[chosen], side, MEAN, STD, near))
            loss = loss_of(logits, truth)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            average.update(model)
            total, right = total + loss.item(), right + int((logits.argmax(1) == truth).sum())
        text = f"epoch {epoch + 1}/{len(sides)} side {side} loss {total / batches:.3f} train {right / batches / settings.batch:.4f}"
        if watch is not None and (epoch % 3 == 2 or epoch + 1 == len(sides)):
            text += f" held-out {np.mean(predictions(average.model, watch[0]).argmax(1) == watch[1]):.4f}"
        print(f"{text} {time.time() - began:.0f} s", flush=True)
        if state is not None:
            keep(state, epoch, *parts)
    return average.model


def run(name, description, build, settings):
    """A whole training from the command line: train, measure, write the five files of a model."""
    told = arguments(description)
    seed_all(settings.seed, told.threads)
    watch = held_out(told.held_out)
    began, cpu = time.time(), time.process_time()
    model = train(build(len(signs.CLASSES)), settings, told.cache, told.epochs_scale, watch,
                  told.cache / f"{name}.state", told.resume)
    minutes, cpu_minutes = (time.time() - began) / 60, (time.process_time() - cpu) / 60
    out = told.out or Path(__file__).resolve().parent.parent / name
    out.mkdir(parents=True, exist_ok=True)
    model = model.to(memory_format=torch.contiguous_format)
    save_checkpoint(model, out / f"{name}.pt")
    example = normalised(watch[0][:2], MEAN, STD)
    export_onnx(model, example, out / f"{name}.onnx", ["input"], ["logits"])
    difference = largest_difference(model, out / f"{name}.onnx", normalised(watch[0][:50], MEAN, STD).contiguous())
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
        ("training", f"{len(epochs_of(settings, told.epochs_scale))} epochs, {cpu_minutes:.0f} minutes of one CPU core; PyTorch {torch.__version__.split('+')[0]}"),
        ("licence", "ours: the project's own, for weights and pictures alike"),
    ])
    print(f"{name}: top-1 {100 * right / len(watch[1]):.1f} % ({100 * low:.1f} to {100 * high:.1f}), n = {len(watch[1])}; "
          f"{agreement}; {minutes:.1f} minutes, {cpu_minutes:.1f} of CPU")
