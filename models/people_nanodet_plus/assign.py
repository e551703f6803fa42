"""Which cell learns which object, decided anew in every step from what the network predicts (a soft-label assigner in the manner of
SimOTA): each object takes the few cells that are cheapest for it."""

import torch

from people_nanodet_plus.model import BINS, STRIDES

CANDIDATES = 10  # whose overlaps add up to the number of cells an object takes
NEVER = 1e6


def points_of(side):
    """Cell centres cells x 2 and strides cells, of a square input."""
    centres, strides = [], []
    for stride in STRIDES:
        line = torch.arange(-(-side // stride), dtype=torch.float32) * stride
        y, x = torch.meshgrid(line, line, indexing="ij")
        centres.append(torch.stack((x.flatten(), y.flatten()), 1))
        strides.append(torch.full((x.numel(),), float(stride)))
    return torch.cat(centres), torch.cat(strides)


def overlaps(a, b):
    """Intersection over union of boxes (..., 4) that broadcast."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    return inner / ((a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - inner).clamp(min=1e-6)


@torch.no_grad()
def assign(scores, boxes, centres, strides, truth, labels, usable, guide):
    """Objects of cells. scores batch x cells x classes (0..1), boxes batch x cells x 4, truth batch x objects x 4, labels and usable
    batch x objects. guide, from 1 down to 0, is how much the distance and the level decide instead of the predictions.

    Returns for every cell the index of its object, or -1, and the overlap of its box with it.
    """
    away = centres[None, :, None] - (truth[:, None, :, :2] + truth[:, None, :, 2:]) / 2
    distance = away.norm(dim=-1) / strides[None, :, None]
    size = (truth[..., 2:] - truth[..., :2])
    sides = torch.cat((centres[None, :, None] - truth[:, None, :, :2], truth[:, None, :, 2:] - centres[None, :, None]), -1)
    inside = (sides.amin(-1) > 0) | ((distance < 0.75) & (strides == STRIDES[0])[None, :, None])
    reachable = sides.amax(-1) < (BINS - 1) * strides[None, :, None]
    allowed = inside & reachable & usable[:, None]
    overlap = overlaps(boxes[:, :, None], truth[:, None])
    score = scores.gather(2, labels[:, None].expand(-1, scores.shape[1], -1))
    wrong = -(overlap * torch.log(score + 1e-6) + (1 - overlap) * torch.log(1 - score + 1e-6)) * (overlap - score) ** 2
    level = (torch.log2(size.amax(-1).clamp(min=1))[:, None] - torch.log2(4 * strides)[None, :, None]).abs()
    cost = wrong - 3 * torch.log(overlap + 1e-6) * (1 - guide) + 10 ** (distance.clamp(max=6) - 3) + guide * (distance + 3 * level)
    cost = torch.where(allowed, cost, torch.full_like(cost, NEVER))
    best = (overlap * allowed).topk(CANDIDATES, dim=1).values.sum(1)
    count = torch.maximum(best, torch.full_like(best, 1 + 3 * guide)).int()
    cheapest = cost.topk(CANDIDATES, dim=1, largest=False)
    taken = (torch.arange(CANDIDATES)[None, :, None] < count[:, None]) & (cheapest.values < NEVER)
    chosen = torch.zeros_like(allowed).scatter(1, cheapest.indices, taken)
    lowest = torch.where(chosen, cost, torch.full_like(cost, NEVER)).min(2)
    owner = torch.where(lowest.values < NEVER, lowest.indices, torch.full_like(lowest.indices, -1))
    return owner, overlap.gather(2, owner.clamp(min=0)[:, :, None])[:, :, 0]
