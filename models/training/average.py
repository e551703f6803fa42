"""The exponential moving average of a model: usually better than the last step, and always smoother."""

import copy

import torch


class Average:
    """Keeps `model`, a copy in evaluation mode whose floating parameters and buffers follow the trained one's."""

    def __init__(self, model, decay=0.998):
        self.model, self.decay, self.steps = copy.deepcopy(model).eval(), decay, 0
        self.mine, self.theirs, self.counts = [], [], []  # tensors are changed in place only, so they can be listed once
        for pair in zip(self.model.state_dict().values(), model.state_dict().values()):
            if pair[0].dtype.is_floating_point:
                self.mine.append(pair[0])
                self.theirs.append(pair[1])
            else:
                self.counts.append(pair)

    @torch.no_grad()
    def update(self):
        """One step. Young averages forget faster, so that the first weights do not linger."""
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        torch._foreach_lerp_(self.mine, self.theirs, 1 - decay)
        for mine, theirs in self.counts:
            mine.copy_(theirs)
