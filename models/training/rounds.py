"""The rounds of a detector's training: windows of drawn pictures, AdamW, averaged weights. A round can be stopped and taken up again."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from training import people_data as data
from training.average import Average
from training.schedule import parameter_groups, rate_factor


@dataclass(frozen=True)
class Round:
    """A part of a training with a learning rate that rises and falls, a new optimizer and a new average. `phases` are (side of the
    window, range of scales, windows seen): small windows first, since they are cheap. The rate warms up, then follows half a cosine
    down or, with `cooling`, is held and falls in a line over as many last windows. `pictures` is how many of the folder are used,
    from the first on."""

    phases: tuple
    batch: int = 16
    rate: float = 2e-3
    cooling: int = 0
    pictures: int = 4500
    bfloat16: bool = False  # convolutions and what lies between them in bfloat16; the weights stay float32

    def windows(self):
        return sum(seen for _, _, seen in self.phases)

    def plan(self, scale):
        """The side and the range of scales of every step."""
        return [(side, scales) for side, scales, seen in self.phases for _ in range(max(1, round(seen * scale / self.batch)))]


@dataclass(frozen=True)
class Settings:
    """What a training is told."""

    rounds: tuple
    decay: float = 0.02
    seed: int = 1


class Training:
    """A model with its average, optimizer and random numbers; all of it can be kept in a file and taken up again."""

    def __init__(self, detector, model, settings, index, seconds=0.0):
        """index: of the round, from 0; seconds: of CPU that went into the rounds before."""
        self.detector, self.index, self.round = detector, index, settings.rounds[index]
        self.model = model.to(memory_format=torch.channels_last).train()
        self.optimizer = torch.optim.AdamW(parameter_groups(model, settings.decay), self.round.rate, fused=self.round.bfloat16 or None)
        self.average, self.rng = Average(model), np.random.default_rng(settings.seed + index)
        self.step, self.order, self.cpu = 0, [], seconds

    def batch(self, pictures, truth, side, scales):
        """Windows as bytes and their truth; every picture is taken once before any comes again."""
        count = self.round.batch
        while len(self.order) < count:
            self.order = self.order + self.rng.permutation(len(pictures)).tolist()
        chosen, self.order = self.order[:count], self.order[count:]
        taken = [data.window(self.rng, pictures[k], truth[k], side, scales) for k in chosen]
        return np.stack([picture for picture, _ in taken]), *data.padded([rows for _, rows in taken])

    def learn(self, taken, rows, there, side, rate, done):
        """One step; returns the loss. done: the part of the round that lies behind."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16, enabled=self.round.bfloat16):
            output = self.model(self.detector.prepare(taken))
        output = output.float() if self.round.bfloat16 else output
        loss = self.detector.loss(output, torch.from_numpy(rows), torch.from_numpy(there), side, self.index + done)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimizer.step()
        self.average.update()
        self.step += 1
        return loss.item()

    def keep(self, path):
        state = {"model": self.model.state_dict(), "average": self.average.model.state_dict(), "steps": self.average.steps,
                 "optimizer": self.optimizer.state_dict(), "rng": self.rng.bit_generator.state, "order": self.order,
                 "step": self.step, "index": self.index, "cpu": self.cpu}
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def take_up(self, path):
        """Goes on with what a file kept of this round."""
        state = torch.load(path)
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.bit_generator.state, self.average.steps = state["rng"], state["steps"]
        self.order, self.step, self.cpu = state["order"], state["step"], state["cpu"]


def train(training, told, pictures, truth):
    """Runs a round, or what is left of it; `pictures` and `truth` are those of the folder."""
    one, losses = training.round, []
    plan, cooling = one.plan(told.scale), round(one.cooling * told.scale / one.batch)
    pictures, truth = pictures[:one.pictures], truth[:one.pictures]
    began = time.process_time() - training.cpu
    for side, scales in plan[training.step:]:
        factor, done = rate_factor(training.step, len(plan), cooling), training.step / len(plan)
        losses.append(training.learn(*training.batch(pictures, truth, side, scales), side, one.rate * factor, done))
        training.cpu = time.process_time() - began
        if training.step % 50 == 0 or training.step == len(plan):
            print(f"round {training.index + 1} step {training.step}/{len(plan)} side {side} loss {np.mean(losses[-50:]):.3f} "
                  f"{training.cpu:.0f} s CPU", flush=True)
        if told.state is not None and (training.step % 100 == 0 or training.step == len(plan)):
            training.keep(told.state)


def trained(detector, settings, told, pictures, truth):
    """The averaged model after the last round, and the minutes of CPU that the rounds run here took."""
    model, seconds, first, kept = detector.build(), 0.0, told.round - 1, told.state is not None and told.state.exists()
    if told.start is not None:
        model.load_state_dict(torch.load(told.start)["state_dict"])
    if kept:
        first = torch.load(told.state)["index"]
    for index in range(first, len(settings.rounds)):
        training = Training(detector, model, settings, index, seconds)
        if kept and index == first:
            training.take_up(told.state)
        train(training, told, pictures, truth)
        model, seconds = training.average.model, training.cpu
    return model, seconds / 60
