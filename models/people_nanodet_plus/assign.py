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
def costs(scores, boxes, centres, strides, truth, labels, guide):
    """What every cell would cost every object, objects x cells (NEVER where it may not learn it), and the overlap of its box with the
    object. Scores and boxes are those of the object's own picture and class."""
    overlap = overlaps(boxes, truth[:, None])
    middle, size = (truth[:, :2] + truth[:, 2:]) / 2, truth[:, 2:] - truth[:, :2]
    away = (centres - middle[:, None]).abs()
    distance = away.norm(dim=-1) / strides
    inside = (away * 2 < size[:, None]).all(-1) | ((distance < 0.75) & (strides == STRIDES[0]))
    reachable = (away + size[:, None] / 2).amax(-1) < (BINS - 1) * strides
    wrong = -(overlap * torch.log(scores + 1e-6) + (1 - overlap) * torch.log(1 - scores + 1e-6)) * (overlap - scores) ** 2
    cost = wrong - 3 * torch.log(overlap + 1e-6) * (1 - guide) + 10 ** (distance.clamp(max=6) - 3)
    if guide > 0:
        level = (torch.log2(size.amax(-1).clamp(min=1))[:, None] - torch.log2(4 * strides)).abs()
        cost = cost + guide * (distance + 3 * level)
    allowed = inside & reachable
    return torch.where(allowed, cost, NEVER), overlap * allowed


@torch.no_grad()
def assign(scores, boxes, centres, strides, truth, labels, usable, guide):
    """Objects of cells. scores batch x cells x classes (0..1), boxes batch x cells x 4, truth batch x objects x 4, labels and usable
    batch x objects. guide, from 1 down to 0, is how much the distance and the level decide instead of the predictions.

    Returns for every cell the index of its object, or -1, and the overlap of its box with it.
    """
    owner, shared = torch.full(scores.shape[:2], -1), torch.zeros(scores.shape[:2])
    picture, place = usable.nonzero(as_tuple=True)
    if len(picture) == 0:
        return owner, shared
    kind = labels[picture, place]
    cost, overlap = costs(scores.transpose(1, 2)[picture, kind], boxes[picture], centres, strides, truth[picture, place], kind, guide)
    best = overlap.topk(CANDIDATES, dim=1).values.sum(1)
    count = torch.maximum(best, torch.full_like(best, 1 + 3 * guide)).int()
    cheapest = cost.topk(CANDIDATES, dim=1, largest=False)
    taken = (torch.arange(CANDIDATES) < count[:, None]) & (cheapest.values < NEVER)
    row, rank = taken.nonzero(as_tuple=True)
    cell, price = cheapest.indices[row, rank], cheapest.values[row, rank]
    key = picture[row] * scores.shape[1] + cell
    lowest = torch.full((owner.numel(),), NEVER).scatter_reduce(0, key, price, "amin")
    won = price == lowest[key]
    owner.view(-1)[key[won]] = place[row[won]]
    shared.view(-1)[key[won]] = overlap[row[won], cell[won]]
    return owner, shared
