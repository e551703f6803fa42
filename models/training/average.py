"""The exponential moving average of a model: usually better than the last step, and always smoother."""

import copy

import torch


class Average:
    """Keeps `model`, a copy in evaluation mode whose floating parameters and buffers follow the trained one's."""

    def __init__(self, model, decay=0.998):
        self.model, self.decay, self.steps = copy.deepcopy(model).eval(), decay, 0

    @torch.no_grad()
    def update(self, model):
        """One step. Young averages forget faster, so that the first weights do not linger."""
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        pairs = list(zip(self.model.state_dict().values(), model.state_dict().values()))
        moving = [pair for pair in pairs if pair[0].dtype.is_floating_point]
        torch._foreach_lerp_([mine for mine, _ in moving], [theirs for _, theirs in moving], 1 - decay)
        for mine, theirs in pairs:
            if not mine.dtype.is_floating_point:
                mine.copy_(theirs)
