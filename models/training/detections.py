"""From a detector's outputs to boxes in the picture, as docs/tasks.md says it: nanodet_plus and face_det_lite.

Boxes are arrays n x 6: left, top, right, bottom, score, class index; best first.
"""

import numpy as np

# How a detector is measured: every box above SCORE, at most MOST of them a picture, doubles removed at IOU.
SCORE, MOST = 0.05, 100
IOU = {"nanodet_plus": 0.6, "face_det_lite": 0.3}
CANDIDATES = 2000
STRIDES, BINS, FACE_STRIDE = (8, 16, 32, 64), 8, 8


def nanodet_points(width, height):
    """Centres (cells x 2) and strides of all cells, level by level."""
    centres, strides = [], []
    for stride in STRIDES:
        y, x = np.mgrid[0:-(-height // stride), 0:-(-width // stride)].astype(np.float32) * stride
        centres.append(np.column_stack((x.ravel(), y.ravel())))
        strides.append(np.full(x.size, stride, np.float32))
    return np.concatenate(centres), np.concatenate(strides)


def decode_nanodet(output, width, height, least):
    """Boxes of one picture from cells x (classes + 32); scores are scores already."""
    classes = output.shape[1] - 4 * BINS
    centres, strides = nanodet_points(width, height)
    cells, labels = np.nonzero(output[:, :classes] > least)
    bins = output[cells, classes:].reshape(-1, 4, BINS)
    parts = np.exp(bins - bins.max(2, keepdims=True))
    distances = (parts @ np.arange(BINS, dtype=np.float32)) / parts.sum(2) * strides[cells, None]
    boxes = np.concatenate((centres[cells] - distances[:, :2], centres[cells] + distances[:, 2:]), 1)
    boxes = np.clip(boxes, 0, np.float32([width, height, width, height]))
    return np.column_stack((boxes, output[cells, labels], labels))


def decode_faces(heatmap, bbox, least):
    """Boxes of one picture from 1 x h x w logits and 4 x h x w distances in cells."""
    heat = 1 / (1 + np.exp(-heatmap[0]))
    grown = np.pad(heat, 1, constant_values=-1)
    around = np.max([grown[1 + dy:1 + dy + heat.shape[0], 1 + dx:1 + dx + heat.shape[1]] for dy in (-1, 0, 1) for dx in (-1, 0, 1)], axis=0)
    y, x = np.nonzero((heat >= around) & (heat >= least))
    left, top, right, bottom = bbox[:, y, x]
    corners = np.sort(np.stack(((x - left, y - top), (x + right, y + bottom))), axis=0) * FACE_STRIDE
    return np.column_stack((corners[0].T, corners[1].T, heat[y, x], np.zeros(len(x))))


def suppress(boxes, iou, inclusive=0.0):
    """Best first; a box goes when it overlaps a better one of its class by more than iou. inclusive 1: both edges count."""
    boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")][:CANDIDATES].astype(np.float64)
    kept = []
    rest = boxes
    while len(rest):
        best, rest = rest[0], rest[1:]
        kept.append(best)
        sides = np.minimum(best[2:4], rest[:, 2:4]) - np.maximum(best[:2], rest[:, :2]) + inclusive
        inner = np.where((sides > 0).all(1), sides.prod(1), 0)
        area = (rest[:, 2:4] - rest[:, :2] + inclusive).prod(1)
        rest = rest[(inner / (area + (best[2:4] - best[:2] + inclusive).prod() - inner) <= iou) | (rest[:, 5] != best[5])]
    return np.array(kept).reshape(-1, 6)


def detect(task, outputs, geometry, width, height, least=SCORE, iou=None):
    """Boxes in the picture from one picture's outputs (arrays without the batch)."""
    if task == "nanodet_plus":
        boxes = suppress(decode_nanodet(outputs[0], width, height, least), IOU[task] if iou is None else iou)
    else:
        boxes = suppress(decode_faces(outputs[0], outputs[1], least), IOU[task] if iou is None else iou, 1.0)
    boxes = boxes[:MOST]
    boxes[:, :4] = geometry.to_picture(boxes[:, :4])
    if task == "nanodet_plus":
        boxes[:, :4] = np.clip(boxes[:, :4], 0, [geometry.width, geometry.height] * 2)
    return boxes
