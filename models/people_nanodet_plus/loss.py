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


def score_loss(logits, target, judged):
    """Quality focal loss with beta 2, summed; judged is 0 where a cell's class must not be."""
    scores = logits.sigmoid()
    return (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * (target - scores) ** 2 * judged).sum()


def heard(centres, boxes, labels, ignored, classes):
    """0 where a cell lies in a region to ignore of a class, else 1: batch x cells x classes."""
    picture, place = ignored.nonzero(as_tuple=True)
    box = boxes[picture, place][:, None]
    inside = ((centres >= box[..., :2]) & (centres <= box[..., 2:])).all(-1)
    times = torch.zeros(len(boxes), classes, len(centres))
    times.index_put_((picture, labels[picture, place]), inside.float(), accumulate=True)
    return (times == 0).float().transpose(1, 2)


def distances_of(bins, strides):
    """Distances in pixels from logits ... x 4 x BINS; strides must broadcast to ... x 1."""
    return (bins.softmax(-1) @ torch.arange(BINS, dtype=torch.float32)) * strides


def losses(output, classes, centres, strides, boxes, labels, there, ignored, guide):
    """The sum of the three losses of a batch and how many cells were assigned."""
    logits, bins = output[..., :classes], output[..., classes:].unflatten(2, (4, BINS))
    with torch.no_grad():
        predicted = boxes_of(distances_of(bins, strides[:, None]), centres)
        owner, overlap = assign(logits.sigmoid(), predicted, centres, strides, boxes, labels, there & ~ignored, guide)
    picture, cells = (owner >= 0).nonzero(as_tuple=True)
    object_of, overlap = owner[picture, cells], overlap[picture, cells]
    target = torch.zeros_like(logits)
    target[picture, cells, labels[picture, object_of]] = overlap
    judged = torch.maximum(heard(centres, boxes, labels, there & ignored, classes), (target > 0).float())
    truth, centre, stride, bins = boxes[picture, object_of], centres[cells], strides[cells][:, None], bins[picture, cells]
    weight = logits.detach().sigmoid().amax(2)[picture, cells] + overlap
    total = weight.sum().clamp(min=1.0)
    wanted = torch.cat((centre - truth[:, :2], truth[:, 2:] - centre), 1) / stride
    loss = WEIGHTS["score"] * score_loss(logits, target, judged) / max(1, len(cells))
    loss = loss + WEIGHTS["box"] * (giou_loss(boxes_of(distances_of(bins, stride), centre), truth) * weight).sum() / total
    return loss + WEIGHTS["bins"] * (bins_loss(bins, wanted) * weight).sum() / total, len(cells)
