"""Changes to a batch of pictures while training a classifier. No mirror: an arrow to the left is not an arrow to the right."""

import cv2
import numpy as np
import torch

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # of ImageNet's pictures, in steps of 255


def window(rng, box, smallest, side):
    """A square in a picture of side x side that holds a box: (x, y, its side), all whole pixels. It has random size, more often small
    than large, and is never smaller than `smallest`."""
    extent = max(smallest, int(np.ceil(1.1 * max(box[2] - box[0], box[3] - box[1]))))
    size = side if extent >= side else int(extent + (side - extent) * rng.random() ** 2)
    x, y = (int(rng.uniform(max(0, high - size), min(low, side - size) + 1e-6)) for low, high in ((box[0], box[2]), (box[1], box[3])))
    return x, y, size


def moved(rng, picture, side, turn=0.12, zoom=0.12, shift=0.05):
    """A uint8 picture at side x side, turned (radians), zoomed and shifted (parts of the side) a little."""
    if picture.shape[0] != side:
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    angle, scale = rng.uniform(-turn, turn), 1 + rng.uniform(-zoom, zoom)
    matrix = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), np.degrees(angle), scale)
    matrix[:, 2] += rng.uniform(-shift, shift, 2) * side
    return cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def erased(rng, picture, largest=0.3):
    """A grey rectangle over a part of the picture, in place."""
    side = picture.shape[0]
    height, width = (rng.uniform(0.08, largest, 2) * side).astype(int)
    y, x = rng.integers(0, side - height), rng.integers(0, side - width)
    picture[y:y + height, x:x + width] = rng.integers(0, 256, 3)
    return picture


def training_batch(rng, pictures, side, boxes=None):
    """uint8 n x h x w x 3 to a normalised float tensor n x 3 x side x side (channels last in memory), augmented. With boxes, each
    picture is first cut to a window round its box, so that a small side still shows the subject at its own resolution."""
    if boxes is not None:
        cuts = [window(rng, box, side, picture.shape[0]) for picture, box in zip(pictures, boxes)]
        pictures = [picture[y:y + size, x:x + size] for picture, (x, y, size) in zip(pictures, cuts)]
    batch = np.stack([moved(rng, picture, side) for picture in pictures])
    for index in np.flatnonzero(rng.random(len(batch)) < 0.25):
        erased(rng, batch[index])
    gain = np.exp(rng.normal(0, 0.12, (len(batch), 1, 1, 1)) + rng.normal(0, 0.05, (len(batch), 1, 1, 3)))
    return normalised(np.clip(batch * gain.astype(np.float32), 0, 255))


def normalised(pictures, mean=MEAN, std=STD):
    """(value - mean) / std of bytes or floats n x h x w x 3, as a float tensor n x 3 x h x w."""
    value = (np.asarray(pictures, np.float32) - np.float32(mean)) / np.float32(std)
    return torch.from_numpy(value).permute(0, 3, 1, 2)
