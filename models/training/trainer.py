"""What changes while a classifier is trained, and the epoch that changes it."""

import time

import numpy as np
import torch

from training.augment import training_batch
from training.average import Average
from training.schedule import parameter_groups


class Trainer:
    """A model with its average, optimizer and random numbers; all of it can be kept in a file and taken up again."""

    def __init__(self, model, settings, rate):
        """rate: the learning rate as a function of the step."""
        self.model = model.to(memory_format=torch.channels_last)
        self.average = Average(self.model, settings.average)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, settings.decay), fused=True)
        self.rate = rate
        self.loss = torch.nn.CrossEntropyLoss(label_smoothing=settings.smoothing)
        self.rng = np.random.default_rng(settings.seed)
        self.batch, self.epochs, self.cpu = settings.batch, 0, 0.0

    def epoch(self, pictures, labels, boxes, side):
        """Shows every picture once, in batches of random order; returns the mean loss and the part that was named rightly."""
        began, losses, right = time.process_time(), [], 0
        self.model.train()
        order = self.rng.permutation(len(pictures))
        for step in range(len(pictures) // self.batch):
            chosen = np.sort(order[step * self.batch:(step + 1) * self.batch])
            batch = training_batch(self.rng, pictures[chosen], side, None if boxes is None else boxes[chosen])
            truth = torch.from_numpy(labels[chosen])
            logits = self.model(batch)
            loss = self.loss(logits, truth)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate(self.average.steps)
            self.optimizer.step()
            self.average.update()
            losses.append(loss.item())
            right += int((logits.argmax(1) == truth).sum())
        self.epochs += 1
        self.cpu += time.process_time() - began
        return float(np.mean(losses)), right / (len(losses) * self.batch)

    def _parts(self):
        return {"model": self.model, "average": self.average.model, "optimizer": self.optimizer}

    def keep(self, path):
        """Writes all that is needed to go on."""
        state = {"epochs": self.epochs, "cpu": self.cpu, "steps": self.average.steps, "numpy": self.rng.bit_generator.state,
                 "torch": torch.get_rng_state(), **{name: part.state_dict() for name, part in self._parts().items()}}
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)

    def take_up(self, path):
        """Puts back what `keep` wrote."""
        state = torch.load(path, weights_only=False)
        self.epochs, self.cpu, self.average.steps = state["epochs"], state["cpu"], state["steps"]
        self.rng.bit_generator.state = state["numpy"]
        torch.set_rng_state(state["torch"])
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
