"""Quality focal loss, GIoU loss and distribution focal loss (Li et al., Generalized Focal Loss, 2020) on the assigned cells."""

import torch
import torch.nn.functional as F

from people_nanodet_plus.assign import assign
from people_nanodet_plus.model import BINS

WEIGHTS = {"score": 1.0, "box": 2.0, "bins": 0.25}


def boxes_of(distances, centres):
    """Left, top, right, bottom from distances in pixels."""
    return torch.cat((centres - distances[..., :2], centres + distances[..., 2:]), -1)


def giou_loss(a, b):
    """1 - GIoU of boxes n x 4."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    inner = (high - low).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inner
    around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    return 1 - inner / union.clamp(min=1e-6) + (around - union) / around.clamp(min=1e-6)


def bins_loss(logits, distances):
    """Distribution focal loss: the two bins beside the true distance (in strides) share it. logits n x 4 x BINS, distances n x 4."""
    distances = distances.clamp(0, BINS - 1 - 0.01)
    left = distances.long()
    right_share = distances - left
    logs = F.log_softmax(logits, -1)
    both = torch.stack((logs.gather(2, left[..., None])[..., 0], logs.gather(2, left[..., None] + 1)[..., 0]), -1)
    return -(both[..., 0] * (1 - right_share) + both[..., 1] * right_share).mean(1)


def score_loss(logits, target, heard):
    """Quality focal loss with beta 2, summed; heard is 0 where a cell's class must not be judged."""
    scores = logits.sigmoid()
    return (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * (target - scores).abs() ** 2 * heard).sum()


def unheard(centres, boxes, labels, ignored, classes):
    """1 where a cell lies in a region to ignore of a class: batch x cells x classes, as bool."""
    c = centres[None, :, None]
    inside = ((c >= boxes[:, None, :, :2]) & (c <= boxes[:, None, :, 2:])).all(-1) & ignored[:, None]
    return torch.stack([(inside & (labels == k)[:, None]).any(2) for k in range(classes)], 2)


def losses(output, classes, centres, strides, boxes, labels, there, ignored, guide):
    """The sum of the three losses of a batch and how many cells were assigned."""
    logits = output[..., :classes]
    bins = output[..., classes:].unflatten(2, (4, BINS))
    distances = (bins.softmax(-1) * torch.arange(BINS, dtype=torch.float32)).sum(-1) * strides[None, :, None]
    predicted = boxes_of(distances, centres[None])
    owner, overlap = assign(logits.detach().sigmoid(), predicted.detach(), centres, strides, boxes, labels, there & ~ignored, guide)
    positive = owner >= 0
    rows = owner.clamp(min=0)
    target = torch.zeros_like(logits)
    label = labels.gather(1, rows)
    target.scatter_(2, label[..., None], (overlap * positive)[..., None])
    heard = (~unheard(centres, boxes, labels, there & ignored, classes) | (target > 0)).float()
    truth = boxes.gather(1, rows[..., None].expand(-1, -1, 4))[positive]
    cells = positive.nonzero()[:, 1]
    weight = logits.detach().sigmoid().amax(2)[positive] + overlap[positive]
    total = weight.sum().clamp(min=1.0)
    wanted = torch.cat((centres[cells] - truth[:, :2], truth[:, 2:] - centres[cells]), 1) / strides[cells][:, None]
    count = positive.sum().clamp(min=1)
    loss = WEIGHTS["score"] * score_loss(logits, target, heard) / count
    loss = loss + WEIGHTS["box"] * (giou_loss(predicted[positive], truth) * weight).sum() / total
    return loss + WEIGHTS["bins"] * (bins_loss(bins[positive], wanted) * weight).sum() / total, int(count)
