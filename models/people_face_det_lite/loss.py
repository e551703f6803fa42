"""CenterNet's focal loss on the heat map, GIoU on the distances, and the mean error of the landmarks in parts of the face."""

import torch
import torch.nn.functional as F

from people_face_det_lite.model import STRIDE
from training import people_data as data

FACE = 1  # the category
WEIGHTS = {"heat": 1.0, "box": 1.5, "landmark": 0.5}
REACH = 0.13  # sigma of a face's hill on the heat map, as a part of its side
SHARPEST = 0.6  # the least sigma, in cells
TAUGHT = 0.6  # cells above this height of a hill learn the box, so that a peak beside the middle has one too


def hills(boxes, faces, height, width):
    """Target of the heat map: batch x faces x height x width, a Gaussian a face with 1 at its cell; 0 where there is no face."""
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2 / STRIDE
    cell = torch.stack((middle[..., 0].round().clamp(0, width - 1), middle[..., 1].round().clamp(0, height - 1)), -1)
    sigma = ((boxes[..., 2:] - boxes[..., :2]) / STRIDE * REACH).clamp(min=SHARPEST)
    x = torch.arange(width, dtype=torch.float32) - cell[..., 0, None]
    y = torch.arange(height, dtype=torch.float32) - cell[..., 1, None]
    across = torch.exp(-0.5 * (x / sigma[..., 0, None]) ** 2)
    down = torch.exp(-0.5 * (y / sigma[..., 1, None]) ** 2)
    return down[..., :, None] * across[..., None, :] * faces[..., None, None]


def heat_loss(logits, target, heard):
    """Law and Deng's focal loss (CornerNet, 2018): alpha 2, beta 4, over the number of faces."""
    score, peak = logits.sigmoid(), (target > 0.999).float()
    up = peak * (1 - score) ** 2 * F.logsigmoid(logits)
    down = (1 - peak) * heard * (1 - target) ** 4 * score ** 2 * F.logsigmoid(-logits)
    return -(up + down).sum() / peak.sum().clamp(min=1)


def giou(a, b):
    """GIoU of boxes given as distances l, t, r, b from one cell, n x 4; all of b are positive sums."""
    low, high = torch.minimum(a, b), torch.maximum(a, b)
    inner = (low[:, 0] + low[:, 2]).clamp(min=0) * (low[:, 1] + low[:, 3]).clamp(min=0)
    area = (a[:, 0] + a[:, 2]).clamp(min=0) * (a[:, 1] + a[:, 3]).clamp(min=0)
    union = (area + (b[:, 0] + b[:, 2]) * (b[:, 1] + b[:, 3]) - inner).clamp(min=1e-6)
    around = ((high[:, 0] + high[:, 2]) * (high[:, 1] + high[:, 3])).clamp(min=1e-6)
    return inner / union - (around - union) / around


def unheard(rows, faces, height, width):
    """1 where a face to ignore lies: there the heat map is not judged. batch x height x width, bool."""
    x, y = torch.arange(width) * STRIDE, torch.arange(height) * STRIDE
    box, ignored = rows[..., data.BOX], faces & (rows[..., data.IGNORE] > 0)
    across = (x >= box[..., 0, None] - STRIDE) & (x <= box[..., 2, None] + STRIDE)
    down = (y >= box[..., 1, None] - STRIDE) & (y <= box[..., 3, None] + STRIDE)
    return (down[..., :, None] & across[..., None, :] & ignored[..., None, None]).any(1)


def losses(outputs, rows, there):
    """The weighted sum of the three losses of a batch."""
    heatmap, bbox, landmark = outputs
    height, width = heatmap.shape[2:]
    faces = there & (rows[..., data.CATEGORY] == FACE)
    real = faces & (rows[..., data.IGNORE] == 0)
    target, owner = hills(rows[..., data.BOX], real.float(), height, width).max(1)
    loss = WEIGHTS["heat"] * heat_loss(heatmap[:, 0], target, (~unheard(rows, faces, height, width)).float())
    picture, y, x = (target > TAUGHT).nonzero(as_tuple=True)
    if len(picture) == 0:
        return loss + 0 * (bbox.sum() + landmark.sum())
    mine, weight = rows[picture, owner[picture, y, x]], target[picture, y, x]
    box, total = mine[:, data.BOX] / STRIDE, weight.sum()
    wanted = torch.stack((x - box[:, 0], y - box[:, 1], box[:, 2] - x, box[:, 3] - y), 1)
    size = (box[:, 2:] - box[:, :2]).mean(1, keepdim=True)
    given = bbox[picture, :, y, x]
    box_loss = 1 - giou(given, wanted) + 0.5 * ((given - wanted).abs() / size).mean(1)
    loss = loss + WEIGHTS["box"] * (box_loss * weight).sum() / total
    points = torch.cat((mine[:, data.XS] / STRIDE - x[:, None], mine[:, data.YS] / STRIDE - y[:, None]), 1)
    known = mine[:, data.KNOWN].repeat(1, 2) * weight[:, None]
    error = (landmark[picture, :, y, x] - points).abs() / size * known
    return loss + WEIGHTS["landmark"] * 10 * error.sum() / known.sum().clamp(min=1)
